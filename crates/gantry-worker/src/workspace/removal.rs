//! Removes a tree that a hostile child has shaped: directories without permissions, and nested so
//! deep that neither a path nor a recursion could reach their end. So instead of descending, each
//! inner directory is moved up to the top before it is emptied.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Removes `path` and everything in it; fine when it doesn't exist. Links are removed, not followed.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return std::fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    open_up(path)?;
    let mut waiting: Vec<PathBuf> = vec![path.to_path_buf()];
    let mut moved = 0u64;
    while let Some(directory) = waiting.pop() {
        open_up(&directory)?;
        let top = directory == path;
        let mut inner = Vec::new();
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => inner.push(entry.path()),
                false => std::fs::remove_file(entry.path())?,
            }
        }
        if top {
            if inner.is_empty() {
                std::fs::remove_dir(path)?;
                return Ok(());
            }
            waiting.push(directory);
            waiting.extend(inner);
            continue;
        }
        for child in inner {
            if std::fs::remove_dir(&child).is_ok() {
                continue;
            }
            // Moving a directory writes its `..`, which needs permission on it.
            open_up(&child)?;
            let target = loop {
                moved += 1;
                let target = path.join(format!(".gantry-removal-{moved}"));
                match std::fs::symlink_metadata(&target) {
                    Err(error) if error.kind() == ErrorKind::NotFound => break target,
                    _ => {}
                }
            };
            std::fs::rename(&child, &target)?;
            waiting.push(target);
        }
        std::fs::remove_dir(&directory)?;
    }
    Ok(())
}

/// Root needs no permissions, and others own what their children made.
fn open_up(directory: &Path) -> std::io::Result<()> {
    let mode = std::fs::symlink_metadata(directory)?.permissions().mode();
    match mode & 0o700 {
        0o700 => Ok(()),
        _ => std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)),
    }
}
