//! A test names a directory. Each point that a process passes is a line of `passed` there. A process that
//! passes the point in the first line of `armed` takes that line away and kills itself, as the kernel
//! would; two lines make it happen twice, to the process or to its successor.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

pub const VARIABLE: &str = "FAULTS_DIRECTORY";

pub fn directory() -> Option<&'static PathBuf> {
    static DIRECTORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let named = || std::env::var_os(VARIABLE).map(PathBuf::from);
    DIRECTORY.get_or_init(named).as_ref()
}

pub fn pass(point: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Some(directory) = directory() else {
        return;
    };
    let _held = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    note(directory, point);
    if take(directory, point) {
        // SAFETY: ends this process, and nothing of it goes on.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        std::process::abort();
    }
}

fn note(directory: &Path, point: &str) {
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("passed"));
    if let Ok(mut file) = file {
        let _ = file.write_all(format!("{point}\n").as_bytes());
    }
}

fn take(directory: &Path, point: &str) -> bool {
    let path = directory.join("armed");
    let Ok(armed) = std::fs::read_to_string(&path) else {
        return false;
    };
    let Some((first, rest)) = armed.split_once('\n') else {
        return false;
    };
    if first != point {
        return false;
    }
    let new = directory.join(format!("armed.{}", std::process::id()));
    std::fs::write(&new, rest).is_ok() && std::fs::rename(&new, &path).is_ok()
}
