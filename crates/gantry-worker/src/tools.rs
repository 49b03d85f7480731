//! Where the binary of a stack's tool comes from: the versions directory, then PATH, then what was
//! downloaded before, then a release server.

mod installed;
mod on_path;

use std::path::PathBuf;

use gantry_core::engine::Engine;
use gantry_core::protocol::Tool;
use gantry_core::quoted::Quoted;
use gantry_core::tool_version::{ToolRange, ToolVersion};
use gantry_tools::{Cache, Cached, ToolsError};

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
    #[error(
        "{engine} {wanted} is not installed on this worker ({have}), and can't be downloaded: {why}"
    )]
    NotToBeHad {
        engine: &'static str,
        wanted: String,
        have: String,
        why: ToolsError,
    },
    #[error("the version {0}")]
    BadRange(String),
    #[error("{path} does not say its version: {detail}")]
    Silent { path: PathBuf, detail: String },
}

/// Finds binaries in `<dir>/<engine>/<version>/<binary>`, then on PATH, then in the cache.
pub struct Tools {
    versions_dir: Option<PathBuf>,
    path: OnPath,
    cache: Cache,
}

impl Tools {
    pub fn new(versions_dir: Option<PathBuf>, path: Vec<PathBuf>, cache: Cache) -> Self {
        Tools {
            versions_dir,
            path: OnPath::new(path),
            cache,
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
        let range = range.as_ref();
        let binary = |Cached { version, path }| Binary {
            engine,
            path,
            version,
        };
        if let Some(found) = self.installed(engine, range).await? {
            return Ok(found);
        }
        if let Some(cached) = self.cache.newest(engine, range).await {
            return Ok(binary(cached));
        }
        match self.cache.fetch(engine, range).await {
            Ok(Some(cached)) => Ok(binary(cached)),
            Ok(None) => Err(self.missing(engine, range).await),
            Err(why) => Err(ToolError::NotToBeHad {
                engine: engine.as_str(),
                wanted: range.map_or("in any version".into(), wanted),
                have: self.have(engine).await,
                why,
            }),
        }
    }

    /// What the operator has put on the machine.
    pub async fn installed(
        &self,
        engine: Engine,
        range: Option<&ToolRange>,
    ) -> Result<Option<Binary>, ToolError> {
        let fits = |version: &ToolVersion| range.is_none_or(|range| range.matches(version));
        if let Some(dir) = &self.versions_dir
            && let Some(binary) = installed::newest(dir, engine, fits)
        {
            return Ok(Some(binary));
        }
        let on_path = self.path.find(engine).await?;
        Ok(on_path.filter(|binary| fits(&binary.version)))
    }

    /// What has been downloaded, and from where more may come.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Where nothing is downloaded.
    async fn missing(&self, engine: Engine, range: Option<&ToolRange>) -> ToolError {
        match range {
            Some(range) => ToolError::OtherVersion {
                engine: engine.as_str(),
                have: self.have(engine).await,
                wanted: wanted(range),
                place: self.place(engine, range.exact().as_ref()),
            },
            None => ToolError::Missing {
                engine: engine.as_str(),
                place: self.place(engine, None),
            },
        }
    }

    async fn have(&self, engine: Engine) -> String {
        match self.path.find(engine).await {
            Ok(Some(binary)) => format!("PATH has {}", binary.version),
            Ok(None) | Err(_) => "PATH has none".into(),
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
