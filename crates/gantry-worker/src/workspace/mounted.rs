//! Mounted files in the workspace. They are put there anew before each phase, so neither what an
//! earlier phase did to them nor what a plan left in their place reaches a later one.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Workspace, WorkspaceError, carried, tree};
use crate::mounted_files::{File, MountedFiles};
use crate::sandbox::SandboxMode;

/// What lies beside the checkout on the host, where only a sandbox keeps it apart from users' files.
const OURS: [&str; 6] = ["source", "planned", "plan", "sealed", "carried", "scratch"];

/// A file that an earlier phase of the run had.
pub(super) struct Placed {
    path: PathBuf,
    /// It took the place of one of the repository.
    replaced: bool,
}

impl Workspace {
    /// Puts a phase's files into the checkout, and takes away those that are not mounted any more.
    /// Without a sandbox those beside the checkout are put there as well; with one they are in each
    /// child's own memory.
    pub fn mount(&self, files: &MountedFiles) -> Result<(), WorkspaceError> {
        let checkout = self.checkout();
        let mut placed = self.placed();
        for old in std::mem::take(&mut *placed) {
            if files.in_source.iter().any(|file| file.path == old.path) {
                placed.push(old);
                continue;
            }
            if old.replaced {
                return Err(WorkspaceError::Unmounted(shown(&old.path)));
            }
            let path = checkout.join(&old.path);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(WorkspaceError::io(&path)(error));
                }
                _ => {}
            }
        }
        for file in &files.in_source {
            let replaced = self.put_mounted(&checkout, file)?;
            if placed.iter().all(|old| old.path != file.path) {
                placed.push(Placed {
                    path: file.path.clone(),
                    replaced,
                });
            }
        }
        if self.mode == SandboxMode::Insecure {
            for file in &files.beside {
                let first = file.path.iter().next().and_then(|name| name.to_str());
                if first.is_none_or(|name| OURS.contains(&name)) {
                    return Err(WorkspaceError::Ours(file.path.display().to_string()));
                }
                self.put_mounted(&self.directory, file)?;
            }
        }
        Ok(())
    }

    /// Whether something was there before.
    fn put_mounted(&self, directory: &Path, file: &File) -> Result<bool, WorkspaceError> {
        let path = directory.join(&file.path);
        carried::make_parents(directory, &file.path, self.user.uid())?;
        let found = std::fs::symlink_metadata(&path);
        if found.as_ref().is_ok_and(|found| found.is_dir()) {
            return Err(WorkspaceError::Directory(shown(&file.path)));
        }
        let mut new = tree::replace(&path, 0o600)?;
        new.write_all(&file.content)
            .map_err(WorkspaceError::io(&path))?;
        tree::own(&path, self.user.uid())?;
        Ok(found.is_ok())
    }

    fn placed(&self) -> std::sync::MutexGuard<'_, Vec<Placed>> {
        let placed = self.placed.lock();
        placed.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn shown(path: &Path) -> String {
    Path::new("source").join(path).display().to_string()
}
