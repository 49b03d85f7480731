//! The lock that the tool holds on a stack's state. Taken and given back under the row lock of the
//! stack.

use gantry_core::ids::{RunId, StackId};
use gantry_core::run::Phase;
use gantry_core::state::{LockInfo, StateLock};

use crate::{Reader, StoreError, Tx};

pub async fn find(reader: Reader<'_>, stack: &StackId) -> Result<Option<StateLock>, StoreError> {
    let row = reader
        .one(
            "SELECT stack_id, lock_id, operation, who, tool_version, run_id, phase, fence, holder,
             locked_at FROM state_lock WHERE stack_id = $1",
            vec![stack.as_str().into()],
        )
        .await?;
    row.map(|row| {
        Ok(StateLock {
            stack: StackId::new(row.text("stack_id")?),
            info: LockInfo {
                id: row.text("lock_id")?,
                operation: row.text("operation")?,
                who: row.text("who")?,
                version: row.text("tool_version")?,
            },
            run: RunId::new(row.text("run_id")?),
            phase: row.parsed("phase", Phase::parse)?,
            fence: row.int("fence")?,
            holder: row.text("holder")?,
            locked_at: row.int("locked_at")?,
        })
    })
    .transpose()
}

/// Adds the lock; there must be none.
pub async fn insert(tx: &Tx, lock: &StateLock) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO state_lock
         (stack_id, lock_id, operation, who, tool_version, run_id, phase, fence, holder, locked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        vec![
            lock.stack.as_str().into(),
            lock.info.id.as_str().into(),
            lock.info.operation.as_str().into(),
            lock.info.who.as_str().into(),
            lock.info.version.as_str().into(),
            lock.run.as_str().into(),
            lock.phase.as_str().into(),
            lock.fence.into(),
            lock.holder.as_str().into(),
            lock.locked_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn delete(tx: &Tx, stack: &StackId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM state_lock WHERE stack_id = $1",
        vec![stack.as_str().into()],
    )
    .await?;
    Ok(())
}
