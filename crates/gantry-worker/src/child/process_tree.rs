//! Who is below whom, and signals that reach exactly the process meant.

use std::io::ErrorKind;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use tokio::io::unix::AsyncFd;

/// A process, held by a descriptor: its number can't be given to another one meanwhile.
pub(super) struct Process {
    pub pid: i32,
    fd: OwnedFd,
}

impl Process {
    /// `None`: there is no such process any more.
    pub(super) fn open(pid: i32) -> std::io::Result<Option<Self>> {
        // SAFETY: two numbers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if fd < 0 {
            let error = std::io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::ESRCH) => Ok(None),
                _ => Err(error),
            };
        }
        // SAFETY: the kernel just returned this descriptor to us; it is close-on-exec.
        Ok(Some(Self {
            pid,
            fd: unsafe { OwnedFd::from_raw_fd(fd as RawFd) },
        }))
    }

    /// Readable once the process has ended.
    pub(super) fn watch(self) -> std::io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor belongs to this value and stays the same while it lives.
        unsafe { AsyncFd::register(self) }.map_err(Into::into)
    }

    /// A process that is gone already needs no signal.
    pub(super) fn signal(&self, signal: i32) {
        // SAFETY: a descriptor that is open, a number, no information, no flags.
        unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            );
        }
    }
}

impl AsRawFd for Process {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// One line of the system's process list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub pid: i32,
    pub parent: i32,
    /// Its number in the innermost pid namespace.
    pub inner: i32,
    pub nested: bool,
}

pub(super) fn read(pid: i32) -> Option<Listed> {
    let status = match std::fs::read(format!("/proc/{pid}/status")) {
        Ok(status) => status,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(_) => return None,
    };
    // The name of a process may be anything.
    let status = String::from_utf8_lossy(&status);
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    let parent = field("PPid:")?.trim().parse().ok()?;
    let numbers: Vec<i32> = field("NSpid:")?
        .split_ascii_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    Some(Listed {
        pid,
        parent,
        inner: *numbers.last()?,
        nested: numbers.len() > 1,
    })
}

/// Everything below `ancestor`, parents first. Read in one pass: what is forked meanwhile is missed.
pub(super) fn descendants(ancestor: i32) -> Vec<Listed> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let all: Vec<Listed> = entries
        .filter_map(|entry| read(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut found: Vec<Listed> = Vec::new();
    let mut next = 0;
    let mut parent = ancestor;
    loop {
        found.extend(all.iter().filter(|process| process.parent == parent));
        match found.get(next) {
            Some(process) => parent = process.pid,
            None => return found,
        }
        next += 1;
    }
}

/// Sends `signal` once to each process of the session that `leader` opened.
pub(super) fn signal_session(leader: i32, signal: i32) -> usize {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let mut count = 0;
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(Some(process)) = Process::open(pid) else {
            continue;
        };
        if session(pid) == Some(leader) {
            process.signal(signal);
            count += 1;
        }
    }
    count
}

/// The session of a process that isn't just waiting to be reaped.
fn session(pid: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(2)?.parse().ok(),
    }
}
