//! Workers that said hello.

use gantry_core::ids::{StackId, WorkerId};

use crate::{Reader, StoreError, Tx};

/// A second hello of the same worker changes nothing.
pub async fn insert(
    tx: &Tx,
    id: &WorkerId,
    kind: &str,
    sandbox: &str,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO worker (id, kind, sandbox, started_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING",
        vec![id.as_str().into(), kind.into(), sandbox.into(), now.into()],
    )
    .await?;
    Ok(())
}

/// The worker is known to be dead, with everything that it had started.
pub async fn set_gone(tx: &Tx, id: &WorkerId, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE worker SET gone_at = $2 WHERE id = $1 AND gone_at IS NULL",
        vec![id.as_str().into(), now.into()],
    )
    .await?;
    Ok(())
}

/// None of those that are known may go on; answers how many there were.
pub async fn set_all_gone(tx: &Tx, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE worker SET gone_at = $1 WHERE gone_at IS NULL",
        vec![now.into()],
    )
    .await
}

/// Whether a worker said hello, and is not known to be gone.
pub async fn is_known(reader: Reader<'_>, id: &WorkerId) -> Result<bool, StoreError> {
    let row = reader
        .one(
            "SELECT id FROM worker WHERE id = $1 AND gone_at IS NULL",
            vec![id.as_str().into()],
        )
        .await?;
    Ok(row.is_some())
}

/// Stacks that are locked because `id` was lost with one of their runs.
pub async fn stacks_locked_for(
    reader: Reader<'_>,
    id: &WorkerId,
) -> Result<Vec<StackId>, StoreError> {
    let rows = reader
        .all(
            "SELECT stack.id FROM stack JOIN run ON run.id = stack.system_lock_run_id
             WHERE stack.system_lock = 'lost_worker' AND run.worker_id = $1 ORDER BY stack.id",
            vec![id.as_str().into()],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(StackId::new(row.text("id")?)))
        .collect()
}

/// Stacks whose lock may go by itself at `now`.
pub async fn locks_to_lift(reader: Reader<'_>, now: i64) -> Result<Vec<StackId>, StoreError> {
    let rows = reader
        .all(
            "SELECT id FROM stack WHERE system_lock_until IS NOT NULL AND system_lock_until <= $1
             ORDER BY id",
            vec![now.into()],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(StackId::new(row.text("id")?)))
        .collect()
}

/// The next moment at which a lock goes by itself.
pub async fn next_lock_end(reader: Reader<'_>) -> Result<Option<i64>, StoreError> {
    let row = reader
        .one(
            "SELECT MIN(system_lock_until) AS at FROM stack WHERE system_lock_until IS NOT NULL",
            vec![],
        )
        .await?;
    row.map_or(Ok(None), |row| row.opt_int("at"))
}
