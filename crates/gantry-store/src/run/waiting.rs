//! What stands between a run and its next step, for those who look at it.

use std::collections::HashMap;

use gantry_core::ids::{RunId, StackId, WorkerPoolId};
use gantry_core::run::{RunKind, RunState};

use crate::{Reader, Row, StoreError};

/// A run that has not ended, and what its stack has to do with it.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub run: RunId,
    pub stack: StackId,
    pub kind: RunKind,
    pub state: RunState,
    pub triggered_by_id: String,
    pub disabled: bool,
    /// Of its stack.
    pub pool: Option<WorkerPoolId>,
    /// The run that holds the stack, and its state.
    pub blocker: Option<(RunId, RunState)>,
    /// Holder, name of the holder, note.
    pub lock: Option<(String, String, Option<String>)>,
    /// Why the stack is locked although nobody did.
    pub system_lock: Option<String>,
    /// Runs of the same stack that go first.
    pub before: i64,
}

/// Those among `runs` that wait for something, by ID.
pub async fn waiting(reader: Reader<'_>, runs: &[RunId]) -> Result<Vec<Waiting>, StoreError> {
    let select =
        "SELECT run.id, run.stack_id, run.kind, run.state, run.triggered_by_id, stack.disabled,
                stack.worker_pool_id, stack.blocker_run_id, blocker.state AS blocker_state, stack.lock_holder,
                stack.lock_holder_name, stack.lock_note, stack.system_lock_note,
                (SELECT COUNT(*) FROM run other WHERE other.stack_id = run.stack_id
                 AND other.state = 'QUEUED' AND other.finished_at IS NULL
                 AND (other.prioritized > run.prioritized
                      OR (other.prioritized = run.prioritized AND other.id < run.id))) AS ahead
         FROM run JOIN stack ON stack.id = run.stack_id
         LEFT JOIN run blocker ON blocker.id = stack.blocker_run_id
         WHERE run.finished_at IS NULL
         AND run.state IN ('QUEUED', 'READY', 'UNCONFIRMED', 'CONFIRMED', 'REPLAN_REQUESTED')
         AND run.id IN";
    let ids = runs.iter().map(RunId::as_str);
    let rows = reader.among(select, vec![], ids, "ORDER BY run.id").await?;
    rows.iter().map(from_row).collect()
}

/// How many runs are with workers, of each pool and of none.
pub async fn at_work(reader: Reader<'_>) -> Result<HashMap<Option<WorkerPoolId>, i64>, StoreError> {
    let rows = reader
        .all(
            "SELECT worker.pool_id AS pool_id, COUNT(*) AS runs FROM run
             LEFT JOIN worker ON worker.id = run.worker_id
             WHERE run.lease_until IS NOT NULL GROUP BY worker.pool_id",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let pool = row.opt_text("pool_id")?.map(WorkerPoolId::new);
            Ok((pool, row.int("runs")?))
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Waiting, StoreError> {
    let blocker = row.opt_text("blocker_run_id")?.map(RunId::new);
    let blocker_state = match row.opt_text("blocker_state")? {
        Some(_) => Some(row.parsed("blocker_state", RunState::parse)?),
        None => None,
    };
    let lock = match row.opt_text("lock_holder")? {
        Some(holder) => Some((
            holder,
            row.opt_text("lock_holder_name")?.unwrap_or_default(),
            row.opt_text("lock_note")?,
        )),
        None => None,
    };
    Ok(Waiting {
        run: RunId::new(row.text("id")?),
        stack: StackId::new(row.text("stack_id")?),
        kind: row.parsed("kind", RunKind::parse)?,
        state: row.parsed("state", RunState::parse)?,
        triggered_by_id: row.text("triggered_by_id")?,
        disabled: row.flag("disabled")?,
        pool: row.opt_text("worker_pool_id")?.map(WorkerPoolId::new),
        blocker: blocker.zip(blocker_state),
        lock,
        system_lock: row.opt_text("system_lock_note")?,
        before: row.int("ahead")?,
    })
}
