//! What a tool is told.

use std::path::{Path, PathBuf};

use gantry_core::engine::{Engine, PinnedTool};
use gantry_core::tool_version::ToolVersion;

/// A binary that was found, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    pub engine: Engine,
    /// Absolute, on the worker's machine.
    pub path: PathBuf,
    pub version: ToolVersion,
}

/// The first Terraform whose `workspace select` has `-or-create`; OpenTofu has always had it.
const WITH_OR_CREATE: ToolVersion = ToolVersion::new(1, 4, 0);

impl Binary {
    /// What the run is pinned to from now on.
    pub fn pinned(&self) -> PinnedTool {
        PinnedTool {
            engine: self.engine,
            version: self.version.to_string(),
        }
    }

    /// What an initialisation does, where no workspace has to be chosen.
    pub fn init(&self) -> Vec<String> {
        words(["init", "-input=false"])
    }

    /// The same as a line of shell.
    pub fn init_line(&self) -> String {
        format!("{} {}", self.engine.binary(), self.init().join(" "))
    }

    /// An initialisation that ends in a workspace of that name, as a line of shell.
    pub fn init_and_select(&self, workspace: &str) -> String {
        let name = self.engine.binary();
        let workspace = quote(workspace);
        if self.version >= WITH_OR_CREATE {
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
