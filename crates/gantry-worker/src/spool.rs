//! What a job has not told the server yet, on disk: so that the end of the server, or of the worker,
//! loses nothing that was already known.
//!
//! One directory per lease, `spool/<run>-<fence>/`:
//! * `job.json`: the run, its fence, and the phase under way with its process ([`Record`]);
//! * `log-<version>-<offset>`: masked output from that byte of its log on;
//! * `errored.tfstate`: a state that Terraform could not store;
//! * `finished.json`: how the phase ended.
//!
//! Files are written without fsync while the server is there, since it has everything a moment
//! later; [`Spool::settle`] makes them durable when it isn't.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::PhaseFinished;
use gantry_core::run::Phase;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const RECORD: &str = "job.json";
const FINISHED: &str = "finished.json";
const ERRORED_STATE: &str = "errored.tfstate";
const LOG: &str = "log-";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub run: RunId,
    /// For the log.
    #[serde(default)]
    pub stack: Option<StackId>,
    pub fence: i64,
    pub project_root: String,
    /// The digest of an `errored.tfstate` that no phase of this lease has left: it came with the
    /// code, or was given to a task.
    #[serde(default)]
    pub given_state: Option<String>,
    pub phase: Option<PhaseRecord>,
}

impl Record {
    /// For what is reported of it later: every line names the run and its stack.
    pub fn span(&self) -> tracing::Span {
        let stack = self.stack.as_ref().map(StackId::as_str);
        tracing::info_span!("run", run.id = %self.run, stack.slug = stack)
    }
}

/// As a [`Record`] remembers a state.
pub fn digest(state: &[u8]) -> String {
    hex::encode(Sha256::digest(state))
}

/// A phase whose `finished` the server has not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseRecord {
    pub phase: Phase,
    pub version: i64,
    /// The outermost of each of its children, and the first inside.
    pub processes: Vec<Process>,
}

/// A process of this machine. The start time tells it from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: i32,
    /// Clock ticks since boot.
    pub started: u64,
}

pub struct Spool {
    directory: PathBuf,
}

impl Spool {
    /// Begins the spool of a lease.
    pub fn create(root: &Path, record: &Record) -> io::Result<Self> {
        let directory = root.join(format!("{}-{}", record.run, record.fence));
        gantry_fault::before("a spool");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        gantry_fault::after("a spool");
        let spool = Spool { directory };
        spool.record(record)?;
        Ok(spool)
    }

    /// What a predecessor has left, oldest first.
    pub fn left(root: &Path) -> io::Result<Vec<(Record, Spool)>> {
        let entries = match std::fs::read_dir(root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut left = Vec::new();
        for entry in entries {
            let spool = Spool {
                directory: entry?.path(),
            };
            match spool.read_record() {
                Ok(record) => left.push((record, spool)),
                Err(error) => {
                    tracing::warn!(path = %spool.directory.display(), %error, "unreadable spool");
                }
            }
        }
        left.sort_by_key(|(record, _)| record.fence);
        Ok(left)
    }

    pub fn record(&self, record: &Record) -> io::Result<()> {
        self.write(RECORD, &serde_json::to_vec(record)?)
    }

    pub fn read_record(&self) -> io::Result<Record> {
        Ok(serde_json::from_slice(&std::fs::read(
            self.directory.join(RECORD),
        )?)?)
    }

    /// The file of a log, to be written at its end and read anywhere. `offset`: how much of the log
    /// the server has already.
    pub fn log(&self, version: i64, offset: u64) -> io::Result<File> {
        let path = self.directory.join(format!("{LOG}{version}-{offset}"));
        OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .mode(0o600)
            .open(path)
    }

    /// Versions and offsets of logs, ascending.
    pub fn logs(&self) -> io::Result<Vec<(i64, u64)>> {
        let mut logs = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let numbers = name
                .to_str()
                .and_then(|name| name.strip_prefix(LOG)?.split_once('-'));
            logs.extend(numbers.and_then(|(v, o)| Some((v.parse().ok()?, o.parse().ok()?))));
        }
        logs.sort_unstable();
        Ok(logs)
    }

    /// The server has all of it.
    pub fn drop_log(&self, version: i64, offset: u64) {
        let _ = std::fs::remove_file(self.directory.join(format!("{LOG}{version}-{offset}")));
    }

    pub fn keep_errored_state(&self, state: &[u8]) -> io::Result<()> {
        self.write(ERRORED_STATE, state)
    }

    pub fn errored_state(&self) -> io::Result<Option<Vec<u8>>> {
        present(std::fs::read(self.directory.join(ERRORED_STATE)))
    }

    pub fn drop_errored_state(&self) {
        let _ = std::fs::remove_file(self.directory.join(ERRORED_STATE));
    }

    pub fn keep_finished(&self, message: &PhaseFinished) -> io::Result<()> {
        self.write(FINISHED, &serde_json::to_vec(message)?)
    }

    pub fn finished(&self) -> io::Result<Option<PhaseFinished>> {
        match present(std::fs::read(self.directory.join(FINISHED)))? {
            Some(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Makes everything durable: the machine may go down before a successor reads it.
    pub fn settle(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.directory)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(&self.directory)?.sync_all()?;
        match self.directory.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// The server has everything, or will never take it.
    pub fn remove(self) {
        gantry_fault::before("the end of a spool");
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            tracing::warn!(path = %self.directory.display(), %error, "spool can't be removed");
        }
        gantry_fault::after("the end of a spool");
    }

    /// Puts the spool aside for a person: the server refused a state that exists nowhere else.
    pub fn put_aside(self, refused: &Path) -> io::Result<PathBuf> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(refused)?;
        let name = self.directory.file_name().unwrap_or_default();
        let target = refused.join(name);
        std::fs::rename(&self.directory, &target)?;
        Ok(target)
    }

    /// Whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        gantry_fault::before(format_args!("the spool's {name}"));
        let new = self.directory.join(format!("{name}.new"));
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        std::fs::rename(&new, self.directory.join(name))?;
        gantry_fault::after(format_args!("the spool's {name}"));
        Ok(())
    }
}

fn present<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
