//! What a lock file locks, as far as a cache can serve it. The file is a stranger's.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_core::tool_version::ToolVersion;

use crate::plan_file;

/// More providers than any configuration has.
const MOST: usize = 200;

/// A provider at one version.
pub(super) struct Locked {
    /// `registry.terraform.io/hashicorp/aws`.
    pub address: String,
    pub version: String,
    /// Hashes of unpacked packages (`h1:`), in hexadecimal. Those of archives (`zh:`) are of no use
    /// here: what is installed is unpacked.
    pub hashes: Vec<String>,
}

impl Locked {
    /// None for a file that can't be read; without what can't be the name of a directory.
    pub fn all(lock_file: &[u8]) -> Vec<Locked> {
        let all = plan_file::locked(lock_file).unwrap_or_default();
        all.into_iter()
            .filter_map(|(address, version, hashes)| {
                let parts: Vec<&str> = address.split('/').collect();
                let [host, namespace, name] = parts.as_slice() else {
                    return None;
                };
                let version = ToolVersion::parse(&version)?.to_string();
                let plain = [host, namespace, name].iter().all(|part| is_plain(part));
                let hashes: Vec<String> = hashes.iter().filter_map(|hash| decoded(hash)).collect();
                (plain && !hashes.is_empty()).then_some(Locked {
                    address,
                    version,
                    hashes,
                })
            })
            .take(MOST)
            .collect()
    }

    /// Where it is installed below `.terraform/providers`, and where a mirror has it.
    pub fn below(&self) -> PathBuf {
        [&self.address, &self.version, platform()].iter().collect()
    }
}

fn is_plain(part: &str) -> bool {
    (1..=128).contains(&part.len())
        && part.starts_with(|c: char| c.is_ascii_alphanumeric())
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c))
        && !part.contains("..")
}

/// Of `h1:` and 32 bytes.
fn decoded(hash: &str) -> Option<String> {
    let bytes = STANDARD.decode(hash.strip_prefix("h1:")?).ok()?;
    (bytes.len() == 32).then(|| hex::encode(bytes))
}

fn platform() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "linux_amd64",
        "aarch64" => "linux_arm64",
        "arm" => "linux_arm",
        "x86" => "linux_386",
        other => other,
    }
}
