mod checkout;
mod fetch;
mod layout;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_core::commit::Commit;
use sha2::{Digest, Sha256};

use crate::error::from_stderr;
use crate::local::Local;
use crate::metadata;
use crate::process::Protocol;
use crate::source::{Place, Source};
use crate::{GitError, Inner, valid_branch, valid_commit};
use checkout::make_empty_dir;

/// Our own bare repository for one source: one commit deep for an `https` source, borrowing the
/// objects of a local one.
///
/// Packs only ever appear in it, whole, and nothing is deleted: so reading needs no lock, and
/// fetches exclude each other by a file lock that also holds between processes.
#[derive(Clone)]
pub struct Mirror {
    git: Arc<Inner>,
    source: Source,
    dir: PathBuf,
    local: Option<Arc<Local>>,
}

impl Mirror {
    pub(crate) fn open(git: Arc<Inner>, source: Source) -> Result<Self, GitError> {
        let local = match source.place() {
            Place::Local(path) => Some(Arc::new(Local::open(path, &git.local_roots)?)),
            Place::Https(_) => None,
        };
        let name = hex::encode(&Sha256::digest(source.to_string())[..16]);
        let dir = git.settings.cache_dir.join("mirrors").join(name);
        let mirror = Self {
            git,
            source,
            dir,
            local,
        };
        mirror.create()?;
        Ok(mirror)
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The commit at the tip of `branch`, now.
    pub async fn resolve(&self, branch: &str) -> Result<Commit, GitError> {
        valid_branch(branch)?;
        let hash = match &self.local {
            Some(local) => self.local_tip(local, branch).await?,
            None => self.remote_tip(branch).await?,
        };
        self.commit(&hash).await
    }

    /// The commit with this full hash, fetched if the mirror doesn't have it.
    pub async fn commit(&self, hash: &str) -> Result<Commit, GitError> {
        valid_commit(hash)?;
        if let Some(commit) = self.seen(|seen| seen.get(&self.source, hash)) {
            return Ok(commit);
        }
        let commit = match self.read_commit(hash).await? {
            Some(commit) => commit,
            None => {
                self.fetch_commit(hash).await?;
                self.read_commit(hash)
                    .await?
                    .ok_or_else(|| self.no_commit(hash))?
            }
        };
        self.seen(|seen| seen.put(&self.source, &commit));
        Ok(commit)
    }

    /// Writes the files of a commit into `dest`, an empty directory that is made if need be; without
    /// `.git`. With `paths`, only those files and directories.
    ///
    /// Links are written as links, wherever they lead: who reads `dest` must not follow them.
    pub async fn checkout(
        &self,
        hash: &str,
        dest: &Path,
        paths: &[String],
    ) -> Result<(), GitError> {
        valid_commit(hash)?;
        make_empty_dir(dest)?;
        if let Some(refusal) = self.try_checkout(hash, dest, paths).await? {
            if self.local.is_some() || self.read_commit(hash).await?.is_some() {
                return Err(refusal);
            }
            self.fetch_commit(hash).await?;
            if let Some(refusal) = self.try_checkout(hash, dest, paths).await? {
                return Err(refusal);
            }
        }
        Ok(())
    }

    async fn read_commit(&self, hash: &str) -> Result<Option<Commit>, GitError> {
        let revision = format!("{hash}^{{commit}}");
        let arguments = [
            "log",
            "-1",
            "--no-color",
            metadata::FORMAT,
            "--end-of-options",
            &revision,
        ];
        let environment = [("GIT_DIR", self.dir.as_os_str())];
        let arguments = arguments.map(OsStr::new);
        let runner = &self.git.runner;
        let finished = runner
            .start("log", arguments, &environment, Protocol::None)
            .await?;
        if finished.success {
            Ok(metadata::parse(&finished.stdout_text(), &self.source))
        } else if says_no_such_object(&finished.stderr) {
            Ok(None)
        } else {
            Err(from_stderr(
                "log",
                &self.source.to_string(),
                &finished.stderr,
            ))
        }
    }

    fn no_branch(&self, branch: &str) -> GitError {
        GitError::BranchNotFound {
            source_url: self.source.to_string(),
            branch: branch.to_owned(),
        }
    }

    fn no_commit(&self, hash: &str) -> GitError {
        GitError::CommitNotFound {
            source_url: self.source.to_string(),
            commit: hash.to_owned(),
        }
    }

    fn seen<T>(&self, with: impl FnOnce(&mut metadata::Seen) -> T) -> T {
        with(
            &mut self
                .git
                .seen
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }
}

fn says_no_such_object(stderr: &str) -> bool {
    [
        "bad revision",
        "unknown revision",
        "bad object",
        "Not a valid object",
        "unable to read tree",
        "not a tree object",
        "reference is not a tree",
        "failed to unpack tree object",
        "Needed a single revision",
        "ambiguous argument",
    ]
    .iter()
    .any(|words| stderr.contains(words))
}
