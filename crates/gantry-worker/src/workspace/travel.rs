//! Carried files on their way through the saved plan.

use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{CarriedFile, Workspace, WorkspaceError, carried, removal, tree};

impl Workspace {
    /// The content of a file that `collect_carried` has put aside.
    pub fn read_carried(&self, file: &CarriedFile) -> Result<Vec<u8>, WorkspaceError> {
        let missing = || WorkspaceError::NotRegular {
            path: file.path.display().to_string(),
        };
        tree::read_file(&self.carried(), &file.path, file.bytes)?.ok_or_else(missing)
    }

    /// Replaces what was put aside by the files of a saved plan; for `apply`.
    pub fn put_carried<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a Path, &'a [u8])>,
    ) -> Result<Vec<CarriedFile>, WorkspaceError> {
        let directory = self.carried();
        removal::remove(&directory).map_err(WorkspaceError::io(&directory))?;
        self.make(&directory, 0o700)?;
        let mut put = Vec::new();
        for (path, content) in files {
            if !carried::is_carriable(path) {
                return Err(WorkspaceError::NotRegular {
                    path: path.display().to_string(),
                });
            }
            carried::make_parents(&directory, path, None)?;
            let target = directory.join(path);
            let mut file = tree::replace(&target, 0o600)?;
            file.write_all(content)
                .map_err(WorkspaceError::io(&target))?;
            put.push(CarriedFile {
                path: path.to_owned(),
                bytes: content.len() as u64,
                sha256: Sha256::digest(content).into(),
            });
        }
        Ok(put)
    }

    fn carried(&self) -> std::path::PathBuf {
        self.directory.join("carried")
    }
}
