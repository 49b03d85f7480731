//! Runs: the queue, leases, and where each of them stands.
//!
//! A run is moved under the row lock of its stack ([`crate::stack::find_for_update`]), so two
//! decisions about one stack never overlap. [`save`] checks the version all the same.

mod row;
pub mod search;
pub mod waiting;

use gantry_core::ids::{RunId, StackId, WorkerId, WorkerPoolId};
use gantry_core::run::{Run, RunDelta, RunKind};

use crate::{Reader, StoreError, Tx, Value};
use row::{COLUMNS, from_row};

/// Of `run` joined with `stack`: a worker may take it.
pub(crate) const CLAIMABLE: &str = "run.state IN ('READY', 'CONFIRMED', 'REPLAN_REQUESTED')
     AND run.finished_at IS NULL AND (stack.disabled = 0 OR run.kind = 'DESTROY')";

/// The order in which such runs go, before their ID: what somebody has moved to the front, and what
/// holds a stack before what only looks.
pub(crate) const CLASS: &str =
    "(CASE run.kind WHEN 'PROPOSED' THEN 1 ELSE 0 END - 2 * run.prioritized)";

/// A sealed value and the data key that opens it.
pub struct SealedOverrides {
    pub key_id: String,
    pub sealed: Vec<u8>,
}

