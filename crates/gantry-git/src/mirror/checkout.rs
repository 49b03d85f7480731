//! From a commit in the mirror to files in a directory.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Mirror, says_no_such_object};
use crate::GitError;
use crate::error::from_stderr;
use crate::process::Protocol;

impl Mirror {
    /// One process: it fills a temporary index and writes the files. `Some` is git's refusal.
    pub(super) async fn try_checkout(
        &self,
        hash: &str,
        dest: &Path,
        paths: &[String],
    ) -> Result<Option<GitError>, GitError> {
        let commit = format!("{hash}^{{commit}}");
        let index = TemporaryIndex::below(&self.dir);
        let mut arguments: Vec<&OsStr> = match paths {
            [] => ["read-tree", "--reset", "-u", &commit]
                .map(OsStr::new)
                .to_vec(),
            _ => ["checkout", "--quiet", &commit, "--"]
                .map(OsStr::new)
                .to_vec(),
        };
        arguments.extend(paths.iter().map(OsStr::new));
        let environment = [
            ("GIT_DIR", self.dir.as_os_str()),
            ("GIT_WORK_TREE", dest.as_os_str()),
            ("GIT_INDEX_FILE", index.path.as_os_str()),
        ];
        let runner = &self.git.runner;
        let finished = runner
            .start("checkout", arguments, &environment, Protocol::None)
            .await?;
        if finished.success {
            return Ok(None);
        }
        let missing = paths.iter().find(|path| {
            finished
                .stderr
                .contains(&format!("pathspec '{path}' did not match"))
        });
        let source_url = self.source.to_string();
        Ok(Some(match missing {
            Some(path) => GitError::PathNotFound {
                source_url,
                commit: hash.to_owned(),
                path: path.clone(),
            },
            None if says_no_such_object(&finished.stderr) => self.no_commit(hash),
            None => from_stderr("checkout", &source_url, &finished.stderr),
        }))
    }
}

pub(super) fn make_empty_dir(dest: &Path) -> Result<(), GitError> {
    let what = || format!("can't use `{}`", dest.display());
    fs::create_dir_all(dest).map_err(GitError::io(what()))?;
    let mut entries = fs::read_dir(dest).map_err(GitError::io(what()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(GitError::NotEmpty {
            path: dest.display().to_string(),
        }),
    }
}

/// An index that is there for one checkout.
struct TemporaryIndex {
    path: PathBuf,
}

impl TemporaryIndex {
    fn below(dir: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            path: dir.join(format!("tmp/{}-{number}.index", std::process::id())),
        }
    }
}

impl Drop for TemporaryIndex {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(self.path.with_extension("index.lock"));
    }
}
