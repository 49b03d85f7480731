//! Logs of runs: streamed in by the worker, masked before they left it; read by byte offset while
//! they grow and ever after.
//!
//! Pieces of [`PIECE_BYTES`] and the rest, when the worker lets go of the run, go to object storage.
//! Until then the end of a log is in memory where there is one server, and in the database where there
//! may be several. Either may lose it: then it is sent again by the worker, which keeps the whole log.

mod page;
mod shared;
mod tail;

use bytes::Bytes;
use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run::{Run, RunState, RunTransition};
use gantry_store::run_log::{self, LogPiece};
use gantry_store::{Dialect, Tx, run_transition};

pub use page::LogPage;
pub(crate) use tail::Tails;

use crate::gateway::GatewayError;
use crate::news::{LogGrew, Word};
use crate::{App, OpError, Subject};

/// A piece of this size is stored without waiting for the end of the phase.
const PIECE_BYTES: usize = 256 << 10;

/// What a worker keeps is its limit of what the phase prints and as much of the hooks after the run; the
/// limit may have been lowered since the phase began.
const TIMES_THE_LIMIT: u64 = 4;

/// What workers say in logs themselves.
const NOTES_BYTES: u64 = 1 << 20;

/// One answer holds no more than this.
const PAGE_BYTES: usize = 64 << 10;

/// An end of a log that is in object storage, but not recorded yet.
pub(crate) enum SealedTail {
    /// Nobody appends to it meanwhile.
    Own {
        version: i64,
        tail: tail::Open,
        piece: Option<LogPiece>,
    },
    Shared {
        version: i64,
        piece: LogPiece,
    },
}

/// What of a log is not in object storage.
struct Live {
    start: u64,
    bytes: Bytes,
}

impl App {
    /// Appends what a worker read from a child. `offset` is where the bytes begin in the log: what
    /// is there already is skipped, a gap is refused with the offset that is expected.
    pub async fn run_log_append(
        &self,
        caller: &Caller,
        id: &RunId,
        version: i64,
        fence: i64,
        offset: u64,
        bytes: Bytes,
    ) -> Result<(), GatewayError> {
        let run = self.held_run(caller, id, fence).await?;
        if !(1..=run.version).contains(&version) {
            return Err(GatewayError::refused(format!(
                "run {id} has no version {version}"
            )));
        }
        self.fits_a_log(id, offset, bytes.len())?;
        if self.shares_logs() {
            let bytes = self
                .append_shared(id, version, fence, offset, bytes)
                .await?;
            self.say_log(id, version, bytes);
            return Ok(());
        }
        let mut tail = self.open_tail(&run, version).await?;
        let end = tail.end();
        let known = end
            .checked_sub(offset)
            .ok_or_else(|| gap(id, end, offset))?;
        let fresh = bytes.get(known as usize..).unwrap_or_default();
        tail.push(fresh);
        self.metrics.log_bytes.inc_by(fresh.len() as u64);
        self.say_log(id, version, tail.end() as i64);
        if tail.len() >= PIECE_BYTES
            && let Some(piece) = self.store_tail(id, version, &tail).await?
        {
            let tx = self.store.begin().await?;
            run_log::insert(&tx, id, version, &piece).await?;
            tx.commit().await?;
            tail.stored();
        }
        Ok(())
    }

    fn say_log(&self, id: &RunId, version: i64, bytes: i64) {
        self.news.say(Word::Log(LogGrew {
            run: id.clone(),
            version,
            bytes,
        }));
    }

    /// Workers keep the limit themselves. One that doesn't fills nobody's disk.
    fn fits_a_log(&self, id: &RunId, offset: u64, length: usize) -> Result<(), GatewayError> {
        let limit = self.settings.limits.log;
        let most = limit.saturating_mul(TIMES_THE_LIMIT) + NOTES_BYTES;
        if limit == 0 || offset.saturating_add(length as u64) <= most {
            return Ok(());
        }
        Err(GatewayError::refused(format!(
            "the log of run {id} is longer than the {} MiB that are taken of one: {TIMES_THE_LIMIT} times \
             run.log_limit",
            most >> 20
        )))
    }

    /// Whether another server may take the next message of a worker, or be asked for its log.
    fn shares_logs(&self) -> bool {
        self.store.dialect() == Dialect::Postgres
    }

    /// Stores the rest of every log of a run. What it answers with is to be recorded by
    /// [`App::record_logs`] in a transaction that begins afterwards: a log is held before a
    /// transaction begins, never the other way round.
    pub(crate) async fn seal_logs(&self, id: &RunId) -> Result<Vec<SealedTail>, OpError> {
        if self.shares_logs() {
            return self.seal_shared(id).await;
        }
        let mut sealed = Vec::new();
        // In order, so that two who do this never wait for each other.
        for version in self.runs.tails.versions(id) {
            if let Some(tail) = self.runs.tails.lock(id, version).await {
                let piece = self.store_tail(id, version, &tail).await?;
                sealed.push(SealedTail::Own {
                    version,
                    tail,
                    piece,
                });
            }
        }
        Ok(sealed)
    }

    pub(crate) async fn record_logs(
        &self,
        tx: &Tx,
        id: &RunId,
        sealed: &[SealedTail],
    ) -> Result<(), OpError> {
        for tail in sealed {
            match tail {
                SealedTail::Own { version, piece, .. } => {
                    if let Some(piece) = piece {
                        run_log::insert(tx, id, *version, piece).await?;
                    }
                }
                SealedTail::Shared { version, piece } => {
                    shared::record_sealed(tx, id, *version, piece).await?;
                }
            }
        }
        Ok(())
    }

