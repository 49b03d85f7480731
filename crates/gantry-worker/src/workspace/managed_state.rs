//! The file by which the tool keeps a stack's state with the server.
//!
//! An override file replaces every `backend` and `cloud` block of the configuration, and the variables
//! of the phase say where the state is, so users need no block at all. The name sorts last: the tools
//! merge override files in the order of their bytes, OpenTofu's `.tofu` ones among the others, and
//! `~` comes after every other printable character of ASCII. JSON, because hooks that check the format
//! of a repository look at files in HCL alone.
//!
//! It is part of the clean workspace, so each phase sees it, and a saved plan must carry it as it is.
//! That alone is not enough: an init hook can write a file that sorts later still, and
//! `TF_CLI_ARGS_init` can bring in an address. So what counts is what initialize has configured.

use std::path::Path;

use serde_json::Value;

use super::{DATA, Workspace, WorkspaceError, tree};

const FILE: &str = "~gantry_override.tf.json";

/// OpenTofu leaves out a `.tf.json` file beside a `.tofu.json` file of the same stem.
const STEM: &str = "~gantry_override.";

const CONTENT: &str = r#"{
  "//": "Written by gantry for this run: the state of this stack is managed.",
  "terraform": {
    "backend": {
      "http": {}
    }
  }
}
"#;

/// How long to wait and how often to try decide nothing about where the state is.
const HARMLESS: [&str; 3] = ["retry_max", "retry_wait_min", "retry_wait_max"];

/// What `.terraform/terraform.tfstate` or a committed state may have.
const MOST_BYTES: u64 = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum ManagedStateError {
    #[error(
        "the repository holds `{0}`, and names that begin with `{STEM}` are those of the file that \
         keeps the stack's state with gantry: rename it, or remove it from the repository"
    )]
    Taken(String),
    #[error(
        "the override file `{0}` sorts after `{FILE}`, so it could take the stack's state to another \
         place than gantry: give it another name"
    )]
    Later(String),
    #[error(
        "the repository holds `{0}` with a state in it, and this stack's state is managed: import that \
         state when the stack is created, or by a task (`state push`), and remove the file from the \
         repository"
    )]
    Committed(String),
    #[error(
        "this stack's state is managed, but initialize has configured {0}, and the state would have \
         gone there: an init hook or TF_CLI_ARGS_init brings that in; remove it there, or keep the \
         state in a backend of its own with a stack whose state is not managed"
    )]
    Elsewhere(String),
    #[error(
        "initialize has changed `{FILE}`, the file that keeps this stack's state with gantry: an init \
         hook must leave it alone"
    )]
    Changed,
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl Workspace {
    /// Before initialize: puts the file in place. Refused where something of the repository is in
    /// its way; then nothing of the run has begun.
    pub fn manage_state(&self) -> Result<(), ManagedStateError> {
        let root = self.clean_root();
        let io = |error| WorkspaceError::io(&root)(error);
        for entry in std::fs::read_dir(&root).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name();
            let shown = || self.root.join(&name.to_string_lossy());
            if name.as_encoded_bytes().starts_with(STEM.as_bytes()) {
                return Err(ManagedStateError::Taken(shown()));
            }
            let directory = entry.file_type().map_err(io)?.is_dir();
            if !directory && overrides_later(name.as_encoded_bytes()) {
                return Err(ManagedStateError::Later(shown()));
            }
        }
        // The tool would ask whether to copy it, and nobody answers.
        let committed = Path::new("terraform.tfstate");
        if tree::read_file(&root, committed, MOST_BYTES)?.is_some_and(|text| holds_state(&text)) {
            return Err(ManagedStateError::Committed(
                self.root.join("terraform.tfstate"),
            ));
        }
        Ok(self.put(&root, FILE, CONTENT.as_bytes())?)
    }

    /// After initialize, its hooks included: whether the state is going to be where it belongs.
    pub fn check_managed_state(&self) -> Result<(), ManagedStateError> {
        if self.read_clean(FILE, MOST_BYTES)?.as_deref() != Some(CONTENT.as_bytes()) {
            return Err(ManagedStateError::Changed);
        }
        let configured = format!("{DATA}/terraform.tfstate");
        let text = self.read_clean(&configured, MOST_BYTES)?;
        match text.as_deref().and_then(elsewhere) {
            None if text.is_some() => Ok(()),
            Some(what) => Err(ManagedStateError::Elsewhere(what)),
            None => Err(ManagedStateError::Elsewhere("no state backend".to_owned())),
        }
    }
}

/// What is configured instead of the managed state.
fn elsewhere(text: &[u8]) -> Option<String> {
    let Ok(configured) = serde_json::from_slice::<Value>(text) else {
        return Some("a state backend that can't be read".to_owned());
    };
    let backend = &configured["backend"];
    match backend["type"].as_str() {
        Some("http") => {}
        Some(kind) => return Some(format!("the state backend `{kind}`")),
        None => return Some("no state backend".to_owned()),
    }
    // Where the state is, and who asks for it, says the phase and nobody else.
    let Some(settings) = backend["config"].as_object() else {
        return Some("a state backend that can't be read".to_owned());
    };
    let (name, _) = settings
        .iter()
        .find(|(name, value)| !value.is_null() && !HARMLESS.contains(&name.as_str()))?;
    Some(format!(
        "a setting `{name}` of its own for the state backend"
    ))
}

/// Whether the tools merge this file after ours.
fn overrides_later(name: &[u8]) -> bool {
    let stem = [".tf", ".tf.json", ".tofu", ".tofu.json"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending.as_bytes()));
    stem.is_some_and(|stem| stem.ends_with(b"_override")) && name > FILE.as_bytes()
}

/// As the tool sees it: an empty state is no state.
fn holds_state(text: &[u8]) -> bool {
    let Ok(state) = serde_json::from_slice::<Value>(text) else {
        return false;
    };
    let resources = state["resources"].as_array().is_some_and(|r| !r.is_empty());
    resources || state["outputs"].as_object().is_some_and(|o| !o.is_empty())
}

#[cfg(test)]
mod tests;
