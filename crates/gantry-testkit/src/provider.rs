//! The testkit's own provider, `registry.terraform.io/gantry/probe`, as a filesystem mirror. It is a
//! small ordinary provider with one resource, `probe_thing`, and two data sources that attack, see
//! `testkit-provider/`.

mod report;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

pub use report::{needle, reports};

use crate::golden::repository;
use crate::venv::target_folder;

pub const VERSION: &str = "1.0.0";

/// Hosts that Terraform and OpenTofu assume for `gantry/probe`.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The directory of a filesystem mirror with the provider in it, built on first use (some minutes) in
/// a target folder of its own, because its workspace is another one. `GANTRY_TEST_PROVIDER` names a
/// ready one instead, which is used as it is.
pub fn mirror() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("GANTRY_TEST_PROVIDER") {
        let given = PathBuf::from(given);
        let file = below(&given.join(HOSTS[0]));
        ensure!(
            file.is_file(),
            "GANTRY_TEST_PROVIDER names {}, which lacks {}",
            given.display(),
            file.display()
        );
        return Ok(given);
    }
    let target = target_folder().join("testkit-provider");
    std::fs::create_dir_all(&target)?;
    // Test binaries run side by side: one builds, the others wait.
    let lock = File::create(target.join("mirror.lock"))?;
    lock.lock()?;
    let built = build(&target)?;
    let mirror = target.join("mirror");
    for host in HOSTS {
        place(&built, &mirror.join(host))?;
    }
    Ok(mirror)
}

/// The provider's executable, to be started by other means than a mirror.
pub fn executable() -> Result<PathBuf> {
    Ok(below(&mirror()?.join(HOSTS[0])))
}

fn below(host: &Path) -> PathBuf {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    host.join(format!(
        "gantry/probe/{VERSION}/linux_{machine}/terraform-provider-probe_v{VERSION}"
    ))
}

fn place(built: &Path, host: &Path) -> Result<()> {
    let path = below(host);
    let content = std::fs::read(built)?;
    if std::fs::read(&path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().context("a path of several parts")?)?;
    // A run may be executing the old one.
    let new = host.join("new");
    std::fs::copy(built, &new)?;
    Ok(std::fs::rename(new, path)?)
}

fn build(target: &Path) -> Result<PathBuf> {
    let compiler = match std::env::var("PROTOC") {
        Ok(given) => given,
        Err(_) => cargo(target, &["run", "--quiet", "--package", "protoc"], None)?,
    };
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "terraform-provider-probe",
    ];
    cargo(target, &arguments, Some(compiler.trim()))?;
    let built = target.join("release/terraform-provider-probe");
    ensure!(built.is_file(), "cargo built no {}", built.display());
    Ok(built)
}

fn cargo(target: &Path, arguments: &[&str], protoc: Option<&str>) -> Result<String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg("--locked")
        .current_dir(repository().join("testkit-provider"))
        .env("CARGO_TARGET_DIR", target);
    // What cargo tells the tests about their own crate is not about that one.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    if let Some(protoc) = protoc {
        command.env("PROTOC", protoc);
    }
    let output = command
        .output()
        .context("the testkit's provider needs cargo to be built")?;
    if !output.status.success() {
        bail!(
            "the testkit's provider can't be built:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests;
