//! What is on PATH. It has to be asked for its version, which takes as long as a small plan.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use gantry_core::engine::Engine;
use gantry_core::tool_version::ToolVersion;

use super::ToolError;
use crate::engine::Binary;

pub(super) struct OnPath {
    directories: Vec<PathBuf>,
    /// Once per file.
    asked: Mutex<HashMap<(PathBuf, SystemTime), ToolVersion>>,
}

impl OnPath {
    pub fn new(directories: Vec<PathBuf>) -> Self {
        OnPath {
            directories,
            asked: Mutex::new(HashMap::new()),
        }
    }

    pub async fn find(&self, engine: Engine) -> Result<Option<Binary>, ToolError> {
        let mut files = self.directories.iter().map(|dir| dir.join(engine.binary()));
        match files.find(|path| path.is_file()) {
            Some(path) => Ok(Some(Binary {
                engine,
                version: self.ask(&path).await?,
                path,
            })),
            None => Ok(None),
        }
    }

    async fn ask(&self, path: &Path) -> Result<ToolVersion, ToolError> {
        let silent = |detail: String| ToolError::Silent {
            path: path.to_owned(),
            detail,
        };
        let modified = std::fs::metadata(path)
            .and_then(|m| m.modified())
            .map_err(|e| silent(e.to_string()))?;
        let key = (path.to_owned(), modified);
        if let Some(known) = self
            .asked
            .lock()
            .ok()
            .and_then(|asked| asked.get(&key).cloned())
        {
            return Ok(known);
        }
        let output = tokio::process::Command::new(path)
            .args(["version", "-json"])
            .current_dir("/")
            .env_clear()
            .env("CHECKPOINT_DISABLE", "1")
            .env("HOME", "/nonexistent")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|e| silent(e.to_string()))?;
        let answer: serde_json::Value =
            serde_json::from_slice(&output.stdout).map_err(|e| silent(e.to_string()))?;
        let version = answer["terraform_version"]
            .as_str()
            .and_then(ToolVersion::parse)
            .ok_or_else(|| silent("the answer to `version -json` names none".into()))?;
        if let Ok(mut asked) = self.asked.lock() {
            asked.insert(key, version.clone());
        }
        Ok(version)
    }
}
