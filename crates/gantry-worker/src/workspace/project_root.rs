use std::path::{Component, Path, PathBuf};

use super::WorkspaceError;

/// The directory of the repository that is the stack's root module. Relative, without `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectRoot(PathBuf);

impl ProjectRoot {
    /// Empty, `.` and `/` mean the repository's own root; outer slashes don't matter.
    pub fn parse(text: &str) -> Result<Self, WorkspaceError> {
        let invalid = || WorkspaceError::ProjectRootInvalid(text.to_owned());
        if text.contains('\0') {
            return Err(invalid());
        }
        let mut path = PathBuf::new();
        for component in Path::new(text.trim_matches('/')).components() {
            match component {
                Component::Normal(name) => path.push(name),
                Component::CurDir => {}
                _ => return Err(invalid()),
            }
        }
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The project root below a copy of the repository.
    pub(super) fn below(&self, source: &Path) -> PathBuf {
        match self.0.as_os_str().is_empty() {
            true => source.to_path_buf(),
            false => source.join(&self.0),
        }
    }

    /// The path of a file of the project root, relative to the repository.
    pub fn join(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Each directory on the way must be a plain one: a link could lead out of the workspace.
    pub(super) fn check(&self, source: &Path) -> Result<(), WorkspaceError> {
        let root = || self.0.to_string_lossy().into_owned();
        let mut walked = PathBuf::new();
        for component in self.0.components() {
            walked.push(component);
            match std::fs::symlink_metadata(source.join(&walked)) {
                Ok(found) if found.is_dir() => {}
                Ok(found) if found.is_symlink() => {
                    return Err(WorkspaceError::ProjectRootLink {
                        root: root(),
                        link: walked.to_string_lossy().into_owned(),
                    });
                }
                _ => return Err(WorkspaceError::ProjectRootMissing(root())),
            }
        }
        Ok(())
    }
}
