//! A repository on this machine, read without running git in it.
//!
//! Its branches are files that say a hash, and its objects are borrowed by our mirror (git's
//! "alternates"). So nothing is copied, no process is started for a branch that is looked up, and
//! the repository's own configuration is never read.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::branch::is_hash;
use crate::source::below;
use crate::{GitError, valid_branch};

/// The parts of a local repository.
pub(crate) struct Local {
    git_dir: PathBuf,
    pub objects: PathBuf,
}

/// Where a branch of a local repository is.
pub(crate) enum Tip {
    Hash(String),
    None,
    /// The branches are not plain files; git has to be asked.
    Unknown,
}

impl Local {
    pub fn open(path: &Path, roots: &[PathBuf]) -> Result<Self, GitError> {
        let refused = |rule| GitError::LocalRepository {
            source_url: path.display().to_string(),
            rule,
        };
        let not_found = || GitError::RepositoryNotFound {
            source_url: path.display().to_string(),
        };
        let inner = path.join(".git");
        let git_dir = if inner.is_dir() {
            inner
        } else if inner.is_file() {
            return Err(refused(
                "it is a linked work tree or a submodule; name the repository it belongs to",
            ));
        } else {
            path.to_owned()
        };
        let git_dir = git_dir.canonicalize().map_err(|_| not_found())?;
        let objects = git_dir
            .join("objects")
            .canonicalize()
            .map_err(|_| not_found())?;
        if !git_dir.join("HEAD").is_file() || !objects.is_dir() {
            return Err(not_found());
        }
        if !below(&git_dir, roots) || !below(&objects, roots) || !borrows_below(&objects, roots, 0)
        {
            return Err(refused(
                "parts of it lie outside of the directories that are allowed",
            ));
        }
        Ok(Self { git_dir, objects })
    }

    /// Looks a branch up in git's plain files: one of its own, else a line of `packed-refs`.
    pub fn tip(&self, branch: &str) -> Tip {
        let mut branch = branch.to_owned();
        // A branch may name another one; git follows five.
        for _ in 0..5 {
            let text = match fs::read_to_string(self.git_dir.join("refs/heads").join(&branch)) {
                Ok(text) => text,
                Err(error) if error.kind() == ErrorKind::NotFound => return self.packed(&branch),
                // `refs/heads/a` is a directory when only `a/b` is a branch.
                Err(error) if error.kind() == ErrorKind::IsADirectory => {
                    return self.packed(&branch);
                }
                Err(_) => return Tip::Unknown,
            };
            let text = text.trim_end();
            if is_hash(text) {
                return Tip::Hash(text.to_owned());
            }
            match text.strip_prefix("ref: refs/heads/") {
                Some(other) if valid_branch(other).is_ok() => branch = other.to_owned(),
                Some(_) | None => return Tip::Unknown,
            }
        }
        Tip::Unknown
    }

    fn packed(&self, branch: &str) -> Tip {
        if self.git_dir.join("reftable").exists() {
            return Tip::Unknown;
        }
        let packed = match fs::read_to_string(self.git_dir.join("packed-refs")) {
            Ok(packed) => packed,
            Err(error) if error.kind() == ErrorKind::NotFound => return Tip::None,
            Err(_) => return Tip::Unknown,
        };
        let name = format!("refs/heads/{branch}");
        packed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(hash, line_name)| *line_name == name && is_hash(hash))
            .map_or(Tip::None, |(hash, _)| Tip::Hash(hash.to_owned()))
    }
}

/// A repository may borrow objects from others; each of them has to be allowed too, or it would be a
/// way to read a repository that is not.
fn borrows_below(objects: &Path, roots: &[PathBuf], depth: usize) -> bool {
    let Ok(text) = fs::read_to_string(objects.join("info/alternates")) else {
        return true;
    };
    depth < 5
        && text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .all(|line| {
                objects.join(line).canonicalize().is_ok_and(|other| {
                    below(&other, roots) && borrows_below(&other, roots, depth + 1)
                })
            })
}
