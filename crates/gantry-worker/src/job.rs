//! A job: a run, or the rest of one, from the claim to the release.
//!
//! The worker decides nothing about a run. It prepares the source, then does phase after phase what
//! the server's answers say ([`Next`]), and reports each with the fencing number of its lease.

mod bundle;
mod prepare;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_core::commit::Commit;
use gantry_core::protocol::{Job, Limits, Next};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use bundle::Bundle;

use crate::child_env::Exports;
use crate::engine::Binary;
use crate::heartbeat;
use crate::orders::Orders;
use crate::report::{Report, Undelivered};
use crate::spool::{Record, Spool, digest};
use crate::takeover;
use crate::worker::{Kept, Worker, blocking, remove_after};
use crate::workspace::{CarriedFile, LARGEST_STATE, Source, Workspace};

/// Why a job ends early.
pub enum Fault {
    /// Before a phase could start, for this reason.
    Failed(String),
    Undelivered(Undelivered),
}

impl From<Undelivered> for Fault {
    fn from(undelivered: Undelivered) -> Self {
        Fault::Undelivered(undelivered)
    }
}

/// Everything that a phase of the job needs.
pub struct AtWork {
    pub worker: Arc<Worker>,
    pub job: Job,
    pub report: Report,
    pub orders: Orders,
    pub spool: Spool,
    pub record: Record,
    pub tool: Binary,
    pub commit: Commit,
    pub workspace: Arc<Workspace>,
    /// What hooks of initialize exported.
    pub exports: Exports,
    /// The workspace is the clean one that initialize has left.
    pub initialized: bool,
    /// What apply takes over, once a plan is in place.
    pub plan: Option<Vec<CarriedFile>>,
    /// Reads the plan's JSON and sends it, beside whatever else goes on.
    pub showing: Option<Showing>,
    /// Copies providers out of the workspace, beside whatever else goes on.
    pub keeping: Option<JoinHandle<()>>,
    /// The log that `after_run` continues: its version, and how much the server has of it.
    pub log: (i64, u64),
    pub limits: Limits,
}

pub struct Showing {
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), String>>,
}

/// Works on a claimed job until it is released, or can't be.
///
/// `ending` says when the worker has to end.
pub async fn run(worker: Arc<Worker>, job: Job, lease: Duration, ending: Orders) {
    let orders = ending.below();
    let report = Report::new(
        worker.gateway.clone(),
        job.run.clone(),
        job.fence,
        orders.clone(),
    );
    let record = Record {
        run: job.run.clone(),
        stack: Some(job.stack.clone()),
        fence: job.fence,
        project_root: job.source.project_root.clone(),
        given_state: None,
        phase: None,
    };
    tracing::info!(run.id = %job.run, stack.slug = %job.stack, start = ?job.start, "claimed");
    let spool = match Spool::create(&worker.spool, &record) {
        Ok(spool) => spool,
        Err(error) => {
            let reason = format!(
                "the worker can't write to {}: {error}",
                worker.spool.display()
            );
            let _ = report.released(Some(reason)).await;
            return;
        }
    };
    let beating = tokio::spawn({
        let (gateway, run, orders) = (worker.gateway.clone(), job.run.clone(), orders.clone());
        async move { heartbeat::beat(&gateway, &run, job.fence, lease, &orders).await }
            .in_current_span()
    });
    let taker = worker.clone();
    let (run, refused) = (job.run.clone(), worker.refused.clone());
    let (spool, outcome) = whole(worker, job, report.clone(), orders, spool, record).await;
    let outcome = match outcome {
        Ok(()) => report.released(None).await,
        Err(Fault::Failed(reason)) => report.released(Some(reason)).await,
        Err(Fault::Undelivered(undelivered)) => Err(undelivered),
    };
    beating.abort();
    match outcome {
        Ok(()) => spool.remove(),
        Err(Undelivered::Gone(why)) => {
            tracing::warn!(run.id = %run, why, "the server is gone; what it has not heard is kept");
            if let Err(error) = spool.settle() {
                tracing::error!(run.id = %run, %error, "the spool can't be made durable");
            }
            // It may come back before this worker ends; otherwise a successor reports.
            takeover::report_later(&taker, spool, ending).await;
        }
        Err(Undelivered::Refused(why)) => {
            tracing::warn!(run.id = %run, why, "the run is not ours any more");
            let_go(spool, &refused);
        }
    }
}

/// Drops a spool that the server refuses; not a state that exists nowhere else.
pub fn let_go(spool: Spool, refused: &std::path::Path) {
    match spool.errored_state() {
        Ok(None) => spool.remove(),
        Ok(Some(_)) | Err(_) => match spool.put_aside(refused) {
            Ok(path) => tracing::error!(
                path = %path.display(),
                "the server refused a state that Terraform could not store; it is kept here"
            ),
            Err(error) => tracing::error!(%error, "a refused state can't be put aside"),
        },
    }
}

async fn whole(
    worker: Arc<Worker>,
    job: Job,
    report: Report,
    orders: Orders,
    spool: Spool,
    mut record: Record,
) -> (Spool, Result<(), Fault>) {
    let prepared = match prepare::prepare(&worker, &job, &report, &orders, &spool).await {
        Ok(Some(prepared)) => prepared,
        Ok(None) => return (spool, Ok(())),
        Err(fault) => return (spool, Err(fault)),
    };
    let came_along = blocking(|| {
        prepared
            .workspace
            .errored_state(Source::Clean, LARGEST_STATE)
    });
    // It is on disk with the first phase's beginning.
    record.given_state = came_along.ok().flatten().map(|state| digest(&state));
    let mut at_work = AtWork {
        log: (job.version, prepared.logged),
        worker,
        job,
        report,
        orders,
        spool,
        record,
        tool: prepared.tool,
        commit: prepared.commit,
        workspace: prepared.workspace,
        exports: prepared.exports,
        initialized: prepared.initialized,
        plan: None,
        showing: None,
        keeping: None,
        limits: Limits::MODEST,
    };
    let outcome = at_work.follow(prepared.next).await;
    if let Some(showing) = at_work.showing.take() {
        showing.stop.cancel();
        let _ = showing.task.await;
    }
    let AtWork {
        worker,
        job,
        commit,
        workspace,
        exports,
        spool,
        initialized,
        keeping,
        ..
    } = at_work;
    match outcome {
        Ok(Waiting::Yes) if initialized => {
            worker.keep(Kept {
                run: job.run,
                commit,
                workspace,
                exports,
                since: Instant::now(),
            });
        }
        _ => remove_after(workspace, keeping),
    }
    (spool, outcome.map(drop).map_err(Fault::Undelivered))
}

/// Whether the run goes on some other time.
enum Waiting {
    Yes,
    No,
}

impl AtWork {
    /// Does what the server says until it says to let go.
    async fn follow(&mut self, mut next: Next) -> Result<Waiting, Undelivered> {
        loop {
            match next {
                Next::Phase(start) => next = self.phase(*start).await?,
                Next::Release { ended, env, files } => {
                    // A paused autodeploy still has its plan to show.
                    let _ = self.shown().await;
                    if !ended {
                        return Ok(Waiting::Yes);
                    }
                    self.after_run(env, files).await?;
                    return Ok(Waiting::No);
                }
            }
        }
    }

    /// Waits until the server has the plan's JSON. The error is a sentence.
    pub async fn shown(&mut self) -> Result<(), String> {
        match self.showing.take() {
            Some(showing) => showing
                .task
                .await
                .unwrap_or_else(|error| Err(error.to_string())),
            None => Ok(()),
        }
    }
}
