//! Stacks: settings, lock, and which run holds them.
//!
//! The settings of a stack are replaced as a whole; everything that moves by itself (state, blocker,
//! fence, locks) has a statement of its own, so that an update of the settings can't undo it.

mod row;
pub mod search;

use gantry_core::commit::Commit;
use gantry_core::ids::{RunId, SpaceId, StackId};
use gantry_core::run::RunState;
use gantry_core::stack::{Stack, StackLock, StackSettings, StackSystemLock};

use row::{COLUMNS, from_row};

use crate::{Reader, StoreError, Tx, Value};

/// Adds a stack; its slug must be claimed in the same transaction.
pub async fn insert(tx: &Tx, stack: &Stack) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO stack
         (id, name, description, space_id, labels, administrative, protect_from_deletion,
          autodeploy, autoretry, github_action_deploy, local_preview_enabled,
          well_known_secret_masking, sensitive_output_upload, runner_image, vendor, vendor_config,
          hooks, provider, namespace, repository, repository_url, branch, project_root,
          project_globs, sparse_paths, worker_pool_id, updated_at,
          created_at, disabled, manages_state, state, fence, deleting)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)",
        row::settings_values(&stack.id, &stack.settings, stack.updated_at)
            .into_iter()
            .chain([
                stack.created_at.into(),
                stack.disabled.into(),
                stack.manages_state.into(),
                row::state_text(stack.state).into(),
                stack.fence.into(),
                stack.deleting.into(),
            ])
            .collect(),
    )
    .await?;
    Ok(())
}

