//! Files that apply takes over from the plan phase: archives that plan built and that the plan file
//! names only by path. They are hostile bytes, so what may travel is narrow: regular files that the
//! plan phase *added*, without links and execute bit, never anything that steers the tool.

use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};

use super::{WorkspaceError, tree};

/// Which paths (relative to the repository, `/` between names) are carried, and how much.
pub struct Carry {
    globs: GlobSet,
    pub most_files: usize,
    pub most_bytes: u64,
}

const ALWAYS: [&str; 2] = ["**/*.zip", "**/*.tar.gz"];

impl Carry {
    /// The default patterns and the stack's own (`gantry:carry:<glob>`).
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, WorkspaceError> {
        let mut set = GlobSetBuilder::new();
        for glob in ALWAYS.into_iter().chain(globs) {
            set.add(GlobBuilder::new(glob).literal_separator(true).build()?);
        }
        Ok(Self {
            globs: set.build()?,
            most_files: 1_000,
            most_bytes: 512 << 20,
        })
    }
}

/// One carried file, for the record that is sealed with the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedFile {
    /// Relative to the repository.
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: [u8; 32],
}

/// Copies what may be carried from `planned` to `into`, keeping paths.
pub(super) fn collect(
    planned: &Path,
    clean: &Path,
    into: &Path,
    carry: &Carry,
) -> Result<Vec<CarriedFile>, WorkspaceError> {
    let mut found = Vec::new();
    walk(planned, PathBuf::new(), carry, 0, &mut found)?;
    found.sort();
    let mut carried = Vec::new();
    let mut total = 0u64;
    for path in found {
        // Only what plan added: a changed file of the checkout stays as it was reviewed.
        if std::fs::symlink_metadata(clean.join(&path)).is_ok() || leads_through_file(clean, &path)
        {
            continue;
        }
        let source = planned.join(&path);
        let metadata = std::fs::symlink_metadata(&source).map_err(WorkspaceError::io(&source))?;
        if !metadata.is_file() || metadata.nlink() != 1 || metadata.mode() & 0o111 != 0 {
            continue;
        }
        total = total.saturating_add(metadata.len());
        if carried.len() == carry.most_files || total > carry.most_bytes {
            return Err(WorkspaceError::TooMuchToCarry {
                files: carry.most_files,
                bytes: carry.most_bytes,
            });
        }
        let target = into.join(&path);
        make_parents(into, &path, None)?;
        tree::copy_file(&source, &target, None)?;
        let (bytes, sha256) = digest(&target)?;
        carried.push(CarriedFile {
            path,
            bytes,
            sha256,
        });
    }
    Ok(carried)
}

/// Puts carried files into the clean workspace. Each is checked against its record.
pub(super) fn place(
    from: &Path,
    files: &[CarriedFile],
    clean: &Path,
    uid: Option<u32>,
) -> Result<(), WorkspaceError> {
    for file in files {
        let (source, target) = (from.join(&file.path), clean.join(&file.path));
        if !is_carriable(&file.path) || digest(&source)? != (file.bytes, file.sha256) {
            return Err(WorkspaceError::NotRegular {
                path: file.path.display().to_string(),
            });
        }
        match std::fs::symlink_metadata(&target) {
            Ok(found) if found.is_file() => {
                std::fs::remove_file(&target).map_err(WorkspaceError::io(&target))?;
            }
            _ => make_parents(clean, &file.path, uid)?,
        }
        tree::copy_file(&source, &target, uid)?;
    }
    Ok(())
}

fn walk(
    planned: &Path,
    below: PathBuf,
    carry: &Carry,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), WorkspaceError> {
    const DEEPEST: usize = 100;
    if depth > DEEPEST {
        return Ok(());
    }
    let directory = planned.join(&below);
    // A directory that the child made unreadable has nothing to carry.
    let Ok(entries) = std::fs::read_dir(&directory) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let path = below.join(entry.file_name());
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            if !hidden(&entry.file_name()) {
                walk(planned, path, carry, depth + 1, found)?;
            }
        } else if kind.is_file() && carry.globs.is_match(&path) && is_carriable(&path) {
            if found.len() > carry.most_files {
                return Err(WorkspaceError::TooMuchToCarry {
                    files: carry.most_files,
                    bytes: carry.most_bytes,
                });
            }
            found.push(path);
        }
    }
    Ok(())
}

fn hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// The rule about names alone.
pub(super) fn is_carriable(path: &Path) -> bool {
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let directories = path.parent().map(Path::components).into_iter().flatten();
    let visible = directories
        .map(Component::as_os_str)
        // A plugin directory of the tools; it is not used, and nothing in it needs to travel.
        .all(|name| !hidden(name) && name != "terraform.d");
    let input = [".tf", ".tofu", ".tf.json", ".tofu.json"]
        .iter()
        .any(|end| name.ends_with(end))
        || name.contains(".tfvars")
        || name.starts_with(".terraform");
    plain && visible && !input
}

/// Whether a directory on the way is something else in the clean workspace.
fn leads_through_file(clean: &Path, path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .filter_map(|parent| std::fs::symlink_metadata(clean.join(parent)).ok())
        .any(|found| !found.is_dir())
}

pub(super) fn make_parents(
    root: &Path,
    path: &Path,
    uid: Option<u32>,
) -> Result<(), WorkspaceError> {
    let mut directory = root.to_path_buf();
    for part in path.parent().map(Path::components).into_iter().flatten() {
        directory.push(part);
        match std::fs::symlink_metadata(&directory) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(WorkspaceError::NotADirectory(path.display().to_string())),
            Err(_) => {
                std::fs::DirBuilder::new()
                    .mode(0o700)
                    .create(&directory)
                    .map_err(WorkspaceError::io(&directory))?;
                tree::own(&directory, uid)?;
            }
        }
    }
    Ok(())
}

fn digest(path: &Path) -> Result<(u64, [u8; 32]), WorkspaceError> {
    let mut file = std::fs::File::open(path).map_err(WorkspaceError::io(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 64 << 10];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer).map_err(WorkspaceError::io(path))? {
            0 => return Ok((bytes, hash.finalize().into())),
            n => {
                bytes += n as u64;
                hash.update(&buffer[..n]);
            }
        }
    }
}
