//! One package: a directory of files, known by Terraform's hash of directories (`h1:`).

use std::fs::{File, FileTimes, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use sha2::{Digest as _, Sha256};

use super::{Installed, UNFINISHED};

/// A provider is a handful of files.
const MOST_FILES: usize = 2_000;
const DEEPEST: usize = 8;

/// A copy that has no name in the cache yet; it goes with this value.
pub(super) struct Copied {
    directory: tempfile::TempDir,
    pub hash: String,
    pub bytes: u64,
}

/// What a package's files look like from outside: whoever changes one changes this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<FileStamp>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    name: PathBuf,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(package: &Path) -> std::io::Result<Self> {
        let mut files = Vec::new();
        for name in names(package)? {
            let found = std::fs::symlink_metadata(package.join(&name))?;
            if !found.is_file() {
                return Err(ErrorKind::InvalidData.into());
            }
            files.push(FileStamp {
                name,
                inode: found.ino(),
                length: found.len(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            });
        }
        Ok(Stamp(files))
    }

    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|file| file.length).sum()
    }
}

impl Copied {
    /// Gives it its name: it is there as a whole or not at all.
    pub fn keep(self, place: &Path) -> std::io::Result<Stamp> {
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent)?;
            std::fs::set_permissions(parent, Permissions::from_mode(0o755))?;
        }
        std::fs::rename(self.directory.path(), place)?;
        let _ = self.directory.keep();
        std::fs::set_permissions(place, Permissions::from_mode(0o555))?;
        Stamp::of(place)
    }
}

/// The directory that an initialisation installs into; no link leads there.
pub(super) fn installed(given: &Installed) -> std::io::Result<Option<OwnedFd>> {
    open(
        File::open(&given.workspace)?,
        &given.below,
        OFlag::O_DIRECTORY,
    )
}

/// Copies a package out of what a run has left, and takes the hash of the copy. `None`: there is no
/// directory of that name, or a link on the way to it. Nothing that a run's processes do meanwhile
/// leads anywhere else, and what they write is in the hash.
pub(super) fn copy(
    installed: &OwnedFd,
    below: &Path,
    to: &Path,
    limit: u64,
) -> std::io::Result<Option<Copied>> {
    let Some(source) = open(installed, below, OFlag::O_DIRECTORY)? else {
        return Ok(None);
    };
    let directory = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(to)?;
    let mut copy = Copy {
        files: 0,
        left: limit,
    };
    copy.tree(&source, directory.path(), 0)?;
    let hash = hash(directory.path())?;
    Ok(Some(Copied {
        directory,
        hash,
        bytes: limit - copy.left,
    }))
}

struct Copy {
    files: usize,
    /// Bytes that may still come.
    left: u64,
}

impl Copy {
    fn tree(&mut self, from: &OwnedFd, to: &Path, depth: usize) -> std::io::Result<()> {
        let refused = |what: &str| Err(std::io::Error::other(what.to_owned()));
        if depth > DEEPEST {
            return refused("its directories are nested too deep");
        }
        // By descriptor: the name may lead somewhere else by now.
        let listing = format!("/proc/self/fd/{}", from.as_raw_fd());
        for entry in std::fs::read_dir(listing)? {
            let name = entry?.file_name();
            self.files += 1;
            if self.files > MOST_FILES {
                return refused("it has too many files");
            }
            let target = to.join(&name);
            let Some(found) = open(from, Path::new(&name), OFlag::empty())? else {
                return refused("there is a link in it");
            };
            let mut file = File::from(found);
            let kind = file.metadata()?;
            if kind.is_dir() {
                std::fs::DirBuilder::new().mode(0o755).create(&target)?;
                self.tree(&OwnedFd::from(file), &target, depth + 1)?;
                std::fs::set_permissions(&target, Permissions::from_mode(0o555))?;
            } else if kind.is_file() {
                let mode = match kind.mode() & 0o111 {
                    0 => 0o444,
                    _ => 0o555,
                };
                let mut copied = File::options()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&target)?;
                let length = std::io::copy(&mut (&mut file).take(self.left + 1), &mut copied)?;
                if length > self.left {
                    return refused("it is larger than the cache may be");
                }
                self.left -= length;
                copied.flush()?;
                copied.set_permissions(Permissions::from_mode(mode))?;
            } else {
                return refused("there is something in it that is no file");
            }
        }
        Ok(())
    }
}

/// Beneath a directory, over no link. `None`: there is none, or there is a link on the way.
fn open(directory: impl AsFd, path: &Path, more: OFlag) -> std::io::Result<Option<OwnedFd>> {
    // O_NONBLOCK: a pipe must not make us wait for a writer.
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | more)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    match openat2(directory, path, how) {
        Ok(found) => Ok(Some(found)),
        Err(
            nix::Error::ENOENT
            | nix::Error::ENOTDIR
            | nix::Error::ELOOP
            | nix::Error::EXDEV
            | nix::Error::ENXIO,
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The hash that lock files hold as `h1:`: of a list of the files' hashes and names, sorted by name.
pub(super) fn hash(package: &Path) -> std::io::Result<String> {
    let mut whole = Sha256::new();
    for name in names(package)? {
        let text = name.to_str().filter(|name| !name.contains('\n'));
        let text = text.ok_or(ErrorKind::InvalidData)?;
        let mut digest = Sha256::new();
        let mut file = File::open(package.join(&name))?;
        let mut part = vec![0; 1 << 17];
        loop {
            match file.read(&mut part)? {
                0 => break,
                length => digest.update(&part[..length]),
            }
        }
        whole.update(format!("{}  {text}\n", hex::encode(digest.finalize())));
    }
    Ok(hex::encode(whole.finalize()))
}

/// Of all files, relative and sorted as Terraform sorts them: by their bytes.
fn names(package: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(package.join(&directory))? {
            let entry = entry?;
            let name = directory.join(entry.file_name());
            match entry.file_type()?.is_dir() {
                true => directories.push(name),
                false => names.push(name),
            }
        }
    }
    names.sort_by(|one, other| {
        let bytes = |path: &PathBuf| path.as_os_str().as_encoded_bytes().to_vec();
        bytes(one).cmp(&bytes(other))
    });
    Ok(names)
}

/// So that a later process knows when it was used last.
pub(super) fn touch(package: &Path) {
    let now = FileTimes::new().set_modified(SystemTime::now());
    let _ = File::open(package).and_then(|directory| directory.set_times(now));
}

/// Directories of ours allow no writing, not even to a normal user who owns them.
pub(super) fn remove(directory: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    std::fs::set_permissions(directory, Permissions::from_mode(0o755))?;
    for entry in entries {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => remove(&entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    std::fs::remove_dir(directory)
}
