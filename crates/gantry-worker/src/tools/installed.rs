//! The versions directory, which the operator fills.

use std::path::{Path, PathBuf};

use gantry_core::engine::Engine;
use gantry_core::tool_version::ToolVersion;

use crate::engine::Binary;

pub(super) fn place(dir: &Path, engine: Engine, version: &str) -> PathBuf {
    dir.join(engine.as_str())
        .join(version)
        .join(engine.binary())
}

/// The newest that fits; a release before its candidates.
pub(super) fn newest(
    dir: &Path,
    engine: Engine,
    fits: impl Fn(&ToolVersion) -> bool,
) -> Option<Binary> {
    let entries = std::fs::read_dir(dir.join(engine.as_str())).ok()?;
    let mut versions: Vec<ToolVersion> = entries
        .filter_map(|entry| ToolVersion::parse(entry.ok()?.file_name().to_str()?))
        .filter(fits)
        .collect();
    versions.sort_by_key(|version| (version.is_release(), version.clone()));
    versions.into_iter().rev().find_map(|version| {
        let path = place(dir, engine, &version.to_string());
        path.is_file().then_some(Binary {
            engine,
            path,
            version,
        })
    })
}
