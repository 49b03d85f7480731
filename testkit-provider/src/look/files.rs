//! Files: the own directory and its parents, homes, run and temporary directories, then the rest.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Look;

/// The places of secrets, before all others.
const FIRST: &[&str] = &[
    "/home", "/root", "/run", "/var/run", "/tmp", "/var/tmp", "/dev/shm", "/mnt", "/srv", "/opt",
    "/etc", "/var", "/media", "/data",
];
/// Systems of the kernel, which are looked at in other ways, and what every machine has.
const NOT: &[&str] = &[
    "/proc", "/sys", "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin",
];
/// Of each file; canaries and keys stand in small ones.
const LONGEST: u64 = 8 << 20;
const DEEPEST: usize = 40;
const MOST_ATTEMPTS: usize = 60;

impl Look {
    pub(super) fn files(&mut self, places: &[String]) {
        let mut walk = Walk::default();
        let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
        let mut roots: Vec<PathBuf> = places.iter().map(PathBuf::from).collect();
        roots.extend(
            here.ancestors()
                .map(PathBuf::from)
                .filter(|path| path.parent().is_some()),
        );
        roots.extend(std::env::var_os("HOME").map(PathBuf::from));
        roots.extend(FIRST.iter().map(PathBuf::from));
        roots.extend(entries(Path::new("/")));
        for root in roots {
            // A huge directory may not use up everybody's time.
            let rest = self.files_until.saturating_duration_since(Instant::now());
            walk.until = Instant::now() + (rest / 3).max(Duration::from_millis(200));
            if !walk.walk(self, &root, 0) {
                self.report.unfinished.push(root.display().to_string());
            }
        }
    }

    /// The places of secrets below another root, such as that of another process.
    pub(super) fn files_below(&mut self, root: &Path) {
        let mut walk = Walk {
            until: Instant::now() + Duration::from_secs(3),
            ..Walk::default()
        };
        for place in FIRST {
            walk.walk(self, &root.join(place.trim_start_matches('/')), 0);
        }
    }

    pub(super) fn file(&mut self, path: &Path) {
        let open = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path);
        let Ok(file) = open else { return };
        self.report.files += 1;
        let bytes = head(file);
        self.read_closely(&path.display().to_string(), &bytes);
    }
}

fn head(file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = file.take(LONGEST).read_to_end(&mut bytes);
    bytes
}

struct Walk {
    seen: HashSet<(u64, u64)>,
    attempts: usize,
    until: Instant,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            seen: HashSet::new(),
            attempts: 0,
            until: Instant::now(),
        }
    }
}

impl Walk {
    /// Whether there was time for all of it.
    fn walk(&mut self, look: &mut Look, directory: &Path, depth: usize) -> bool {
        if NOT.iter().any(|not| directory == Path::new(not)) || depth > DEEPEST {
            return true;
        }
        let Ok(found) = std::fs::metadata(directory) else {
            return true;
        };
        if found.is_file() {
            look.file(directory);
        }
        if !found.is_dir() || !self.seen.insert((found.dev(), found.ino())) {
            return true;
        }
        self.try_to_write(look, directory);
        let mut below = Vec::new();
        for path in entries(directory) {
            if Instant::now() > self.until {
                return false;
            }
            let Ok(found) = std::fs::symlink_metadata(&path) else {
                continue;
            };
            let kind = found.file_type();
            if kind.is_dir() {
                below.push(path);
            } else if kind.is_file() {
                look.file(&path);
            } else if kind.is_symlink() {
                // What a link says; what it leads to is looked at where it is.
                let target = std::fs::read_link(&path).unwrap_or_default();
                let target = target.as_os_str().as_encoded_bytes();
                look.search(&path.display().to_string(), target);
            } else if kind.is_block_device() && File::open(&path).is_ok() {
                let place = path.display().to_string();
                look.find("block device".to_owned(), "raw", &place);
            } else if kind.is_socket() {
                look.path_socket(&path);
            }
        }
        below.iter().all(|path| self.walk(look, path, depth + 1))
    }

    fn try_to_write(&mut self, look: &mut Look, directory: &Path) {
        if self.attempts > MOST_ATTEMPTS {
            return;
        }
        let path = directory.join(format!(".written-by-probe-{}", std::process::id()));
        if std::fs::write(&path, b"probe").is_ok() {
            let _ = std::fs::remove_file(&path);
            self.attempts += 1;
            look.report.writable.insert(directory.display().to_string());
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
