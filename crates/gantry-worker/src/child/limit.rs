use std::fmt;

use gantry_core::protocol::Limits;

use crate::logs::FLOOD;

/// What a child may take of its worker, beside time. 0 is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    /// Bytes of output.
    pub output: u64,
    /// Bytes of the run's files on disk, and of one file anywhere.
    pub disk: u64,
    pub files: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Processes and threads.
    pub processes: u64,
}

impl Share {
    /// What a phase's limits leave to one of its children.
    pub fn of(limits: &Limits) -> Self {
        Share {
            output: limits.log.saturating_mul(FLOOD),
            disk: limits.disk,
            files: limits.files,
            memory: limits.memory,
            processes: limits.processes,
        }
    }
}

/// A limit that a child has reached. `Display` is its name for the run's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes that were printed.
    Log(u64),
    Disk(u64),
    Files(u64),
    Memory(u64),
    Processes(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Log(printed) => write!(
                f,
                "its log limit: it printed more than {}, {FLOOD} times what is kept",
                Size(*printed)
            ),
            Limit::Disk(bytes) => write!(f, "its disk limit of {}", Size(*bytes)),
            Limit::Files(files) => write!(f, "its file limit of {files} files"),
            Limit::Memory(bytes) => write!(f, "its memory limit of {}", Size(*bytes)),
            Limit::Processes(number) => {
                write!(f, "its process limit of {number} processes and threads")
            }
        }
    }
}

/// Bytes, in the largest unit up to MiB that is exact.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes % (1 << 20) == 0 => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes > 0 && bytes % (1 << 10) == 0 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}
