//! From a claim to a workspace: the commit is resolved, `prepared` is sent, and while the server
//! issues credentials the files are written.

use std::sync::Arc;

use gantry_core::commit::Commit;
use gantry_core::masking::Masks;
use gantry_core::protocol::{Job, Limits, Next, PhaseFinished, PhaseOutcome, PhaseStart, Start};
use gantry_git::Mirror;

use super::Fault;
use crate::child_env::Exports;
use crate::engine::Binary;
use crate::logs::PhaseLog;
use crate::orders::{Order, Orders};
use crate::report::{Report, Undelivered};
use crate::spool::Spool;
use crate::worker::{Worker, blocking, remove};
use crate::workspace::Workspace;

pub struct Prepared {
    pub next: Next,
    pub tool: Binary,
    pub commit: Commit,
    pub workspace: Arc<Workspace>,
    pub exports: Exports,
    pub initialized: bool,
    /// Length of the preparing state's log.
    pub logged: u64,
}

/// `None`: there is nothing to do any more but to release the run.
pub async fn prepare(
    worker: &Arc<Worker>,
    job: &Job,
    report: &Report,
    orders: &Orders,
    spool: &Spool,
) -> Result<Option<Prepared>, Fault> {
    // A proxy's password may turn up in what git says.
    let masks = Masks::new(&worker.environment.masked);
    let mut log = PhaseLog::open(
        spool,
        (job.version, 0),
        Limits::MODEST.log,
        masks,
        report.clone(),
    )
    .map_err(|error| Fault::Failed(format!("the worker can't keep the run's log: {error}")))?;
    for condition in &worker.conditions {
        log.say(condition);
    }
    let found = tokio::select! {
        biased;
        order = orders.interrupted() => Err(interrupted(&order)),
        found = find(worker, job) => found,
    };
    let found = match found {
        Ok(found) => found,
        Err(sentence) => {
            log.say(&sentence);
            log.finish().await?;
            return Err(Fault::Failed(sentence));
        }
    };
    let Found { tool, commit, kind } = found;
    let subject = commit.message.lines().next().unwrap_or_default();
    log.say(&format!(
        "{}: commit {} {subject}",
        job.source.url, commit.hash
    ));
    let pinned = tool.pinned();
    log.say(&pinned.to_string());

    let (next, placed, logged) = tokio::join!(
        report.prepared(commit.clone(), pinned),
        place(worker, job, &commit.hash, kind),
        log.finish(),
    );
    match (next, logged, placed) {
        (Ok(next), Ok(logged), Ok(placed)) => Ok(Some(Prepared {
            next,
            tool,
            commit,
            workspace: placed.workspace,
            exports: placed.exports,
            initialized: placed.initialized,
            logged,
        })),
        (Ok(Next::Phase(start)), Ok(_), Err(sentence)) => {
            fail(*start, sentence, report, spool).await?;
            Ok(None)
        }
        (Ok(Next::Release { .. }), Ok(_), Err(_)) => Ok(None),
        (Err(undelivered), _, placed) | (_, Err(undelivered), placed) => {
            if let Ok(placed) = placed {
                remove(placed.workspace);
            }
            Err(undelivered.into())
        }
    }
}

struct Found {
    tool: Binary,
    commit: Commit,
    kind: Kind,
}

enum Kind {
    /// The clean workspace that this worker has kept for the run.
    Kept(Placed),
    Checkout(Mirror),
}

struct Placed {
    workspace: Arc<Workspace>,
    exports: Exports,
    initialized: bool,
}

async fn find(worker: &Worker, job: &Job) -> Result<Found, String> {
    let tool = async {
        worker
            .tools
            .find(&job.tool)
            .await
            .map_err(|error| error.to_string())
    };
    let (tool, code) = tokio::join!(tool, code(worker, job));
    let (commit, kind) = code?;
    Ok(Found {
        tool: tool?,
        commit,
        kind,
    })
}

async fn code(worker: &Worker, job: &Job) -> Result<(Commit, Kind), String> {
    let kept = match job.start {
        Start::Fresh => None,
        Start::Apply | Start::Replan => worker.take_kept(&job.run),
    };
    if let Some(kept) = kept {
        if job
            .source
            .commit
            .as_ref()
            .is_none_or(|hash| *hash == kept.commit.hash)
        {
            let placed = Placed {
                workspace: kept.workspace,
                exports: kept.exports,
                initialized: true,
            };
            return Ok((kept.commit, Kind::Kept(placed)));
        }
        remove(kept.workspace);
    }
    let source = worker
        .git
        .source(&job.source.url)
        .map_err(|error| error.to_string())?;
    let mirror = blocking(|| worker.git.mirror(&source)).map_err(|error| error.to_string())?;
    gantry_fault::before("a commit is looked for");
    let commit = match &job.source.commit {
        Some(hash) => mirror.commit(hash).await,
        None => mirror.resolve(&job.source.branch).await,
    };
    gantry_fault::after("a commit is looked for");
    Ok((
        commit.map_err(|error| error.to_string())?,
        Kind::Checkout(mirror),
    ))
}

async fn place(worker: &Worker, job: &Job, hash: &str, kind: Kind) -> Result<Placed, String> {
    let mirror = match kind {
        Kind::Checkout(mirror) => mirror,
        Kind::Kept(placed) => return Ok(placed),
    };
    let user = worker.sandbox.take_user().ok_or_else(|| {
        "every user ID that runs may have is in use: widen the range in the worker's configuration"
            .to_owned()
    })?;
    let mut workspace = blocking(|| Workspace::create(&worker.sandbox, user, job.run.as_str()))
        .map_err(|error| error.to_string())?;
    let placed = async {
        let source = &job.source;
        gantry_fault::before("a checkout");
        mirror
            .checkout(hash, &workspace.checkout(), &source.sparse_paths)
            .await
            .map_err(|error| error.to_string())?;
        gantry_fault::after("a checkout");
        blocking(|| workspace.adopt(&source.project_root)).map_err(|error| error.to_string())?;
        match job.managed_state {
            true => blocking(|| workspace.manage_state()).map_err(|error| error.to_string()),
            false => Ok(()),
        }
    }
    .await;
    let workspace = Arc::new(workspace);
    match placed {
        Ok(()) => Ok(Placed {
            workspace,
            exports: Exports::default(),
            initialized: false,
        }),
        Err(sentence) => {
            remove(workspace);
            Err(sentence)
        }
    }
}

/// The server has begun a phase whose files could not be written.
async fn fail(
    start: PhaseStart,
    reason: String,
    report: &Report,
    spool: &Spool,
) -> Result<(), Undelivered> {
    if let Ok(mut log) = PhaseLog::open(
        spool,
        (start.version, 0),
        start.limits.log,
        Masks::none(),
        report.clone(),
    ) {
        log.say(&reason);
        log.finish().await?;
    }
    let message = PhaseFinished {
        fence: report.fence(),
        phase: start.phase,
        version: start.version,
        outcome: PhaseOutcome::Failed { reason },
        errored_state: false,
        backend_lock: None,
    };
    report.finished(&message).await.map(drop)
}

fn interrupted(order: &Order) -> String {
    match order {
        Order::GoOn | Order::Stop => "stopped while it was being prepared".into(),
        Order::End { why } => format!("the worker had to end while it prepared the run: {why}"),
        Order::LeaseLost { why } => format!("the worker lost the run while it prepared it: {why}"),
    }
}
