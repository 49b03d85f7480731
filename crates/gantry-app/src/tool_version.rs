//! Which versions of a tool a stack can name here.

use gantry_core::engine::Engine;
use gantry_core::tool_version::ToolVersion;

use crate::{App, OpError};

impl App {
    /// What can be downloaded and what is installed, newest first, without pre-releases. When the
    /// release server does not answer, what is installed; an error where that is nothing.
    pub async fn tool_versions(&self, engine: Engine) -> Result<Vec<String>, OpError> {
        let mut all = self.installed_versions(engine);
        match self.releases.versions(engine).await {
            Ok(released) => all.extend(released.iter().cloned()),
            Err(error) if all.is_empty() => return Err(OpError::Unavailable(error.to_string())),
            Err(error) => tracing::warn!(tool = engine.as_str(), %error, "no list of releases"),
        }
        all.retain(ToolVersion::is_release);
        all.sort_by(|one, other| other.cmp(one));
        all.dedup();
        Ok(all.iter().map(ToolVersion::to_string).collect())
    }

    fn installed_versions(&self, engine: Engine) -> Vec<ToolVersion> {
        let Some(dir) = &self.settings.tools_dir else {
            return vec![];
        };
        let Ok(entries) = std::fs::read_dir(dir.join(engine.as_str())) else {
            return vec![];
        };
        entries
            .flatten()
            .filter(|entry| entry.path().join(engine.binary()).is_file())
            .filter_map(|entry| ToolVersion::parse(entry.file_name().to_str()?))
            .collect()
    }
}
