//! How much there is to do for pools, and how many do it.

use std::collections::HashMap;

use gantry_core::ids::WorkerPoolId;
use gantry_core::worker_pool::PoolLoad;

use crate::run::CLAIMABLE;
use crate::worker::of_pool::{HELD, THERE};
use crate::{Reader, StoreError};

/// The load of each pool among `pools` that has any. Workers count that were heard of after `since`.
pub async fn of_pools(
    reader: Reader<'_>,
    pools: &[WorkerPoolId],
    since: i64,
) -> Result<HashMap<WorkerPoolId, PoolLoad>, StoreError> {
    let mut loads: HashMap<WorkerPoolId, PoolLoad> = HashMap::new();
    let ids = || pools.iter().map(WorkerPoolId::as_str);
    let pending = format!(
        "SELECT stack.worker_pool_id AS pool_id, COUNT(*) AS pending FROM run
         JOIN stack ON stack.id = run.stack_id WHERE {CLAIMABLE} AND stack.worker_pool_id IN"
    );
    let end = "GROUP BY stack.worker_pool_id";
    for row in reader.among(&pending, vec![], ids(), end).await? {
        let pool = WorkerPoolId::new(row.text("pool_id")?);
        loads.entry(pool).or_default().pending_runs = row.int("pending")?;
    }
    let workers = format!(
        "SELECT pool_id, COUNT(*) AS workers, COUNT(CASE WHEN drained = 1 THEN 1 END) AS drained,
         COUNT(CASE WHEN EXISTS ({HELD}) THEN 1 END) AS busy FROM worker WHERE {THERE} AND pool_id IN"
    );
    let rows = reader
        .among(&workers, vec![since.into()], ids(), "GROUP BY pool_id")
        .await?;
    for row in rows {
        let load = loads
            .entry(WorkerPoolId::new(row.text("pool_id")?))
            .or_default();
        load.workers = row.int("workers")?;
        load.drained_workers = row.int("drained")?;
        load.busy_workers = row.int("busy")?;
    }
    Ok(loads)
}
