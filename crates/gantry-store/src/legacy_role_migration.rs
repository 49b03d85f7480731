//! The roles of their own that stacks had before they were migrated to an integration.

use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::migration::{Migration, ReplacedBy};
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};
use serde::{Deserialize, Serialize};

use crate::{Reader, Row, StoreError, Tx, Value, role_config};

#[derive(Serialize, Deserialize)]
struct Replaced {
    integration: IntegrationId,
    made: bool,
    attachment: AttachmentId,
    before: Option<Flags>,
    serves: Flags,
}

#[derive(Serialize, Deserialize)]
struct Flags {
    read: bool,
    write: bool,
}

/// Of those among `stacks` that were migrated.
pub async fn of_stacks(
    reader: Reader<'_>,
    stacks: &[StackId],
) -> Result<Vec<Migration>, StoreError> {
    let rows = reader
        .among(
            "SELECT stack_id, config, role_created_at, replaced_by, migrated_at, migrated_by \
             FROM legacy_role_migration WHERE stack_id IN",
            vec![],
            stacks.iter().map(StackId::as_str),
            "",
        )
        .await?;
    rows.iter().map(from_row).collect()
}

pub async fn find(reader: Reader<'_>, stack: &StackId) -> Result<Option<Migration>, StoreError> {
    let found = of_stacks(reader, std::slice::from_ref(stack)).await?;
    Ok(found.into_iter().next())
}

/// Replaces what was known of an earlier one.
pub async fn put(tx: &Tx, migration: &Migration) -> Result<(), StoreError> {
    let replaced_by = migration.replaced_by.as_ref().map(|replaced| Replaced {
        integration: replaced.integration.clone(),
        made: replaced.made,
        attachment: replaced.attachment.clone(),
        before: replaced.before.map(Flags::of),
        serves: Flags::of(replaced.serves),
    });
    tx.execute(
        "INSERT INTO legacy_role_migration
         (stack_id, config, role_created_at, replaced_by, migrated_at, migrated_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (stack_id) DO UPDATE SET
         config = excluded.config, role_created_at = excluded.role_created_at,
         replaced_by = excluded.replaced_by, migrated_at = excluded.migrated_at,
         migrated_by = excluded.migrated_by",
        vec![
            migration.stack.as_str().into(),
            role_config::to_value(&migration.role),
            migration.role_created_at.into(),
            replaced_by.as_ref().map_or(Value::NullText, Value::json),
            migration.migrated_at.into(),
            migration.migrated_by.as_str().into(),
        ],
    )
    .await?;
    Ok(())
}

/// From here on there is nothing to undo.
pub async fn forget(tx: &Tx, stack: &StackId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM legacy_role_migration WHERE stack_id = $1",
        vec![stack.as_str().into()],
    )
    .await?;
    Ok(())
}

impl Flags {
    fn of(serves: Serves) -> Self {
        Flags {
            read: serves.read(),
            write: serves.write(),
        }
    }

    fn serves(&self) -> Result<Serves, StoreError> {
        Serves::from_flags(self.read, self.write).map_err(|_| StoreError::Column {
            column: "replaced_by".to_owned(),
            value: "neither read nor write".to_owned(),
        })
    }
}

fn from_row(row: &Row) -> Result<Migration, StoreError> {
    let replaced_by = row
        .opt_text("replaced_by")?
        .is_some()
        .then(|| row.json::<Replaced>("replaced_by"))
        .transpose()?;
    Ok(Migration {
        stack: StackId::new(row.text("stack_id")?),
        role: role_config::from_row(row, "config")?,
        role_created_at: row.int("role_created_at")?,
        replaced_by: replaced_by.map(replaced).transpose()?,
        migrated_at: row.int("migrated_at")?,
        migrated_by: row.text("migrated_by")?,
    })
}

fn replaced(stored: Replaced) -> Result<ReplacedBy, StoreError> {
    Ok(ReplacedBy {
        integration: stored.integration,
        made: stored.made,
        attachment: stored.attachment,
        before: stored.before.as_ref().map(Flags::serves).transpose()?,
        serves: stored.serves.serves()?,
    })
}
