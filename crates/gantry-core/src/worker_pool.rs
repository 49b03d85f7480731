//! Worker pools: private workers of a user, and the stacks that run there and nowhere else.

use crate::ids::{SpaceId, WorkerId, WorkerPoolId};

/// A pool as it is stored. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerPool {
    pub id: WorkerPoolId,
    pub name: String,
    pub description: Option<String>,
    pub labels: Vec<String>,
    pub space: SpaceId,
    /// How many drift detection runs it may work on at a time: -1 any number, 0 none. `None`: nobody
    /// said.
    pub drift_detection_run_limit: Option<i64>,
    /// What its workers are started with; the same until the pool is reset.
    pub config: String,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A worker of a pool that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolWorker {
    pub id: WorkerId,
    pub pool: WorkerPoolId,
    /// It has a run.
    pub busy: bool,
    /// It takes nothing new.
    pub drained: bool,
    /// A JSON object of what it says of itself.
    pub metadata: String,
}

/// How much there is to do for a pool, and how many do it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolLoad {
    /// Runs that wait for a worker.
    pub pending_runs: i64,
    pub busy_workers: i64,
    /// That take nothing new.
    pub drained_workers: i64,
    pub workers: i64,
}
