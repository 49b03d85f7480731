//! Workers that said hello.

pub mod of_pool;
pub mod standing;

use gantry_core::caller::Caller;
use gantry_core::ids::{StackId, WorkerId, WorkerPoolId, WorkerTokenId};

use crate::{Reader, StoreError, Tx};

/// A worker as it says hello.
pub struct Arrival<'a> {
    pub id: &'a WorkerId,
    pub caller: &'a Caller,
    pub sandbox: &'a str,
    pub slots: u32,
    /// A JSON object.
    pub metadata: &'a str,
}

/// A second hello of the same worker changes nothing but when it was last heard of.
pub async fn insert(tx: &Tx, arrival: &Arrival<'_>, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO worker
         (id, kind, sandbox, started_at, pool_id, token_id, slots, metadata, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $4)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        vec![
            arrival.id.as_str().into(),
            arrival.caller.kind().into(),
            arrival.sandbox.into(),
            now.into(),
            arrival.caller.pool().map(WorkerPoolId::as_str).into(),
            arrival.caller.token().map(WorkerTokenId::as_str).into(),
            i64::from(arrival.slots).into(),
            arrival.metadata.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Who a worker said hello as.
pub async fn caller(reader: Reader<'_>, id: &WorkerId) -> Result<Option<Caller>, StoreError> {
    let row = reader
        .one(
            "SELECT pool_id, token_id FROM worker WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (pool, token) = (row.opt_text("pool_id")?, row.opt_text("token_id")?);
    Ok(Some(match (pool, token) {
        (Some(pool), _) => Caller::Private(WorkerPoolId::new(pool)),
        (None, Some(token)) => Caller::Shared(WorkerTokenId::new(token)),
        (None, None) => Caller::Embedded,
    }))
}

/// The pool whose one certificate has this fingerprint.
pub async fn pool_with_certificate(
    reader: Reader<'_>,
    fingerprint: &str,
) -> Result<Option<WorkerPoolId>, StoreError> {
    let row = reader
        .one(
            "SELECT id FROM worker_pool WHERE fingerprint = $1",
            vec![fingerprint.into()],
        )
        .await?;
    row.map(|row| Ok(WorkerPoolId::new(row.text("id")?)))
        .transpose()
}

pub async fn set_seen(tx: &Tx, id: &WorkerId, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE worker SET seen_at = $2 WHERE id = $1",
        vec![id.as_str().into(), now.into()],
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
