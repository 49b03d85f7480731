//! What a predecessor on this machine has left: its processes are killed, and what it could not
//! report is told to the server under the fencing numbers it had.
//!
//! The caller holds the worker's lock, so the predecessor itself is dead.

use std::path::Path;
use std::time::{Duration, Instant};

use gantry_core::protocol::{Next, PhaseFinished, PhaseOutcome};
use gantry_core::run::Phase;
use tracing::Instrument as _;

use crate::job::let_go;
use crate::logs;
use crate::orders::Orders;
use crate::report::{Report, Undelivered};
use crate::spool::{PhaseRecord, Process, Record, Spool, digest};
use crate::worker::Worker;
use crate::workspace::left_errored_state;

/// How long killed processes may take to go.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
pub enum TakeoverError {
    #[error("the spool {path} can't be read: {source}")]
    Spool {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "processes of earlier runs are still alive after {} s ({numbers:?}): no run is taken until \
         they are gone", PATIENCE.as_secs()
    )]
    Alive { numbers: Vec<i32> },
    #[error("the server is gone again: {0}")]
    Gone(String),
}

/// Ends with nothing left of a predecessor.
pub async fn take_over(worker: &Worker, orders: &Orders) -> Result<(), TakeoverError> {
    let left = Spool::left(&worker.spool).map_err(|source| TakeoverError::Spool {
        path: worker.spool.clone(),
        source,
    })?;
    let recorded: Vec<Process> = left
        .iter()
        .filter_map(|(record, _)| record.phase.as_ref())
        .flat_map(|phase| phase.processes.clone())
        .collect();
    tokio::task::spawn_blocking(move || kill(&recorded))
        .await
        .unwrap_or(Err(vec![]))
        .map_err(|numbers| TakeoverError::Alive { numbers })?;

    for (record, spool) in left {
        let span = record.span();
        span.in_scope(|| tracing::info!(phase = ?record.phase, "reporting what was left"));
        let report = Report::new(
            worker.gateway.clone(),
            record.run.clone(),
            record.fence,
            orders.clone(),
        );
        let replayed = replay(worker, &record, &spool, &report).instrument(span.clone());
        match replayed.await {
            Ok(()) => spool.remove(),
            Err(Undelivered::Refused(why)) => span.in_scope(|| {
                tracing::warn!(why, "the server has gone on without it");
                let_go(spool, &worker.refused);
            }),
            Err(Undelivered::Gone(why)) => return Err(TakeoverError::Gone(why)),
        }
    }
    sweep(worker.sandbox.runs());
    Ok(())
}

/// Reports a spool of this worker's own as soon as the server is back; until then, or until the
/// worker ends, it waits.
pub async fn report_later(worker: &Worker, spool: Spool, ending: Orders) {
    let record = match spool.read_record() {
        Ok(record) => record,
        Err(error) => {
            tracing::error!(%error, "a spool can't be read");
            return;
        }
    };
    let report = Report::new(
        worker.gateway.clone(),
        record.run.clone(),
        record.fence,
        ending.below(),
    );
    match replay(worker, &record, &spool, &report).await {
        Ok(()) => spool.remove(),
        Err(Undelivered::Refused(why)) => {
            tracing::warn!(run.id = %record.run, why, "the server has gone on without it");
            let_go(spool, &worker.refused);
        }
        Err(Undelivered::Gone(_)) => {}
    }
}

async fn replay(
    worker: &Worker,
    record: &Record,
    spool: &Spool,
    report: &Report,
) -> Result<(), Undelivered> {
    // Before anything else, and on disk before it is sent: it exists nowhere else.
    let state = state(worker, record, spool);
    let mut refused = None;
    for log in spool.logs().unwrap_or_default() {
        match logs::resend(spool, log, report).await {
            Ok(()) => {}
            Err(Undelivered::Refused(why)) => refused = Some(why),
            Err(gone) => return Err(gone),
        }
    }
    if let Some(state) = &state {
        report.errored_state(state.clone().into()).await?;
        spool.drop_errored_state();
    }
    if let Some(why) = refused {
        return Err(Undelivered::Refused(why));
    }
    let failed = match &record.phase {
        None => Some("the worker ended before the next phase of the run could start".to_owned()),
        Some(phase) => {
            let message = match spool.finished() {
                Ok(Some(message)) => message,
                _ => interrupted(record, phase, state.is_some()),
            };
            match report.finished(&message).await? {
                Next::Release { .. } => None,
                Next::Phase(_) => Some("the worker was started anew between two phases".to_owned()),
            }
        }
    };
    report.released(failed).await
}

/// A phase whose worker ended without a word.
fn interrupted(record: &Record, phase: &PhaseRecord, errored_state: bool) -> PhaseFinished {
    let known = match phase.phase {
        Phase::Apply | Phase::Destroy | Phase::Perform => {
            ". Its processes are dead; what it had changed until then may be missing in the state. If \
             it left a lock in the state's backend, the next phase that writes fails at it, and names \
             the lock and the task that removes it"
        }
        Phase::Initialize | Phase::Plan => "",
    };
    PhaseFinished {
        fence: record.fence,
        phase: phase.phase,
        version: phase.version,
        outcome: PhaseOutcome::Failed {
            reason: format!(
                "the worker was killed during the {} phase{known}",
                phase.phase
            ),
        },
        errored_state,
        backend_lock: None,
    }
}

fn state(worker: &Worker, record: &Record, spool: &Spool) -> Option<Vec<u8>> {
    match spool.errored_state() {
        Ok(Some(state)) => return Some(state),
        Ok(None) => {}
        Err(error) => tracing::error!(run.id = %record.run, %error, "a kept state can't be read"),
    }
    let phase = record.phase.as_ref()?.phase;
    let run = worker.sandbox.runs().join(record.run.as_str());
    let state = match left_errored_state(&run, &record.project_root, phase == Phase::Plan) {
        // What was there before was not left by the phase.
        Ok(state) => state.filter(|state| record.given_state != Some(digest(state)))?,
        Err(error) => {
            tracing::error!(run.id = %record.run, %error, "a state that was left can't be read");
            return None;
        }
    };
    if let Err(error) = spool
        .keep_errored_state(&state)
        .and_then(|()| spool.settle())
    {
        tracing::error!(run.id = %record.run, %error, "a state that was left can't be kept");
    }
    Some(state)
}

/// Workspaces of runs that nobody holds any more: a run that waits starts from a clean checkout.
fn sweep(runs: &Path) {
    for entry in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        if let Err(error) = crate::workspace::remove_left(&entry.path()) {
            tracing::warn!(path = %entry.path().display(), %error, "can't be removed");
        }
    }
}

/// Kills what is alive of `recorded` and waits until it is gone. The error holds the numbers of those
/// that stay. With the first process of a pid namespace all the others in it die.
fn kill(recorded: &[Process]) -> Result<(), Vec<i32>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let alive: Vec<i32> = recorded
            .iter()
            .filter(|process| started(process.pid) == Some(process.started))
            .map(|process| process.pid)
            .collect();
        if alive.is_empty() {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(alive);
        }
        for pid in alive {
            // SAFETY: two numbers.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// When a process that isn't just waiting to be reaped was started, in clock ticks since boot.
pub fn started(pid: i32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name of a process may be anything, brackets included.
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}
