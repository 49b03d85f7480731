//! The tool of a stack: where its binary is, and what it is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use gantry_core::engine::Engine;
use gantry_core::protocol::Tool;
use gantry_core::quoted::Quoted;

/// A binary that was found, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    pub engine: Engine,
    /// Absolute, on the worker's machine.
    pub path: PathBuf,
    pub version: Version,
}

/// Three numbers; what follows a `-` only counts for equality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub text: String,
    numbers: [u64; 3],
}

impl Version {
    /// `1.11.4`, `1.12.0-rc1`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next()?;
        let mut parts = core.split('.');
        let mut numbers = [0; 3];
        for number in &mut numbers {
            *number = parts.next()?.parse().ok()?;
        }
        parts.next().is_none().then(|| Version {
            text: text.to_owned(),
            numbers,
        })
    }

    /// A release comes after its candidates.
    fn order(&self) -> ([u64; 3], bool) {
        (self.numbers, !self.text.contains('-'))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(
        "{engine} {version} is not installed on this worker: {have}. Put the binary at {place}, or \
         choose another version for the stack"
    )]
    OtherVersion {
        engine: &'static str,
        version: String,
        have: String,
        place: String,
    },
    #[error("{engine} is not installed on this worker: put the binary at {place} or on PATH")]
    Missing { engine: &'static str, place: String },
    #[error("the version {0} is not three numbers with dots between them, such as 1.11.4")]
    NotAVersion(String),
    #[error("{path} does not say its version: {detail}")]
    Silent { path: PathBuf, detail: String },
}

/// Finds binaries in `<dir>/<engine>/<version>/<binary>`, then on PATH.
pub struct Tools {
    versions_dir: Option<PathBuf>,
    path: Vec<PathBuf>,
    /// A binary on PATH has to be asked for its version, which takes as long as a small plan:
    /// once per file.
    asked: Mutex<HashMap<(PathBuf, SystemTime), Version>>,
}

impl Tools {
    pub fn new(versions_dir: Option<PathBuf>, path: Vec<PathBuf>) -> Self {
        Tools {
            versions_dir,
            path,
            asked: Mutex::new(HashMap::new()),
        }
    }

    /// The directories that are searched by name, in order.
    pub fn path(&self) -> &[PathBuf] {
        &self.path
    }

    pub async fn find(&self, tool: &Tool) -> Result<Binary, ToolError> {
        let engine = tool.engine;
        let wanted = match &tool.version {
            None => None,
            Some(text) => Some(
                Version::parse(text)
                    .ok_or_else(|| ToolError::NotAVersion(Quoted(text).to_string()))?,
            ),
        };
        if let Some(binary) = self.installed(engine, wanted.as_ref()) {
            return Ok(binary);
        }
        let on_path = self
            .path
            .iter()
            .map(|dir| dir.join(engine.binary()))
            .find(|p| p.is_file());
        let version = match &on_path {
            Some(path) => Some(self.ask(path).await?),
            None => None,
        };
        match (on_path, version, wanted) {
            (Some(path), Some(version), None) => Ok(Binary {
                engine,
                path,
                version,
            }),
            (Some(path), Some(version), Some(wanted)) if version == wanted => Ok(Binary {
                engine,
                path,
                version,
            }),
            (_, version, Some(wanted)) => Err(ToolError::OtherVersion {
                engine: engine.as_str(),
                have: match version {
                    Some(version) => format!("PATH has {}", version.text),
                    None => "PATH has none".into(),
                },
                place: self.place(engine, &wanted.text),
                version: wanted.text,
            }),
            (_, _, None) => Err(ToolError::Missing {
                engine: engine.as_str(),
                place: self.place(engine, "<version>"),
            }),
        }
    }

    /// Asks what is on PATH ahead of the first run.
    pub async fn warm(&self) {
        for engine in [Engine::Terraform, Engine::OpenTofu] {
            let _ = self
                .find(&Tool {
                    engine,
                    version: None,
                })
                .await;
        }
    }

    fn place(&self, engine: Engine, version: &str) -> String {
        match &self.versions_dir {
            Some(dir) => dir
                .join(engine.as_str())
                .join(version)
                .join(engine.binary())
                .display()
                .to_string(),
            None => format!(
                "<versions directory>/{}/{version}/{} (and name that directory in the configuration)",
                engine.as_str(),
                engine.binary()
            ),
        }
    }

    /// From the versions directory: the wanted one, or the newest.
    fn installed(&self, engine: Engine, wanted: Option<&Version>) -> Option<Binary> {
        let dir = self.versions_dir.as_ref()?.join(engine.as_str());
        let at = |version: Version| {
            let path = dir.join(&version.text).join(engine.binary());
            path.is_file().then_some(Binary {
                engine,
                path,
                version,
            })
        };
        if let Some(wanted) = wanted {
            return at(wanted.clone());
        }
        std::fs::read_dir(&dir)
            .ok()?
            .filter_map(|entry| Version::parse(entry.ok()?.file_name().to_str()?))
            .filter_map(at)
            .max_by_key(|binary| binary.version.order())
    }

    async fn ask(&self, path: &Path) -> Result<Version, ToolError> {
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
            .and_then(Version::parse)
            .ok_or_else(|| silent("the answer to `version -json` names none".into()))?;
        if let Ok(mut asked) = self.asked.lock() {
            asked.insert(key, version.clone());
        }
        Ok(version)
    }
}

impl Binary {
    /// What an initialisation does, where no workspace has to be chosen.
    pub fn init(&self) -> Vec<String> {
        words(["init", "-input=false"])
    }

    /// An initialisation that ends in a workspace of that name, as a line of shell.
    pub fn init_and_select(&self, workspace: &str) -> String {
        let name = self.engine.binary();
        let workspace = quote(workspace);
        // `-or-create` came with 1.4, and OpenTofu has always had it.
        if self.version.order() >= ([1, 4, 0], false) {
            return format!(
                "{name} init -input=false && {name} workspace select -or-create=true {workspace}"
            );
        }
        format!(
            "{name} init -input=false && \
             {{ {name} workspace select {workspace} || {name} workspace new {workspace}; }}"
        )
    }

    /// `-lock=false` stands last, where no `TF_CLI_ARGS` of a user's can follow it: read
    /// credentials may not write a lock.
    pub fn plan(&self, file: &Path, destroy: bool) -> Vec<String> {
        let out = format!("-out={}", file.display());
        let mut plan = words(["plan", "-input=false", "-detailed-exitcode", &out]);
        if destroy {
            plan.push("-destroy".into());
        }
        plan.push("-lock=false".into());
        plan
    }

    /// Applies a saved plan, a destroying one too.
    pub fn apply(&self, file: &Path) -> Vec<String> {
        words(["apply", "-input=false", &file.to_string_lossy()])
    }

    pub fn show(&self, file: &Path) -> Vec<String> {
        words(["show", "-json", &file.to_string_lossy()])
    }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// One word for `sh`.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
