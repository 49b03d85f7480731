//! Worker pools.

pub mod load;
pub mod queue;
pub mod search;

use gantry_core::ids::{RunId, SpaceId, StackId, WorkerPoolId};
use gantry_core::worker_pool::WorkerPool;

use crate::{Reader, Row, StoreError, Tx, Value};

const COLUMNS: &str = "SELECT id, name, description, labels, space_id, drift_detection_run_limit, \
     config, created_at, updated_at FROM worker_pool";

/// Adds a pool whose one certificate has this fingerprint. Refused with [`StoreError::Duplicate`]
/// when there is one of that name.
pub async fn insert(tx: &Tx, pool: &WorkerPool, fingerprint: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO worker_pool
         (id, name, description, labels, space_id, drift_detection_run_limit, config, fingerprint,
          created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        vec![
            pool.id.as_str().into(),
            pool.name.as_str().into(),
            pool.description.as_deref().into(),
            Value::json(&pool.labels),
            pool.space.as_str().into(),
            pool.drift_detection_run_limit.into(),
            pool.config.as_str().into(),
            fingerprint.into(),
            pool.created_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(reader: Reader<'_>, id: &WorkerPoolId) -> Result<Option<WorkerPool>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} WHERE id = $1"), vec![id.as_str().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

/// The same, held until the transaction ends: nobody changes it or comes to use it meanwhile.
pub async fn find_for_update(tx: &Tx, id: &WorkerPoolId) -> Result<Option<WorkerPool>, StoreError> {
    let lock = tx.dialect().for_update();
    let rows = tx
        .reader()
        .all_built(
            format!("{COLUMNS} WHERE id = $1{lock}"),
            vec![id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// Those that exist among `ids`.
pub async fn find_all(
    reader: Reader<'_>,
    ids: &[WorkerPoolId],
) -> Result<Vec<WorkerPool>, StoreError> {
    let list = ids.iter().map(WorkerPoolId::as_str);
    let rows = reader
        .among(&format!("{COLUMNS} WHERE id IN"), vec![], list, "")
        .await?;
    rows.iter().map(from_row).collect()
}

/// Replaces what its owners decide; the configuration and the certificate stay.
pub async fn update(tx: &Tx, pool: &WorkerPool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE worker_pool SET name = $2, description = $3, labels = $4, space_id = $5,
         drift_detection_run_limit = $6, updated_at = $7 WHERE id = $1",
        vec![
            pool.id.as_str().into(),
            pool.name.as_str().into(),
            pool.description.as_deref().into(),
            Value::json(&pool.labels),
            pool.space.as_str().into(),
            pool.drift_detection_run_limit.into(),
            pool.updated_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Replaces configuration and certificate: from here on the old certificate is nobody's.
pub async fn reset(tx: &Tx, pool: &WorkerPool, fingerprint: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE worker_pool SET config = $2, fingerprint = $3, updated_at = $4 WHERE id = $1",
        vec![
            pool.id.as_str().into(),
            pool.config.as_str().into(),
            fingerprint.into(),
            pool.updated_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Its workers go with it. Refused with [`StoreError::Referenced`] while a stack has it.
pub async fn delete(tx: &Tx, id: &WorkerPoolId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM worker_pool WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await?;
    Ok(())
}

/// The stacks that run there, and where each of them lives.
pub async fn stacks(
    reader: Reader<'_>,
    id: &WorkerPoolId,
) -> Result<Vec<(StackId, SpaceId)>, StoreError> {
    let rows = reader
        .all(
            "SELECT id, space_id FROM stack WHERE worker_pool_id = $1 ORDER BY id",
            vec![id.as_str().into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                StackId::new(row.text("id")?),
                SpaceId::new(row.text("space_id")?),
            ))
        })
        .collect()
}

/// Runs that its workers hold, whatever pool their stacks have by now.
pub async fn held_runs(reader: Reader<'_>, id: &WorkerPoolId) -> Result<Vec<RunId>, StoreError> {
    let rows = reader
        .all(
            "SELECT run.id FROM run JOIN worker ON worker.id = run.worker_id
             WHERE run.lease_until IS NOT NULL AND worker.pool_id = $1 ORDER BY run.id",
            vec![id.as_str().into()],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(RunId::new(row.text("id")?)))
        .collect()
}

fn from_row(row: &Row) -> Result<WorkerPool, StoreError> {
    Ok(WorkerPool {
        id: WorkerPoolId::new(row.text("id")?),
        name: row.text("name")?,
        description: row.opt_text("description")?,
        labels: row.json("labels")?,
        space: SpaceId::new(row.text("space_id")?),
        drift_detection_run_limit: row.opt_int("drift_detection_run_limit")?,
        config: row.text("config")?,
        created_at: row.int("created_at")?,
        updated_at: row.int("updated_at")?,
    })
}
