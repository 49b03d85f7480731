//! The log of a phase: masked before anything else sees it, kept on disk, and with the server as
//! soon as it can take it.
//!
//! No timer holds output back: what comes while a message is under way travels together in the next
//! one. Only bytes that may be the beginning of a secret wait for what follows them.
//!
//! Of a log that is longer than its limit the end waits in memory until the phase is over ([`Kept`]),
//! so neither a disk nor memory nor the object storage is filled by what a hostile child prints. The
//! same happens where the worker's disk can't take the log: what it has taken stays, and the end goes
//! to the server from memory.

mod kept;

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use gantry_core::masking::{Masker, Masks};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

pub use kept::FLOOD;

use crate::child::Size;
use crate::report::{Report, Undelivered};
use crate::spool::Spool;
use kept::Kept;

/// The most that one message carries.
const MESSAGE: u64 = 256 * 1024;

pub struct PhaseLog {
    masks: Masks,
    child: Masker,
    kept: Kept,
    limit: u64,
    shared: Arc<Shared>,
    upload: JoinHandle<Result<(), Undelivered>>,
    in_line: bool,
}

struct Shared {
    file: File,
    /// Where in the log the file begins.
    offset: u64,
    /// Bytes in the file.
    written: AtomicU64,
    /// What follows the file, where the disk did not take it.
    beyond: Mutex<Vec<u8>>,
    complete: AtomicBool,
    more: Notify,
}

impl PhaseLog {
    /// `offset`: the length of what the server has of this log already. `limit`: how many bytes are
    /// kept; 0: all.
    pub fn open(
        spool: &Spool,
        (version, offset): (i64, u64),
        limit: u64,
        masks: Masks,
        report: Report,
    ) -> std::io::Result<PhaseLog> {
        let shared = Arc::new(Shared {
            file: spool.log(version, offset)?,
            offset,
            written: AtomicU64::new(0),
            beyond: Mutex::default(),
            complete: AtomicBool::new(false),
            more: Notify::new(),
        });
        let upload = tokio::spawn(upload(shared.clone(), version, report).in_current_span());
        let child = masks.stream();
        Ok(PhaseLog {
            masks,
            child,
            kept: Kept::of(limit),
            limit,
            shared,
            upload,
            in_line: false,
        })
    }

    /// What a child printed.
    pub fn write(&mut self, bytes: &[u8]) {
        let masked = self.child.push(bytes);
        self.append(&masked);
    }

    /// A sentence of the worker's own, on a line of its own. What the child has begun goes on after
    /// it.
    pub fn say(&mut self, sentence: &str) {
        let begin = if self.in_line { "\n" } else { "" };
        let line = format!("{begin}{}\n", self.masks.mask(sentence));
        self.append(line.as_bytes());
    }

    fn append(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let in_line = std::mem::replace(&mut self.in_line, *last != b'\n');
        let before = self.kept.is_whole();
        let now = self.kept.beginning(bytes);
        if let Err(error) = self.shared.put(now) {
            tracing::error!(%error, "the log can't be written; only its end is kept");
            self.kept.take_back(now);
        } else if before && !self.kept.is_whole() {
            let begin = match now.last() {
                Some(b'\n') => "",
                None if !in_line => "",
                Some(_) | None => "\n",
            };
            let note = format!(
                "{begin}... this log has reached its limit of {}: of what follows only the end is kept\n",
                Size(self.limit)
            );
            // Where it can't be written, the one at the end says it.
            let _ = self.shared.put(note.as_bytes());
        }
    }

