use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::world::{Subject, World};

/// What a shell script of the same work would do: clone, init, plan, show, apply; static keys, no
/// sandbox, nothing encrypted, nothing kept.
pub fn run(world: &World, subject: &Subject, folder: &Path) -> Result<Duration> {
    let begin = Instant::now();
    let source = folder.join("source");
    step(
        world,
        folder,
        "git",
        &[
            "clone",
            "--quiet",
            path(subject.repository.path())?,
            path(&source)?,
        ],
    )?;
    step(
        world,
        &source,
        "terraform",
        &["init", "-input=false", "-no-color"],
    )?;
    step(
        world,
        &source,
        "terraform",
        &["plan", "-input=false", "-no-color", "-out=plan"],
    )?;
    let json = step(world, &source, "terraform", &["show", "-json", "plan"])?;
    ensure!(!json.is_empty(), "terraform show printed nothing");
    step(
        world,
        &source,
        "terraform",
        &["apply", "-input=false", "-no-color", "plan"],
    )?;
    Ok(begin.elapsed())
}

fn step(world: &World, folder: &Path, program: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .env("TF_CLI_CONFIG_FILE", &world.cli_config)
        .env("AWS_ACCESS_KEY_ID", &world.keys.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &world.keys.secret_access_key)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} can't be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {arguments:?} failed: {said}"
    );
    Ok(output.stdout)
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
