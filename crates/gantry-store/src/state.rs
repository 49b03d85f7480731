//! Versions of the state that is kept for a stack, and which of them is the current one. The content
//! is a sealed object; it is there before its row is.

pub mod lock;
mod row;
pub mod upload;

use gantry_core::ids::{StackId, StateVersionId};
use gantry_core::state::{Counted, StateVersion};

use crate::{Reader, StoreError, Tx};
use row::{COLUMNS, from_row};

/// Adds a version and makes it the current one. The caller has the row of the stack locked.
pub async fn store(tx: &Tx, version: &StateVersion) -> Result<(), StoreError> {
    let (run, phase, rollback_of) = row::origin_values(&version.origin);
    tx.execute(
        "INSERT INTO state_version
         (id, stack_id, serial, lineage, tool_version, bytes, digest, object, key_id, origin,
          run_id, phase, rollback_of, author, author_id, created_at, delta)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        vec![
            version.id.as_str().into(),
            version.stack.as_str().into(),
            version.serial.into(),
            version.lineage.as_str().into(),
            version.tool_version.as_deref().into(),
            version.bytes.into(),
            version.digest.as_str().into(),
            version.object.as_str().into(),
            version.key_id.as_str().into(),
            version.origin.as_str().into(),
            run,
            phase,
            rollback_of,
            version.author.as_str().into(),
            version.author_id.as_str().into(),
            version.created_at.into(),
            row::counted_value(version.counted),
        ],
    )
    .await?;
    tx.execute(
        "INSERT INTO state_current (stack_id, version_id) VALUES ($1, $2)
         ON CONFLICT (stack_id) DO UPDATE SET version_id = excluded.version_id",
        vec![version.stack.as_str().into(), version.id.as_str().into()],
    )
    .await?;
    Ok(())
}

/// The current version of each of some stacks; a stack without state is not among them.
pub async fn current_of(
    reader: Reader<'_>,
    stacks: &[StackId],
) -> Result<Vec<StateVersion>, StoreError> {
    if stacks.is_empty() {
        return Ok(vec![]);
    }
    let places: Vec<String> = (1..=stacks.len())
        .map(|place| format!("${place}"))
        .collect();
    let rows = reader
        .all_built(
            format!(
                "{COLUMNS} WHERE id IN (SELECT version_id FROM state_current WHERE stack_id IN ({}))
                 ORDER BY stack_id",
                places.join(", ")
            ),
            stacks.iter().map(|id| id.as_str().into()).collect(),
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The current version of a stack; `None` before the first.
pub async fn current(
    reader: Reader<'_>,
    stack: &StackId,
) -> Result<Option<StateVersion>, StoreError> {
    let found = current_of(reader, std::slice::from_ref(stack)).await?;
    Ok(found.into_iter().next())
}

pub async fn find(
    reader: Reader<'_>,
    stack: &StackId,
    id: &StateVersionId,
) -> Result<Option<StateVersion>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE stack_id = $1 AND id = $2"),
            vec![stack.as_str().into(), id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// The versions of a stack with a serial below `before`, newest first.
pub async fn list(
    reader: Reader<'_>,
    stack: &StackId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<StateVersion>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE stack_id = $1 AND serial < $2 ORDER BY serial DESC LIMIT $3"),
            vec![
                stack.as_str().into(),
                before.unwrap_or(i64::MAX).into(),
                limit.into(),
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Notes what differs from the version before.
pub async fn set_counted(tx: &Tx, id: &StateVersionId, counted: Counted) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE state_version SET delta = $2 WHERE id = $1",
        vec![id.as_str().into(), row::counted_value(counted)],
    )
    .await?;
    Ok(())
}

/// Forgets every version of a stack, before their objects go.
pub async fn forget(tx: &Tx, stack: &StackId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM state_current WHERE stack_id = $1",
        "DELETE FROM state_version WHERE stack_id = $1",
        "DELETE FROM state_lock WHERE stack_id = $1",
    ] {
        tx.execute(statement, vec![stack.as_str().into()]).await?;
    }
    Ok(())
}
