//! Where the binary of a stack's tool comes from: the versions directory, then PATH.

mod installed;
mod on_path;

use std::path::PathBuf;

use gantry_core::engine::Engine;
use gantry_core::protocol::Tool;
use gantry_core::quoted::Quoted;
use gantry_core::tool_version::{ToolRange, ToolVersion};

use crate::engine::Binary;
use on_path::OnPath;

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(
        "{engine} {wanted} is not installed on this worker: {have}. Put the binary at {place}, or \
         choose another version for the stack"
    )]
    OtherVersion {
        engine: &'static str,
        wanted: String,
        have: String,
        place: String,
    },
    #[error("{engine} is not installed on this worker: put the binary at {place} or on PATH")]
    Missing { engine: &'static str, place: String },
    #[error("the version {0}")]
    BadRange(String),
    #[error("{path} does not say its version: {detail}")]
    Silent { path: PathBuf, detail: String },
}

/// Finds binaries in `<dir>/<engine>/<version>/<binary>`, then on PATH.
pub struct Tools {
    versions_dir: Option<PathBuf>,
    path: OnPath,
}

impl Tools {
    pub fn new(versions_dir: Option<PathBuf>, path: Vec<PathBuf>) -> Self {
        Tools {
            versions_dir,
            path: OnPath::new(path),
        }
    }

    pub async fn find(&self, tool: &Tool) -> Result<Binary, ToolError> {
        let engine = tool.engine;
        let range = match &tool.version {
            None => None,
            Some(text) => Some(
                ToolRange::parse(text)
                    .map_err(|bad| ToolError::BadRange(format!("{} {bad}", Quoted(text))))?,
            ),
        };
        let fits = |version: &ToolVersion| range.as_ref().is_none_or(|r| r.matches(version));
        if let Some(dir) = &self.versions_dir
            && let Some(binary) = installed::newest(dir, engine, fits)
        {
            return Ok(binary);
        }
        let on_path = self.path.find(engine).await?;
        match (on_path, &range) {
            (Some(binary), _) if fits(&binary.version) => Ok(binary),
            (on_path, Some(range)) => Err(ToolError::OtherVersion {
                engine: engine.as_str(),
                have: match on_path {
                    Some(binary) => format!("PATH has {}", binary.version),
                    None => "PATH has none".into(),
                },
                wanted: wanted(range),
                place: self.place(engine, range.exact().as_ref()),
            }),
            (_, None) => Err(ToolError::Missing {
                engine: engine.as_str(),
                place: self.place(engine, None),
            }),
        }
    }

    /// Asks what is on PATH ahead of the first run.
    pub async fn warm(&self) {
        for engine in [Engine::Terraform, Engine::OpenTofu] {
            let _ = self.path.find(engine).await;
        }
    }

    fn place(&self, engine: Engine, version: Option<&ToolVersion>) -> String {
        let version = version.map_or("<version>".to_owned(), ToolVersion::to_string);
        match &self.versions_dir {
            Some(dir) => installed::place(dir, engine, &version)
                .display()
                .to_string(),
            None => format!(
                "<versions directory>/{}/{version}/{} (and name that directory in the configuration)",
                engine.as_str(),
                engine.binary()
            ),
        }
    }
}

fn wanted(range: &ToolRange) -> String {
    match range.exact() {
        Some(version) => version.to_string(),
        None => range.to_string(),
    }
}

#[cfg(test)]
mod tests;
