//! The lists of releases: what there is for this machine.

use std::collections::BTreeMap;

use gantry_core::engine::Engine;
use gantry_core::tool_version::ToolVersion;
use serde::Deserialize;

use crate::mirror::{self, machine};

/// `terraform/index.json` of HashiCorp's release server.
#[derive(Deserialize)]
struct Terraform {
    versions: BTreeMap<String, TerraformRelease>,
}

#[derive(Deserialize)]
struct TerraformRelease {
    #[serde(default)]
    builds: Vec<Build>,
}

#[derive(Deserialize)]
struct Build {
    os: String,
    arch: String,
}

/// `api.json` of OpenTofu's.
#[derive(Deserialize)]
struct OpenTofu {
    versions: Vec<OpenTofuRelease>,
}

#[derive(Deserialize)]
struct OpenTofuRelease {
    id: String,
    #[serde(default)]
    files: Vec<String>,
}

/// Newest first. What has an unreadable name is none of ours.
pub(crate) fn versions(engine: Engine, text: &[u8]) -> Result<Vec<ToolVersion>, serde_json::Error> {
    let mut versions: Vec<ToolVersion> = match engine {
        Engine::Terraform => {
            let all: Terraform = serde_json::from_slice(text)?;
            let ours = |build: &Build| build.os == "linux" && build.arch == machine();
            all.versions
                .iter()
                .filter(|(_, release)| release.builds.iter().any(ours))
                .filter_map(|(version, _)| ToolVersion::parse(version))
                .collect()
        }
        Engine::OpenTofu => {
            let all: OpenTofu = serde_json::from_slice(text)?;
            all.versions
                .iter()
                .filter_map(|release| {
                    let version = ToolVersion::parse(&release.id)?;
                    let archive = mirror::archive(engine, &version);
                    release.files.contains(&archive).then_some(version)
                })
                .collect()
        }
    };
    versions.sort_by(|one, other| other.cmp(one));
    versions.dedup();
    Ok(versions)
}
