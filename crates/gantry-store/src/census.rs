//! What there is at the moment, counted.

use gantry_core::run::{RunKind, RunState};

use crate::{Reader, StoreError};

/// Runs of one kind in one state that have not ended.
pub struct RunGroup {
    pub kind: RunKind,
    pub state: RunState,
    pub count: i64,
    /// When the one was moved last that was moved first.
    pub oldest: i64,
}

pub async fn runs(reader: Reader<'_>) -> Result<Vec<RunGroup>, StoreError> {
    let rows = reader
        .all(
            "SELECT kind, state, COUNT(*) AS number, MIN(updated_at) AS oldest FROM run
             WHERE finished_at IS NULL GROUP BY kind, state",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(RunGroup {
                kind: row.parsed("kind", RunKind::parse)?,
                state: row.parsed("state", RunState::parse)?,
                count: row.int("number")?,
                oldest: row.int("oldest")?,
            })
        })
        .collect()
}

/// Stacks that are locked, by what holds them.
#[derive(Default)]
pub struct Locks {
    pub user: i64,
    pub lost_worker: i64,
    pub errored_state: i64,
}

pub async fn locks(reader: Reader<'_>) -> Result<Locks, StoreError> {
    let row = reader
        .one(
            "SELECT COUNT(lock_holder) AS held,
             COUNT(CASE WHEN system_lock = 'lost_worker' THEN 1 END) AS lost,
             COUNT(CASE WHEN system_lock = 'errored_state' THEN 1 END) AS errored
             FROM stack WHERE lock_holder IS NOT NULL OR system_lock IS NOT NULL",
            vec![],
        )
        .await?;
    row.map_or(Ok(Locks::default()), |row| {
        Ok(Locks {
            user: row.int("held")?,
            lost_worker: row.int("lost")?,
            errored_state: row.int("errored")?,
        })
    })
}

/// Workers that said hello and are not known to be gone.
pub struct WorkerGroup {
    pub private: bool,
    pub drained: bool,
    pub busy: bool,
    pub count: i64,
}

pub async fn workers(reader: Reader<'_>) -> Result<Vec<WorkerGroup>, StoreError> {
    let rows = reader
        .all(
            "SELECT COUNT(worker.pool_id) AS private, worker.drained AS drained,
             COUNT(held.worker_id) AS busy, COUNT(*) AS number
             FROM worker LEFT JOIN
             (SELECT DISTINCT worker_id FROM run WHERE lease_until IS NOT NULL) held
             ON held.worker_id = worker.id
             WHERE worker.gone_at IS NULL
             GROUP BY worker.pool_id IS NULL, worker.drained, held.worker_id IS NULL",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(WorkerGroup {
                private: row.flag("private")?,
                drained: row.flag("drained")?,
                busy: row.flag("busy")?,
                count: row.int("number")?,
            })
        })
        .collect()
}
