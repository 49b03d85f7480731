//! Environment variables of stacks. Value and checksum arrive sealed and leave sealed.

use gantry_core::config_element::ConfigKind;
use gantry_core::ids::StackId;

use crate::{Reader, Row, StoreError, Tx};

/// An element as it is stored. Times are epoch milliseconds.
#[derive(Clone, Debug)]
pub struct ConfigElement {
    pub stack: StackId,
    pub name: String,
    pub kind: ConfigKind,
    pub description: Option<String>,
    pub write_only: bool,
    /// The data key that opens `sealed`.
    pub key_id: String,
    pub sealed: Vec<u8>,
    pub created_at: i64,
}

const COLUMNS: &str = "SELECT stack_id, name, kind, description, write_only, key_id, sealed, \
                       created_at FROM config_element";

/// Every element of a stack, by name.
pub async fn list(reader: Reader<'_>, stack: &StackId) -> Result<Vec<ConfigElement>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE stack_id = $1 ORDER BY name"),
            vec![stack.as_str().into()],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

pub async fn find(
    reader: Reader<'_>,
    stack: &StackId,
    name: &str,
) -> Result<Option<ConfigElement>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE stack_id = $1 AND name = $2"),
            vec![stack.as_str().into(), name.into()],
        )
        .await?;
    rows.first().map(from_row).transpose()
}

/// Adds the element, or replaces the one of the same name.
pub async fn put(tx: &Tx, element: &ConfigElement) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO config_element
         (stack_id, name, kind, description, write_only, key_id, sealed, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (stack_id, name) DO UPDATE SET
         kind = excluded.kind, description = excluded.description,
         write_only = excluded.write_only, key_id = excluded.key_id, sealed = excluded.sealed,
         created_at = excluded.created_at",
        vec![
            element.stack.as_str().into(),
            element.name.as_str().into(),
            element.kind.as_str().into(),
            element.description.as_deref().into(),
            element.write_only.into(),
            element.key_id.as_str().into(),
            element.sealed.clone().into(),
            element.created_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn delete(tx: &Tx, stack: &StackId, name: &str) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "DELETE FROM config_element WHERE stack_id = $1 AND name = $2",
            vec![stack.as_str().into(), name.into()],
        )
        .await?;
    Ok(changed == 1)
}

/// How many bytes the sealed elements of a stack have together, the one called `except` left out.
pub async fn bytes(reader: Reader<'_>, stack: &StackId, except: &str) -> Result<i64, StoreError> {
    let row = reader
        .one(
            "SELECT COALESCE(SUM(LENGTH(sealed)), 0) AS bytes FROM config_element
             WHERE stack_id = $1 AND name <> $2",
            vec![stack.as_str().into(), except.into()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("bytes"))
}

fn from_row(row: &Row) -> Result<ConfigElement, StoreError> {
    Ok(ConfigElement {
        stack: StackId::new(row.text("stack_id")?),
        name: row.text("name")?,
        kind: row.parsed("kind", ConfigKind::parse)?,
        description: row.opt_text("description")?,
        write_only: row.flag("write_only")?,
        key_id: row.text("key_id")?,
        sealed: row.blob("sealed")?,
        created_at: row.int("created_at")?,
    })
}
