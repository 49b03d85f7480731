use tokio::process::Command;

use super::Finding;

/// The oldest git whose options the checkout needs.
const GIT: (u32, u32) = (2, 38);

pub async fn check() -> Finding {
    let Some(text) = first_line(Command::new("git").arg("--version")).await else {
        return Finding::wrong("there is no git on PATH: install it (apt-get install git)");
    };
    match version(&text) {
        Some(found) if found >= GIT => Finding::well(text),
        _ => Finding::wrong(format!("{text}; {}.{} or newer is needed", GIT.0, GIT.1)),
    }
}

async fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

/// `git version 2.39.5` is (2, 39).
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(2)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
