//! Whole trees and single files of a workspace. The names in it are hostile: nothing here follows a
//! symbolic link, and special files are left out.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::Path;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

use super::WorkspaceError;

/// Deeper trees are refused rather than walked.
const DEEPEST: usize = 200;

/// Copies `from` to `to`, which must not exist, except the tree `without`.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    without: &Path,
    uid: Option<u32>,
) -> Result<(), WorkspaceError> {
    copy_directory(from, to, without, uid, 0)
}

fn copy_directory(
    from: &Path,
    to: &Path,
    without: &Path,
    uid: Option<u32>,
    depth: usize,
) -> Result<(), WorkspaceError> {
    if depth > DEEPEST {
        return Err(WorkspaceError::TooDeep(DEEPEST));
    }
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(to)
        .map_err(WorkspaceError::io(to))?;
    for entry in std::fs::read_dir(from).map_err(WorkspaceError::io(from))? {
        let entry = entry.map_err(WorkspaceError::io(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source == without {
            continue;
        }
        let kind = entry.file_type().map_err(WorkspaceError::io(&source))?;
        if kind.is_dir() {
            copy_directory(&source, &target, without, uid, depth + 1)?;
        } else if kind.is_symlink() {
            let link = std::fs::read_link(&source).map_err(WorkspaceError::io(&source))?;
            symlink(link, &target).map_err(WorkspaceError::io(&target))?;
            own(&target, uid)?;
        } else if kind.is_file() {
            copy_file(&source, &target, uid)?;
        }
    }
    let mode = std::fs::symlink_metadata(from)
        .map_err(WorkspaceError::io(from))?
        .permissions()
        .mode();
    std::fs::set_permissions(to, Permissions::from_mode(mode & 0o777))
        .map_err(WorkspaceError::io(to))?;
    own(to, uid)
}

/// Content, permission bits and time of modification of one regular file.
pub(super) fn copy_file(from: &Path, to: &Path, uid: Option<u32>) -> Result<(), WorkspaceError> {
    let mut source = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(from)
        .map_err(WorkspaceError::io(from))?;
    let found = source.metadata().map_err(WorkspaceError::io(from))?;
    if !found.is_file() {
        return Err(WorkspaceError::NotRegular {
            path: from.display().to_string(),
        });
    }
    let copied = || {
        let mut target = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(found.permissions().mode() & 0o777)
            .open(to)?;
        std::io::copy(&mut source, &mut target)?;
        target.set_modified(found.modified()?)?;
        target.set_permissions(Permissions::from_mode(found.permissions().mode() & 0o777))?;
        if let Some(uid) = uid {
            std::os::unix::fs::fchown(&target, Some(uid), Some(uid))?;
        }
        Ok(())
    };
    let mut copied = copied;
    copied().map_err(WorkspaceError::io(to))
}

/// Gives a tree to the run's user.
pub(super) fn hand_over(path: &Path, uid: Option<u32>) -> Result<(), WorkspaceError> {
    match uid {
        Some(_) => hand_over_directory(path, uid, 0),
        None => Ok(()),
    }
}

fn hand_over_directory(path: &Path, uid: Option<u32>, depth: usize) -> Result<(), WorkspaceError> {
    if depth > DEEPEST {
        return Err(WorkspaceError::TooDeep(DEEPEST));
    }
    own(path, uid)?;
    for entry in std::fs::read_dir(path).map_err(WorkspaceError::io(path))? {
        let entry = entry.map_err(WorkspaceError::io(path))?;
        match entry
            .file_type()
            .map_err(WorkspaceError::io(path))?
            .is_dir()
        {
            true => hand_over_directory(&entry.path(), uid, depth + 1)?,
            false => own(&entry.path(), uid)?,
        }
    }
    Ok(())
}

/// Gives one file to the run's user; a link itself, not what it names.
pub(super) fn own(path: &Path, uid: Option<u32>) -> Result<(), WorkspaceError> {
    match uid {
        Some(uid) => lchown(path, Some(uid), Some(uid)).map_err(WorkspaceError::io(path)),
        None => Ok(()),
    }
}

/// A new, empty file in place of whatever had its name.
pub(super) fn replace(path: &Path, mode: u32) -> Result<File, WorkspaceError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(WorkspaceError::io(path)(error));
        }
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(WorkspaceError::io(path))
}

/// Reads a regular file below `directory` without following a link on any part of the way.
/// `None`: there is none.
pub(super) fn read_file(
    directory: &Path,
    path: &Path,
    limit: u64,
) -> Result<Option<Vec<u8>>, WorkspaceError> {
    let whole = directory.join(path);
    let Some(file) = open_beneath(directory, path).map_err(WorkspaceError::io(&whole))? else {
        return Ok(None);
    };
    let name = || path.display().to_string();
    let Some(file) = file else {
        return Err(WorkspaceError::NotRegular { path: name() });
    };
    let length = file.metadata().map_err(WorkspaceError::io(&whole))?.len();
    if length > limit {
        return Err(WorkspaceError::TooLarge {
            path: name(),
            limit,
        });
    }
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(limit + 1)
        .read_to_end(&mut content)
        .map_err(WorkspaceError::io(&whole))?;
    match content.len() as u64 > limit {
        true => Err(WorkspaceError::TooLarge {
            path: name(),
            limit,
        }),
        false => Ok(Some(content)),
    }
}

/// `None`: nothing has that name. `Some(None)`: it is no regular file, or a link is on the way.
fn open_beneath(directory: &Path, path: &Path) -> std::io::Result<Option<Option<File>>> {
    let directory = match File::open(directory) {
        Ok(directory) => directory,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // O_NONBLOCK: a pipe in the file's place must not make us wait for a writer.
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = match openat2(&directory, path, how) {
        Ok(fd) => File::from(fd),
        Err(nix::Error::ENOENT | nix::Error::ENOTDIR) => return Ok(None),
        Err(nix::Error::ELOOP | nix::Error::EXDEV | nix::Error::ENXIO) => return Ok(Some(None)),
        Err(error) => return Err(error.into()),
    };
    let regular = file.metadata()?.is_file();
    Ok(Some(regular.then_some(file)))
}
