//! Where code comes from: the `git` binary, told as little as possible and trusted with nothing.
//!
//! A repository is a stranger's: its branch names, its attributes, its hooks, its links and, for a
//! local one, even its configuration. So git runs with an environment and a configuration made here
//! (`process`), it only writes into a [`Mirror`] of ours, and what it checks out has no `.git`.
//!
//! What is deliberately missing: submodules, LFS and filters (nothing in a repository names a
//! program that runs), `ssh`, credentials in URLs, and history, of which a run needs one commit.
//!
//! The server resolves branches with it, the worker checks out; both may share one cache directory.
//! The sandboxed child never sees a mirror.

mod branch;
mod error;
mod local;
mod metadata;
mod mirror;
mod process;
mod settings;
mod source;

pub use branch::{valid_branch, valid_commit};
pub use error::GitError;
pub use mirror::Mirror;
pub use settings::Settings;
pub use source::{Source, SourceError};

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use process::Runner;

/// Git as this installation uses it. Cheap to clone.
#[derive(Clone)]
pub struct Git {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// [`Settings::local_roots`], resolved.
    local_roots: Vec<PathBuf>,
    runner: Runner,
    seen: Mutex<metadata::Seen>,
}

impl Git {
    /// Finds git, makes the cache directory and writes the configuration that git will read.
    pub fn open(settings: Settings) -> Result<Self, GitError> {
        let local_roots = settings.resolved_roots()?;
        let runner = Runner::prepare(&settings)?;
        let seen = Mutex::default();
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                local_roots,
                runner,
                seen,
            }),
        })
    }

    /// What `git --version` says; for `gantry doctor`.
    pub async fn version(&self) -> Result<String, GitError> {
        let finished = self.inner.runner.run("version", ["version"], &[]).await?;
        Ok(finished
            .stdout_text()
            .trim()
            .trim_start_matches("git version ")
            .to_owned())
    }

    /// A repository as a user wrote it: an `https` URL, or a path below one of the configured roots.
    pub fn source(&self, text: &str) -> Result<Source, SourceError> {
        Source::parse(text, &self.inner.local_roots)
    }

    /// The mirror of `source`, made on first use.
    pub fn mirror(&self, source: &Source) -> Result<Mirror, GitError> {
        Mirror::open(self.inner.clone(), source.clone())
    }
}