pub async fn find(reader: Reader<'_>, id: &StackId) -> Result<Option<Stack>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} WHERE id = $1"), vec![id.as_str().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

/// Finds a stack and keeps others from changing it until the transaction ends.
pub async fn find_for_update(tx: &Tx, id: &StackId) -> Result<Option<Stack>, StoreError> {
    let rows = tx
        .reader()
        .all_built(
            format!("{COLUMNS} WHERE id = $1{}", tx.dialect().for_update()),
            vec![id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// The same for whoever looks for any work: `None` also when somebody else has the stack right now.
pub async fn find_unless_locked(tx: &Tx, id: &StackId) -> Result<Option<Stack>, StoreError> {
    let rows = tx
        .reader()
        .all_built(
            format!(
                "{COLUMNS} WHERE id = $1{}",
                tx.dialect().for_update_skip_locked()
            ),
            vec![id.as_str().into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// Every stack, newest first.
pub async fn list(reader: Reader<'_>) -> Result<Vec<Stack>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} ORDER BY created_at DESC, id DESC"),
            vec![],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Stacks that are on their way out.
pub async fn deleting(reader: Reader<'_>) -> Result<Vec<StackId>, StoreError> {
    let rows = reader
        .all(
            "SELECT id FROM stack WHERE deleting = 1 ORDER BY id",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(StackId::new(row.text("id")?)))
        .collect()
}

/// The name and the space of each stack that exists among `ids`, by ID.
pub async fn names(
    reader: Reader<'_>,
    ids: &[StackId],
) -> Result<Vec<(StackId, String, SpaceId)>, StoreError> {
    let rows = reader
        .among(
            "SELECT id, name, space_id FROM stack WHERE id IN",
            vec![],
            ids.iter().map(StackId::as_str),
            "ORDER BY id",
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                StackId::new(row.text("id")?),
                row.text("name")?,
                SpaceId::new(row.text("space_id")?),
            ))
        })
        .collect()
}

/// Whether a run of the stack has not ended yet, or its worker has not let go of it: hooks at the
/// very end may be running, and the last of the log is still to come.
pub async fn has_unfinished_runs(reader: Reader<'_>, id: &StackId) -> Result<bool, StoreError> {
    let row = reader
        .one(
            "SELECT id FROM run WHERE stack_id = $1
             AND (finished_at IS NULL OR lease_until IS NOT NULL) LIMIT 1",
            vec![id.as_str().into()],
        )
        .await?;
    Ok(row.is_some())
}

/// Every run that the stack ever had; what they left in object storage goes with the stack.
pub async fn run_ids(reader: Reader<'_>, id: &StackId) -> Result<Vec<RunId>, StoreError> {
    let rows = reader
        .all(
            "SELECT id FROM run WHERE stack_id = $1 ORDER BY id",
            vec![id.as_str().into()],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(RunId::new(row.text("id")?)))
        .collect()
}

/// Replaces all settings.
pub async fn update_settings(
    tx: &Tx,
    id: &StackId,
    settings: &StackSettings,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET
         name = $2, description = $3, space_id = $4, labels = $5, administrative = $6,
         protect_from_deletion = $7, autodeploy = $8, autoretry = $9, github_action_deploy = $10,
         local_preview_enabled = $11, well_known_secret_masking = $12,
         sensitive_output_upload = $13, runner_image = $14, vendor = $15, vendor_config = $16,
         hooks = $17, provider = $18, namespace = $19, repository = $20, repository_url = $21,
         branch = $22, project_root = $23, project_globs = $24, sparse_paths = $25,
         worker_pool_id = $26, updated_at = $27
         WHERE id = $1",
        row::settings_values(id, settings, now),
    )
    .await?;
    // Its runs are looked for by where it lives.
    tx.execute(
        "UPDATE run SET space_id = $2 WHERE stack_id = $1 AND space_id <> $2",
        vec![id.as_str().into(), settings.space.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Records the state of the newest run that holds or held the stack.
pub async fn set_run_state(
    tx: &Tx,
    id: &StackId,
    state: RunState,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET state = $2, state_set_at = $3 WHERE id = $1",
        vec![id.as_str().into(), state.as_str().into(), at.into()],
    )
    .await?;
    Ok(())
}

/// Names the run that holds the stack, or `None` when it is free.
pub async fn set_blocker(tx: &Tx, id: &StackId, run: Option<&RunId>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET blocker_run_id = $2 WHERE id = $1",
        vec![id.as_str().into(), run.map(RunId::as_str).into()],
    )
    .await?;
    Ok(())
}

/// Counts one more hand-over of the stack and answers with its number; whoever holds a smaller one
/// is fenced off. `None` when there is no such stack.
pub async fn next_fence(tx: &Tx, id: &StackId) -> Result<Option<i64>, StoreError> {
    let row = tx
        .reader()
        .one(
            "UPDATE stack SET fence = fence + 1 WHERE id = $1 RETURNING fence",
            vec![id.as_str().into()],
        )
        .await?;
    row.map(|row| row.int("fence")).transpose()
}

/// The highest number that was handed out.
pub async fn highest_fence(reader: Reader<'_>) -> Result<i64, StoreError> {
    let row = reader
        .one("SELECT MAX(fence) AS fence FROM stack", vec![])
        .await?;
    Ok(row
        .map_or(Ok(None), |row| row.opt_int("fence"))?
        .unwrap_or(0))
}

/// No number that was ever handed out is as high as the next of any stack.
pub async fn raise_fences(tx: &Tx, above: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET fence = $1 WHERE fence < $1",
        vec![above.into()],
    )
    .await?;
    Ok(())
}

pub async fn set_lock(tx: &Tx, id: &StackId, lock: &StackLock) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET lock_holder = $2, lock_holder_name = $3, lock_note = $4, locked_at = $5
         WHERE id = $1",
        vec![
            id.as_str().into(),
            lock.holder.as_str().into(),
            lock.holder_name.as_str().into(),
            lock.note.as_deref().into(),
            lock.locked_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn clear_lock(tx: &Tx, id: &StackId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET lock_holder = NULL, lock_holder_name = NULL, lock_note = NULL,
         locked_at = NULL WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await?;
    Ok(())
}

pub async fn set_system_lock(
    tx: &Tx,
    id: &StackId,
    lock: &StackSystemLock,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET system_lock = $2, system_lock_note = $3, system_lock_run_id = $4,
         system_lock_until = $5, system_lock_beneath = $6 WHERE id = $1",
        vec![
            id.as_str().into(),
            lock.kind.as_str().into(),
            lock.note.as_str().into(),
            lock.run.as_str().into(),
            lock.until.into(),
            lock.beneath.as_deref().map_or(Value::NullText, Value::json),
        ],
    )
    .await?;
    Ok(())
}

pub async fn clear_system_lock(tx: &Tx, id: &StackId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET system_lock = NULL, system_lock_note = NULL, system_lock_run_id = NULL,
         system_lock_until = NULL, system_lock_beneath = NULL WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Says that the stack is on its way out, or that it stays after all.
pub async fn set_deleting(tx: &Tx, id: &StackId, deleting: bool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET deleting = $2 WHERE id = $1",
        vec![id.as_str().into(), deleting.into()],
    )
    .await?;
    Ok(())
}

pub async fn set_disabled(tx: &Tx, id: &StackId, disabled: bool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET disabled = $2 WHERE id = $1",
        vec![id.as_str().into(), disabled.into()],
    )
    .await?;
    Ok(())
}

/// Notes the stack's commit; with `set_by` the stack is pinned to it, without it follows its branch.
pub async fn set_tracked_commit(
    tx: &Tx,
    id: &StackId,
    commit: Option<&Commit>,
    set_by: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE stack SET tracked_commit = $2, tracked_commit_set_by = $3 WHERE id = $1",
        vec![
            id.as_str().into(),
            commit.map_or(Value::NullText, Value::json),
            set_by.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Removes the stack and everything that is only its own. The slug is released apart.
pub async fn delete(tx: &Tx, id: &StackId) -> Result<bool, StoreError> {
    let changed = tx
        .execute("DELETE FROM stack WHERE id = $1", vec![id.as_str().into()])
        .await?;
    Ok(changed == 1)
}