    /// Ends the log, and waits until the server has all of it. Its whole length.
    pub async fn finish(mut self) -> Result<u64, Undelivered> {
        let rest = self.child.finish();
        self.append(&rest);
        if let Some((left_out, end)) = self.kept.end() {
            let note = match left_out {
                0 => String::new(),
                1 => "... 1 byte is left out here\n".to_owned(),
                left_out => format!("... {left_out} bytes are left out here\n"),
            };
            self.shared.put_last(&[note.as_bytes(), &end].concat());
        }
        self.shared.complete.store(true, Ordering::Release);
        self.shared.more.notify_one();
        match self.upload.await {
            Ok(outcome) => outcome?,
            Err(error) => return Err(Undelivered::Gone(error.to_string())),
        }
        Ok(self.shared.offset + self.shared.length())
    }
}

impl Shared {
    /// All of it into the file, or nothing.
    fn put(&self, bytes: &[u8]) -> std::io::Result<()> {
        let written = self.written.load(Ordering::Relaxed);
        gantry_fault::before("the spool's log");
        if let Err(error) = (&self.file).write_all(bytes) {
            // A part of it may be there; removing it needs no room.
            let _ = self.file.set_len(written);
            return Err(error);
        }
        self.written
            .store(written + bytes.len() as u64, Ordering::Release);
        gantry_fault::after("the spool's log");
        self.more.notify_one();
        Ok(())
    }

    /// The end of the log: where the disk does not take it, it goes to the server from memory.
    fn put_last(&self, bytes: &[u8]) {
        if let Err(error) = self.put(bytes) {
            tracing::error!(%error, "the end of a log can't be written; it is sent from memory");
            let mut beyond = self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
            beyond.extend_from_slice(b"... the worker's disk could not take this log: ");
            beyond.extend_from_slice(error.to_string().as_bytes());
            beyond.push(b'\n');
            beyond.extend_from_slice(bytes);
        }
    }

    fn length(&self) -> u64 {
        let beyond = self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        self.written.load(Ordering::Acquire) + beyond.len() as u64
    }

    /// From `offset` on, no more than one message carries.
    fn read(&self, offset: u64) -> std::io::Result<Bytes> {
        let written = self.written.load(Ordering::Acquire);
        if offset < written {
            return read(&self.file, offset, (written - offset).min(MESSAGE));
        }
        let beyond = self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = beyond
            .get((offset - written) as usize..)
            .unwrap_or_default();
        Ok(Bytes::copy_from_slice(
            &rest[..rest.len().min(MESSAGE as usize)],
        ))
    }
}

async fn upload(shared: Arc<Shared>, version: i64, report: Report) -> Result<(), Undelivered> {
    let mut sent = 0;
    loop {
        // Read in this order: what is complete grows no more.
        let complete = shared.complete.load(Ordering::Acquire);
        if sent < shared.length() {
            let bytes = shared
                .read(sent)
                .map_err(|error| Undelivered::Gone(error.to_string()))?;
            let end = report.log(version, shared.offset + sent, bytes).await?;
            sent = within(end, shared.offset)?;
        } else if complete {
            return Ok(());
        } else {
            shared.more.notified().await;
        }
    }
}

/// Sends a log that a predecessor has left, all of its file: what the server has already, it passes
/// over.
pub async fn resend(
    spool: &Spool,
    (version, offset): (i64, u64),
    report: &Report,
) -> Result<(), Undelivered> {
    let gone = |error: std::io::Error| Undelivered::Gone(error.to_string());
    let file = spool.log(version, offset).map_err(gone)?;
    let length = file.metadata().map_err(gone)?.len();
    let mut sent = 0;
    while sent < length {
        let bytes = read(&file, sent, (length - sent).min(MESSAGE)).map_err(gone)?;
        let end = report.log(version, offset + sent, bytes).await?;
        sent = within(end, offset)?;
    }
    Ok(())
}

/// Where in a file that begins at `offset` of its log.
fn within(end: u64, offset: u64) -> Result<u64, Undelivered> {
    end.checked_sub(offset).ok_or_else(|| {
        Undelivered::Refused(format!(
            "the server has lost what came before byte {offset} of a log"
        ))
    })
}

fn read(file: &File, offset: u64, length: u64) -> std::io::Result<Bytes> {
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes.into())
}
