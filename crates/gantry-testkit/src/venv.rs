//! The Python environment with the AWS double and the AWS command line.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::golden::repository;

const REQUIREMENTS: &str = "requirements-test.txt";

/// A virtual environment with everything in `requirements-test.txt`, made on first use below the
/// build's target folder. `GANTRY_TEST_VENV` names a ready one instead, which is used as it is.
pub fn venv() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("GANTRY_TEST_VENV") {
        let given = PathBuf::from(given);
        if !given.join("bin/ministack").exists() {
            bail!(
                "GANTRY_TEST_VENV names {}, which has no bin/ministack",
                given.display()
            );
        }
        return Ok(given);
    }
    let folder = target_folder().join("testkit");
    std::fs::create_dir_all(&folder)?;
    // One process makes it, the others wait: test binaries run side by side.
    let lock = File::create(folder.join("venv.lock"))?;
    lock.lock()?;
    make(&folder.join("venv"))
}

/// A program of that environment.
pub fn program(name: &str) -> Result<PathBuf> {
    Ok(venv()?.join("bin").join(name))
}

/// The directories that its programs need, to show them to a sandboxed child: the environment, and
/// the Python it was made with unless that is the system's.
pub fn directories() -> Result<Vec<PathBuf>> {
    let venv = venv()?.canonicalize()?;
    let python = venv.join("bin/python3").canonicalize()?;
    let mut directories = vec![venv];
    if !python.starts_with("/usr") {
        directories.extend(python.ancestors().nth(2).map(PathBuf::from));
    }
    Ok(directories)
}

/// Cargo runs tests in their crate's folder, so a relative one is taken from the root.
pub(crate) fn target_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    repository().join(target)
}

fn make(venv: &Path) -> Result<PathBuf> {
    let requirements = repository().join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&requirements)
        .with_context(|| format!("{REQUIREMENTS} can't be read"))?;
    let stamp = venv.join("installed-requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(venv.to_owned());
    }
    if venv.exists() {
        std::fs::remove_dir_all(venv)?;
    }
    run(
        Command::new("python3").args(["-m", "venv"]).arg(venv),
        "the tests need python3 (3.10 or newer) with its venv module; install it, or let \
         GANTRY_TEST_VENV name an environment with requirements-test.txt installed",
    )?;
    run(
        Command::new(venv.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
        "the packages of requirements-test.txt can't be installed; the tests need a package index, \
         or GANTRY_TEST_VENV naming an environment that has them",
    )?;
    std::fs::write(&stamp, wanted)?;
    Ok(venv.to_owned())
}

fn run(command: &mut Command, otherwise: &str) -> Result<()> {
    let output = command.output().with_context(|| otherwise.to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("nothing");
    bail!("{otherwise} (it said: {last})")
}