    /// Forgets what was recorded, after the commit.
    pub(crate) fn forget_logs(&self, id: &RunId, sealed: Vec<SealedTail>) {
        for sealed in sealed {
            match sealed {
                SealedTail::Own { version, tail, .. } => self.runs.tails.close(id, version, tail),
                SealedTail::Shared { .. } => {}
            }
        }
    }

    async fn open_tail(&self, run: &Run, version: i64) -> Result<tail::Open, OpError> {
        loop {
            let mut tail = self.runs.tails.open(&run.id, version).await;
            if tail.is_closed() {
                continue;
            }
            if !tail.is_known() {
                let pieces = run_log::list(self.store.reader(), &run.id, version).await?;
                tail.begin(end_of(&pieces));
            }
            return Ok(tail);
        }
    }

    async fn store_tail(
        &self,
        id: &RunId,
        version: i64,
        tail: &tail::Open,
    ) -> Result<Option<LogPiece>, OpError> {
        if tail.len() == 0 {
            return Ok(None);
        }
        let piece = LogPiece {
            first_byte: tail.start() as i64,
            bytes: tail.len() as i64,
            object: format!("runs/{id}/log-{version}-{}", tail.start()),
        };
        self.objects.put(&piece.object, tail.copy()).await?;
        Ok(Some(piece))
    }

    /// A page of the log of one visit to `state`: that of `version`, or the newest. `None` when
    /// there is none. `token` is what the page before said comes next.
    pub async fn run_logs(
        &self,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
        state: RunState,
        version: Option<i64>,
        token: Option<&str>,
    ) -> Result<Option<LogPage>, OpError> {
        let Some(run) = self.run(subject, stack, id).await? else {
            return Ok(None);
        };
        let visit = run_transition::find(self.store.reader(), id, state, version).await?;
        let Some(visit) = visit.filter(|visit| visit.has_logs) else {
            return Ok(None);
        };
        let offset = match token {
            None | Some("") => 0,
            Some(token) => token.parse::<u64>().map_err(|_| {
                OpError::invalid(format!(
                    "token {}: give the `nextToken` of the page before, or null",
                    gantry_core::quoted::Quoted(token)
                ))
            })?,
        };
        Ok(Some(self.read_log(&run, &visit, offset).await?))
    }

    /// What is not in object storage, and then what is. A piece that moves meanwhile is in both.
    async fn parts_of_log(
        &self,
        id: &RunId,
        version: i64,
        offset: u64,
    ) -> Result<(Option<Live>, Vec<LogPiece>), OpError> {
        let reader = self.store.reader();
        if self.shares_logs() {
            let live = self.live_shared(id, version, offset).await?;
            return Ok((live, run_log::list(reader, id, version).await?));
        }
        // The tail is held while the list is read, so that a piece is in exactly one of them.
        let tail = self.runs.tails.lock(id, version).await;
        let pieces = run_log::list(reader, id, version).await?;
        let live = tail.filter(tail::Open::is_known).map(|tail| Live {
            start: tail.start(),
            bytes: tail.copy(),
        });
        Ok((live, pieces))
    }

    async fn read_log(
        &self,
        run: &Run,
        visit: &RunTransition,
        offset: u64,
    ) -> Result<LogPage, OpError> {
        let (live, pieces) = self.parts_of_log(&run.id, visit.version, offset).await?;
        let stored = end_of(&pieces);
        let complete = run.version > visit.version && !is_awaited(run);
        let end = live
            .as_ref()
            .map_or(stored, |live| live.start + live.bytes.len() as u64)
            .max(stored);
        let mut page = Vec::new();
        let mut at = offset.min(end);
        for piece in &pieces {
            let (from, to) = (
                piece.first_byte as u64,
                (piece.first_byte + piece.bytes) as u64,
            );
            if page.len() >= PAGE_BYTES || at < from || at >= to {
                continue;
            }
            let bytes = self.objects.get(&piece.object).await?.ok_or_else(|| {
                OpError::internal("read a log", format!("the object {} is gone", piece.object))
            })?;
            let rest = bytes.get((at - from) as usize..).unwrap_or_default();
            page.extend_from_slice(&rest[..rest.len().min(PAGE_BYTES - page.len())]);
            at = offset.min(end) + page.len() as u64;
        }
        if let Some(Live { start, bytes }) = live
            && page.len() < PAGE_BYTES
            && at >= start
        {
            let rest = bytes.get((at - start) as usize..).unwrap_or_default();
            page.extend_from_slice(&rest[..rest.len().min(PAGE_BYTES - page.len())]);
        }
        Ok(page::page(page, offset.min(end), end, complete))
    }
}

/// Whether the worker of a run that has ended is still to say how its last phase ended, and what that
/// printed.
fn is_awaited(run: &Run) -> bool {
    run.state.is_terminal() && run.stop_requested && run.lease.is_some()
}

fn gap(id: &RunId, end: u64, offset: u64) -> GatewayError {
    GatewayError::Refused {
        reason: format!("the log of run {id} ends at {end}, and this begins at {offset}"),
        expected_offset: Some(end),
    }
}

fn end_of(pieces: &[LogPiece]) -> u64 {
    pieces
        .last()
        .map_or(0, |last| (last.first_byte + last.bytes) as u64)
}