pub async fn insert(
    tx: &Tx,
    run: &Run,
    overrides: Option<SealedOverrides>,
) -> Result<(), StoreError> {
    let (key_id, sealed) = match overrides {
        Some(overrides) => (Some(overrides.key_id), Some(overrides.sealed)),
        None => (None, None),
    };
    tx.execute(
        "INSERT INTO run
         (id, stack_id, kind, state, version, title, command, skip_initialization,
          requested_commit, commit_info, branch, triggered_by, triggered_by_id, prioritized,
          metadata, key_id, overrides, fence, stop_requested, write_issued, user_secrets,
          created_at, updated_at, space_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 0, 0, 0, $19, $20, (SELECT space_id FROM stack WHERE id = $2))",
        vec![
            run.id.as_str().into(),
            run.stack.as_str().into(),
            run.kind.as_str().into(),
            run.state.as_str().into(),
            run.version.into(),
            run.title.as_deref().into(),
            run.command.as_deref().into(),
            run.skip_initialization.into(),
            run.requested_commit.as_deref().into(),
            run.commit.as_ref().map_or(Value::NullText, Value::json),
            run.branch.as_str().into(),
            run.triggered_by.as_str().into(),
            run.triggered_by_id.as_str().into(),
            run.prioritized.into(),
            run.metadata.as_deref().into(),
            key_id.into(),
            sealed.into(),
            run.fence.into(),
            run.created_at.into(),
            run.updated_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Saves what a decision may change. `decided_on` is the version that was read; answers `false` when
/// the run has moved since. What has statements of its own (lease, plan, changes, `write_issued`) is
/// left alone, so that a message which comes at the same time is not undone.
pub async fn save(tx: &Tx, run: &Run, decided_on: i64) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE run SET
             state = $2, version = $3, title = $4, commit_info = $5, stop_requested = $6,
             user_secrets = $7, updated_at = $8, finished_at = $9, tool = $10
             WHERE id = $1 AND version = $11",
            vec![
                run.id.as_str().into(),
                run.state.as_str().into(),
                run.version.into(),
                run.title.as_deref().into(),
                run.commit.as_ref().map_or(Value::NullText, Value::json),
                run.stop_requested.into(),
                run.user_secrets.into(),
                run.updated_at.into(),
                run.finished_at.into(),
                run.tool.as_ref().map_or(Value::NullText, Value::json),
                decided_on.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives the run to a worker.
pub async fn set_lease(
    tx: &Tx,
    id: &RunId,
    worker: &WorkerId,
    fence: i64,
    until: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run SET worker_id = $2, fence = $3, lease_until = $4 WHERE id = $1",
        vec![
            id.as_str().into(),
            worker.as_str().into(),
            fence.into(),
            until.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The worker has let go of the run, or was lost. Who it was stays.
pub async fn end_lease(tx: &Tx, id: &RunId, fence: i64) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE run SET lease_until = NULL
             WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL",
            vec![id.as_str().into(), fence.into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Renews a lease that still exists; answers whether it does.
pub async fn renew(tx: &Tx, id: &RunId, fence: i64, until: i64) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE run SET lease_until = $3
             WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL",
            vec![id.as_str().into(), fence.into(), until.into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Whoever still has the run is refused from now on: somebody took over.
pub async fn fence_off(tx: &Tx, id: &RunId, fence: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run SET fence = $2, lease_until = NULL WHERE id = $1",
        vec![id.as_str().into(), fence.into()],
    )
    .await?;
    Ok(())
}

/// Ends every lease there is, of runs that have ended too.
pub async fn fence_off_all(tx: &Tx, fence: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run SET fence = $1, lease_until = NULL WHERE lease_until IS NOT NULL",
        vec![fence.into()],
    )
    .await?;
    Ok(())
}

/// Notes where the sealed plan is, for the lease that made it.
pub async fn set_plan(tx: &Tx, id: &RunId, fence: i64, object: &str) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE run SET plan_object = $3 WHERE id = $1 AND fence = $2",
            vec![id.as_str().into(), fence.into(), object.into()],
        )
        .await?;
    Ok(changed == 1)
}

/// The sealed plan is of no use any more.
pub async fn clear_plan(tx: &Tx, id: &RunId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run SET plan_object = NULL WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Notes what a plan without changes would change.
pub async fn set_delta(tx: &Tx, id: &RunId, delta: &RunDelta) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run SET delta = $2 WHERE id = $1",
        vec![id.as_str().into(), Value::json(delta)],
    )
    .await?;
    Ok(())
}

/// Notes what the plan would change, for the lease that made it.
pub async fn set_changes(
    tx: &Tx,
    id: &RunId,
    fence: i64,
    delta: &RunDelta,
    object: &str,
) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE run SET delta = $3, changes_object = $4 WHERE id = $1 AND fence = $2",
            vec![
                id.as_str().into(),
                fence.into(),
                Value::json(delta),
                object.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

pub async fn set_prioritized(tx: &Tx, id: &RunId, prioritized: bool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE run SET prioritized = $2 WHERE id = $1",
        vec![id.as_str().into(), prioritized.into()],
    )
    .await?;
    Ok(())
}

pub async fn find(reader: Reader<'_>, id: &RunId) -> Result<Option<Run>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} WHERE id = $1"), vec![id.as_str().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

/// The same, locked until the transaction ends. Whoever locks the stack too does that first.
pub async fn find_for_update(tx: &Tx, id: &RunId) -> Result<Option<Run>, StoreError> {
    let sql = format!("{COLUMNS} WHERE id = $1{}", tx.dialect().for_update());
    let rows = tx.reader().all_built(sql, vec![id.as_str().into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Those that exist among `ids`.
pub async fn find_all(reader: Reader<'_>, ids: &[RunId]) -> Result<Vec<Run>, StoreError> {
    let list = ids.iter().map(RunId::as_str);
    let rows = reader
        .among(&format!("{COLUMNS} WHERE id IN"), vec![], list, "")
        .await?;
    rows.iter().map(from_row).collect()
}

/// The sealed overrides of a run's environment.
pub async fn overrides(
    reader: Reader<'_>,
    id: &RunId,
) -> Result<Option<SealedOverrides>, StoreError> {
    let row = reader
        .one(
            "SELECT key_id, overrides FROM run WHERE id = $1 AND overrides IS NOT NULL",
            vec![id.as_str().into()],
        )
        .await?;
    row.map(|row| {
        Ok(SealedOverrides {
            key_id: row.text("key_id")?,
            sealed: row.blob("overrides")?,
        })
    })
    .transpose()
}

/// Runs of stacks and of `kinds`, newest first, at most `limit` of each stack; `before` is the last
/// one that was seen.
pub async fn list(
    reader: Reader<'_>,
    stacks: &[StackId],
    kinds: &[RunKind],
    before: Option<&RunId>,
    limit: i64,
) -> Result<Vec<Run>, StoreError> {
    let mut values: Vec<Value> = vec![limit.into()];
    let mut places = Vec::new();
    for kind in kinds {
        values.push(kind.as_str().into());
        places.push(format!("${}", values.len()));
    }
    let mut select = format!(
        "{COLUMNS} WHERE id IN (SELECT id FROM (
             SELECT id, ROW_NUMBER() OVER (PARTITION BY stack_id ORDER BY id DESC) AS place
             FROM run WHERE kind IN ({})",
        places.join(", ")
    );
    if let Some(before) = before {
        values.push(before.as_str().into());
        select.push_str(&format!(" AND id < ${}", values.len()));
    }
    select.push_str(" AND stack_id IN");
    let list = stacks.iter().map(StackId::as_str);
    let rest = ") ranked WHERE place <= $1) ORDER BY id DESC";
    let rows = reader.among(&select, values, list, rest).await?;
    rows.iter().map(from_row).collect()
}

/// The newest run of each stack among those that hold it.
pub async fn newest(
    reader: Reader<'_>,
    stacks: &[StackId],
) -> Result<Vec<(StackId, RunId)>, StoreError> {
    let rows = reader
        .among(
            "SELECT stack_id, MAX(id) AS id FROM run WHERE kind <> 'PROPOSED' AND stack_id IN",
            vec![],
            stacks.iter().map(StackId::as_str),
            "GROUP BY stack_id",
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                StackId::new(row.text("stack_id")?),
                RunId::new(row.text("id")?),
            ))
        })
        .collect()
}

/// Runs of a stack that have not ended, in the order of the queue.
pub async fn active(reader: Reader<'_>, stack: &StackId) -> Result<Vec<Run>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE stack_id = $1 AND finished_at IS NULL ORDER BY prioritized DESC, id"
    );
    rows(reader, sql, vec![stack.as_str().into()]).await
}

/// Stacks with runs that have not ended.
pub async fn stacks_at_work(reader: Reader<'_>) -> Result<Vec<StackId>, StoreError> {
    let rows = reader
        .all(
            "SELECT DISTINCT stack_id FROM run WHERE finished_at IS NULL ORDER BY stack_id",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(StackId::new(row.text("stack_id")?)))
        .collect()
}

/// Runs that a worker of `pool` may take, or without one a worker that belongs to none, in the order
/// in which they go, at most `limit`.
pub async fn claimable(
    reader: Reader<'_>,
    pool: Option<&WorkerPoolId>,
    limit: i64,
) -> Result<Vec<(RunId, StackId)>, StoreError> {
    let mut values = vec![limit.into()];
    let of_pool = match pool {
        Some(pool) => {
            values.push(pool.as_str().into());
            "= $2"
        }
        None => "IS NULL",
    };
    let sql = format!(
        "SELECT run.id, run.stack_id FROM run JOIN stack ON stack.id = run.stack_id
         WHERE {CLAIMABLE} AND stack.worker_pool_id {of_pool}
         ORDER BY {CLASS}, run.id LIMIT $1"
    );
    let rows = reader.all_built(sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok((
                RunId::new(row.text("id")?),
                StackId::new(row.text("stack_id")?),
            ))
        })
        .collect()
}

/// Runs whose lease has ended at `now`, or would end after `latest`, which no lease does that was
/// given by the clock as it goes now.
pub async fn lapsed(reader: Reader<'_>, now: i64, latest: i64) -> Result<Vec<Run>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE lease_until IS NOT NULL AND (lease_until <= $1 OR lease_until > $2)
         ORDER BY id"
    );
    rows(reader, sql, vec![now.into(), latest.into()]).await
}

/// Runs that `worker` holds by lease.
pub async fn held_by(reader: Reader<'_>, worker: &WorkerId) -> Result<Vec<Run>, StoreError> {
    let sql = format!("{COLUMNS} WHERE lease_until IS NOT NULL AND worker_id = $1 ORDER BY id");
    rows(reader, sql, vec![worker.as_str().into()]).await
}

/// The next moment at which a lease ends.
pub async fn next_lease_end(reader: Reader<'_>) -> Result<Option<i64>, StoreError> {
    let row = reader
        .one(
            "SELECT MIN(lease_until) AS at FROM run WHERE lease_until IS NOT NULL",
            vec![],
        )
        .await?;
    row.map_or(Ok(None), |row| row.opt_int("at"))
}

async fn rows(reader: Reader<'_>, sql: String, values: Vec<Value>) -> Result<Vec<Run>, StoreError> {
    let rows = reader.all_built(sql, values).await?;
    rows.iter().map(from_row).collect()
}

#[cfg(test)]
mod tests;
