//! Roles that belong to one stack, older than integrations.

use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::ids::StackId;

use crate::{Reader, StoreError, Tx, role_config};

pub async fn find(reader: Reader<'_>, stack: &StackId) -> Result<Option<LegacyRole>, StoreError> {
    let found = of_stacks(reader, std::slice::from_ref(stack)).await?;
    Ok(found.into_iter().next())
}

/// Of those among `stacks` that have one.
pub async fn of_stacks(
    reader: Reader<'_>,
    stacks: &[StackId],
) -> Result<Vec<LegacyRole>, StoreError> {
    let rows = reader
        .among(
            "SELECT stack_id, config FROM legacy_role WHERE stack_id IN",
            vec![],
            stacks.iter().map(StackId::as_str),
            "",
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(LegacyRole {
                stack: StackId::new(row.text("stack_id")?),
                role: role_config::from_row(row, "config")?,
            })
        })
        .collect()
}

/// When it was made; a replaced one keeps the time of the first.
pub async fn created_at(reader: Reader<'_>, stack: &StackId) -> Result<Option<i64>, StoreError> {
    let row = reader
        .one(
            "SELECT created_at FROM legacy_role WHERE stack_id = $1",
            vec![stack.as_str().into()],
        )
        .await?;
    row.map(|row| row.int("created_at")).transpose()
}

/// Makes or replaces it.
pub async fn put(tx: &Tx, legacy: &LegacyRole, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO legacy_role (stack_id, config, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (stack_id) DO UPDATE SET config = excluded.config",
        vec![
            legacy.stack.as_str().into(),
            role_config::to_value(&legacy.role),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Whether there was one to delete.
pub async fn delete(tx: &Tx, stack: &StackId) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "DELETE FROM legacy_role WHERE stack_id = $1",
            vec![stack.as_str().into()],
        )
        .await?;
    Ok(deleted == 1)
}
