//! The log of a phase: masked before anything else sees it, kept on disk, and with the server as
//! soon as it can take it.
//!
//! No timer holds output back: what comes while a message is under way travels together in the next
//! one. Only bytes that may be the beginning of a secret wait for what follows them.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use gantry_core::masking::{Masker, Masks};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::report::{Report, Undelivered};
use crate::spool::Spool;

/// The most that one message carries.
const MESSAGE: u64 = 256 * 1024;

/// The most that one phase may say: what a hostile child prints must not fill the disk.
const LONGEST: u64 = 512 * 1024 * 1024;

pub struct PhaseLog {
    masks: Masks,
    child: Masker,
    shared: Arc<Shared>,
    upload: JoinHandle<Result<(), Undelivered>>,
    in_line: bool,
    cut: bool,
}

struct Shared {
    file: File,
    /// Where in the log the file begins.
    offset: u64,
    /// Bytes in the file.
    written: AtomicU64,
    complete: AtomicBool,
    more: Notify,
}

impl PhaseLog {
    /// `offset`: the length of what the server has of this log already.
    pub fn open(
        spool: &Spool,
        version: i64,
        offset: u64,
        masks: Masks,
        report: Report,
    ) -> std::io::Result<PhaseLog> {
        let shared = Arc::new(Shared {
            file: spool.log(version, offset)?,
            offset,
            written: AtomicU64::new(0),
            complete: AtomicBool::new(false),
            more: Notify::new(),
        });
        let upload = tokio::spawn(upload(shared.clone(), version, report));
        let child = masks.stream();
        Ok(PhaseLog {
            masks,
            child,
            shared,
            upload,
            in_line: false,
            cut: false,
        })
    }

    /// What a child printed.
    pub fn write(&mut self, bytes: &[u8]) {
        let masked = self.child.push(bytes);
        Self::append(&self.shared, &mut self.in_line, &mut self.cut, &masked);
    }

    /// A sentence of the worker's own, on a line of its own. What the child has begun goes on after
    /// it.
    pub fn say(&mut self, sentence: &str) {
        let begin = if self.in_line { "\n" } else { "" };
        let line = format!("{begin}{}\n", self.masks.mask(sentence));
        Self::append(
            &self.shared,
            &mut self.in_line,
            &mut self.cut,
            line.as_bytes(),
        );
    }

    fn append(shared: &Shared, in_line: &mut bool, cut: &mut bool, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if *cut {
            return;
        }
        *in_line = *last != b'\n';
        let written = shared.written.load(Ordering::Relaxed);
        let mut outcome = (&shared.file).write_all(bytes);
        let mut length = bytes.len() as u64;
        if written + length > LONGEST && outcome.is_ok() {
            let note = b"\n... the rest of this log was cut: it is longer than 512 MiB\n";
            outcome = (&shared.file).write_all(note);
            length += note.len() as u64;
            *cut = true;
        }
        if let Err(error) = outcome {
            tracing::error!(%error, "the log can't be written; the rest of it is lost");
            *cut = true;
            return;
        }
        shared.written.store(written + length, Ordering::Release);
        shared.more.notify_one();
    }

    /// Ends the log, and waits until the server has all of it. Its whole length.
    pub async fn finish(mut self) -> Result<u64, Undelivered> {
        let rest = self.child.finish();
        Self::append(&self.shared, &mut self.in_line, &mut self.cut, &rest);
        self.shared.complete.store(true, Ordering::Release);
        self.shared.more.notify_one();
        match self.upload.await {
            Ok(outcome) => outcome?,
            Err(error) => return Err(Undelivered::Gone(error.to_string())),
        }
        Ok(self.shared.offset + self.shared.written.load(Ordering::Acquire))
    }
}

async fn upload(shared: Arc<Shared>, version: i64, report: Report) -> Result<(), Undelivered> {
    let mut sent = 0;
    loop {
        // Read in this order: what is complete grows no more.
        let complete = shared.complete.load(Ordering::Acquire);
        let written = shared.written.load(Ordering::Acquire);
        if sent < written {
            let bytes = read(&shared.file, sent, (written - sent).min(MESSAGE))
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
