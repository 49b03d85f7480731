//! What a child has taken: files in the run's directory, files that it holds although they have no
//! name any more, and, where no control group counts them, memory and processes.

use std::collections::HashSet;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::process_tree;

/// Longer paths than the kernel takes are walked in pieces of about this length.
const PIECE: usize = 2048;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    pub bytes: u64,
    pub number: u64,
}

impl Files {
    fn add(&mut self, found: &Metadata) {
        self.number += 1;
        // A file with holes counts as long as it says: whoever copies it writes all of that.
        let length = if found.is_file() { found.len() } else { 0 };
        self.bytes = self.bytes.saturating_add(length.max(found.blocks() * 512));
    }
}

/// Everything below `directory`, links not followed; counted no further than `enough` says. What
/// vanishes meanwhile doesn't count.
pub(super) fn files(directory: &Path, enough: impl Fn(&Files) -> bool) -> Files {
    let mut found = Files::default();
    let mut waiting: Vec<(Option<Rc<File>>, PathBuf)> = vec![(None, directory.to_path_buf())];
    while let Some((mut anchor, mut path)) = waiting.pop() {
        if path.as_os_str().len() > PIECE
            && let Ok(opened) = open(&path)
        {
            path = format!("/proc/self/fd/{}", opened.as_raw_fd()).into();
            anchor = Some(Rc::new(opened));
        }
        let Ok(entries) = list(&path) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            found.add(&metadata);
            if enough(&found) {
                return found;
            }
            if metadata.is_dir() {
                waiting.push((anchor.clone(), entry.path()));
            }
        }
    }
    found
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW)
        .open(path)
}

/// Also where the child took its own permission away.
fn list(path: &Path) -> std::io::Result<std::fs::ReadDir> {
    match std::fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
            std::fs::read_dir(path)
        }
        listed => listed,
    }
}

/// Bytes of files that processes below `ancestor`, or it itself, hold open on the file system of
/// `directory`, and that have no name.
pub(super) fn nameless(directory: &Path, ancestor: i32) -> u64 {
    let Ok(device) = std::fs::metadata(directory).map(|found| found.dev()) else {
        return 0;
    };
    let mut seen = HashSet::new();
    let mut bytes = 0u64;
    for pid in numbers(ancestor) {
        let held = std::fs::read_dir(format!("/proc/{pid}/fd"));
        for entry in held.into_iter().flatten().flatten() {
            let Ok(found) = std::fs::metadata(entry.path()) else {
                continue;
            };
            if found.is_file()
                && found.nlink() == 0
                && found.dev() == device
                && seen.insert(found.ino())
            {
                bytes = bytes.saturating_add(found.len().max(found.blocks() * 512));
            }
        }
    }
    bytes
}

/// Bytes of memory, and processes with their threads, of everything below `ancestor`.
pub(super) fn memory_and_processes(ancestor: i32) -> (u64, u64) {
    let (mut memory, mut processes) = (0u64, 0u64);
    for pid in numbers(ancestor) {
        let Ok(status) = std::fs::read(format!("/proc/{pid}/status")) else {
            continue;
        };
        // The name of a process may be anything.
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
            number.unwrap_or_default()
        };
        memory += field("RssAnon:") << 10;
        // One that waits to be reaped has no threads, and counts.
        processes += field("Threads:").max(1);
    }
    (memory, processes)
}

fn numbers(ancestor: i32) -> impl Iterator<Item = i32> {
    let below = process_tree::descendants(ancestor).into_iter();
    std::iter::once(ancestor).chain(below.map(|process| process.pid))
}

/// Bytes that are free on the file system of `directory`, for whoever is not root.
pub(super) fn free(directory: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(directory).ok()?;
    Some(
        found
            .blocks_available()
            .saturating_mul(found.fragment_size()),
    )
}

#[cfg(test)]
mod tests;
