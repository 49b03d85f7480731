//! Spaces: nodes of the account's tree.

use gantry_core::{ids::SpaceId, space::Space};

use crate::{Reader, Row, StoreError, Tx, Value};

const COLUMNS: &str =
    "SELECT id, name, description, parent_id, inherit_entities, labels FROM space";

/// Every space, parents before their children as far as age tells.
pub async fn list(reader: Reader<'_>) -> Result<Vec<Space>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} ORDER BY created_at, id"), vec![])
        .await?;
    rows.iter().map(from_row).collect()
}

pub async fn find(reader: Reader<'_>, id: &SpaceId) -> Result<Option<Space>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} WHERE id = $1"), vec![id.as_str().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

pub async fn insert(tx: &Tx, space: &Space, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO space (id, name, description, parent_id, inherit_entities, labels, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            space.id.as_str().into(),
            space.name.as_str().into(),
            space.description.as_str().into(),
            space.parent.as_ref().map(|parent| parent.as_str()).into(),
            space.inherit_entities.into(),
            Value::json(&space.labels),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Space, StoreError> {
    Ok(Space {
        id: SpaceId::new(row.text("id")?),
        name: row.text("name")?,
        description: row.text("description")?,
        parent: row.opt_text("parent_id")?.map(SpaceId::new),
        inherit_entities: row.flag("inherit_entities")?,
        labels: row.json("labels")?,
    })
}
