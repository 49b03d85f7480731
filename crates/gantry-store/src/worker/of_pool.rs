//! The workers of pools: who is there, who is drained, and who goes when it has finished.

use gantry_core::ids::{WorkerId, WorkerPoolId};
use gantry_core::worker_pool::PoolWorker;

use crate::{Reader, Row, StoreError, Tx};

/// The runs that a worker holds.
pub(crate) const HELD: &str =
    "SELECT 1 FROM run WHERE run.worker_id = worker.id AND run.lease_until IS NOT NULL";

/// Said hello, is not known to be gone, and was heard of after `$1`; or has a run, which it is lost
/// with when its lease ends.
pub(crate) const THERE: &str = "worker.gone_at IS NULL AND (worker.seen_at > $1 OR EXISTS (
     SELECT 1 FROM run WHERE run.worker_id = worker.id AND run.lease_until IS NOT NULL))";

const COLUMNS: &str = "SELECT id, pool_id, drained, metadata,
     (SELECT COUNT(*) FROM run WHERE run.worker_id = worker.id
      AND run.lease_until IS NOT NULL) AS runs
     FROM worker";

/// The workers of pools that are there, oldest first.
pub async fn list(
    reader: Reader<'_>,
    pools: &[WorkerPoolId],
    since: i64,
) -> Result<Vec<PoolWorker>, StoreError> {
    let rows = reader
        .among(
            &format!("{COLUMNS} WHERE {THERE} AND pool_id IN"),
            vec![since.into()],
            pools.iter().map(WorkerPoolId::as_str),
            "ORDER BY started_at, id",
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// A worker of a pool that is not known to be gone.
pub async fn find(
    reader: Reader<'_>,
    pool: &WorkerPoolId,
    id: &WorkerId,
) -> Result<Option<PoolWorker>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE id = $1 AND pool_id = $2 AND gone_at IS NULL"),
            vec![id.as_str().into(), pool.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// A worker that goes when it has finished stays drained: answers whether there was another to change.
pub async fn set_drained(tx: &Tx, id: &WorkerId, drained: bool) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE worker SET drained = $2 WHERE id = $1 AND cycled = 0",
            vec![id.as_str().into(), drained.into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Tells every worker of a pool to take nothing.
pub async fn drain_all(tx: &Tx, pool: &WorkerPoolId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE worker SET drained = 1 WHERE pool_id = $1 AND gone_at IS NULL",
        vec![pool.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Tells every worker of a pool to take nothing, and to go when it has finished; answers how many
/// there are.
pub async fn cycle(tx: &Tx, pool: &WorkerPoolId) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE worker SET drained = 1, cycled = 1
         WHERE pool_id = $1 AND gone_at IS NULL AND cycled = 0",
        vec![pool.as_str().into()],
    )
    .await
}

fn from_row(row: &Row) -> Result<PoolWorker, StoreError> {
    Ok(PoolWorker {
        id: WorkerId::new(row.text("id")?),
        pool: WorkerPoolId::new(row.text("pool_id")?),
        busy: row.int("runs")? > 0,
        drained: row.flag("drained")?,
        metadata: row.text("metadata")?,
    })
}
