//! What hooks of initialize exported, read from the shell's own `env -0`.

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// The most that `env -0` may say.
const MOST_EXPORTS: usize = 1 << 20;

pub(super) async fn read(mut from: Receiver) -> Vec<u8> {
    let mut all = Vec::new();
    let mut limited = (&mut from).take(MOST_EXPORTS as u64 + 1);
    match limited.read_to_end(&mut all).await {
        Ok(_) if all.len() <= MOST_EXPORTS => all,
        _ => Vec::new(),
    }
}

/// The variables that are new or different.
pub(super) fn changed(
    dump: Vec<u8>,
    given: &[(String, SecretString)],
) -> Vec<(String, SecretString)> {
    let dump = zeroize::Zeroizing::new(dump);
    // What a shell sets by itself, and what the sandbox sets for each phase.
    const NOT_EXPORTED: &[&str] = &["PWD", "OLDPWD", "SHLVL", "_", "PATH", "HOME", "TMPDIR"];
    dump.split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='))
        .filter(|(name, _)| is_a_name(name) && !NOT_EXPORTED.contains(name))
        .filter(|(name, value)| {
            let before = given.iter().rev().find(|(given, _)| given == name);
            before.is_none_or(|(_, before)| before.expose_secret() != *value)
        })
        .map(|(name, value)| (name.to_owned(), SecretString::from(value)))
        .collect()
}

fn is_a_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first == '_' || first.is_ascii_alphabetic())
        && characters.all(|c| c == '_' || c.is_ascii_alphanumeric())
}
