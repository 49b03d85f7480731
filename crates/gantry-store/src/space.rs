//! Spaces: nodes of the account's tree.
//!
//! Whoever changes the tree holds it first ([`hold_for_change`]); whoever relies on what is visible
//! from where until its transaction ends holds it too ([`hold`]), and any number of those may at a
//! time. Held is the row of the root, which each tree has.

use gantry_core::ids::SpaceId;
use gantry_core::space::{ROOT, Space};

use crate::{Reader, Row, StoreError, Tx, Value};

const COLUMNS: &str =
    "SELECT id, name, description, parent_id, inherit_entities, labels FROM space";

/// Every space: the root, then the oldest first.
pub async fn list(reader: Reader<'_>) -> Result<Vec<Space>, StoreError> {
    let order = "CASE WHEN parent_id IS NULL THEN 0 ELSE 1 END, created_at, id";
    let rows = reader
        .all_built(format!("{COLUMNS} ORDER BY {order}"), vec![])
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

/// Keeps the tree as it is until the transaction ends.
pub async fn hold(tx: &Tx) -> Result<(), StoreError> {
    hold_root(tx, tx.dialect().for_share()).await
}

/// Keeps everybody else from changing the tree, and from relying on it.
pub async fn hold_for_change(tx: &Tx) -> Result<(), StoreError> {
    hold_root(tx, tx.dialect().for_update()).await
}

async fn hold_root(tx: &Tx, lock: &str) -> Result<(), StoreError> {
    tx.reader()
        .all_built(
            format!("SELECT id FROM space WHERE id = $1{lock}"),
            vec![ROOT.into()],
        )
        .await?;
    Ok(())
}

/// Replaces everything but the ID. Refused with [`StoreError::Duplicate`] when the parent has
/// another one of that name.
pub async fn update(tx: &Tx, space: &Space) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE space SET name = $2, description = $3, parent_id = $4, inherit_entities = $5,
         labels = $6 WHERE id = $1",
        vec![
            space.id.as_str().into(),
            space.name.as_str().into(),
            space.description.as_str().into(),
            space.parent.as_ref().map(|parent| parent.as_str()).into(),
            space.inherit_entities.into(),
            Value::json(&space.labels),
        ],
    )
    .await?;
    Ok(())
}

/// Something that lives in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhabitant {
    /// `space`, `stack`, `integration`.
    pub kind: String,
    /// What people know it by.
    pub name: String,
}

/// What lives in a space, up to `limit` things. A table with a `space_id` that refers to spaces has
/// a line here.
pub async fn inhabitants(
    reader: Reader<'_>,
    id: &SpaceId,
    limit: i64,
) -> Result<Vec<Inhabitant>, StoreError> {
    let rows = reader
        .all(
            "SELECT 'space' AS kind, name AS name FROM space WHERE parent_id = $1
             UNION ALL SELECT 'stack', id FROM stack WHERE space_id = $1
             UNION ALL SELECT 'integration', name FROM cloud_integration WHERE space_id = $1
             UNION ALL SELECT 'context', name FROM context WHERE space_id = $1
             UNION ALL SELECT 'worker pool', name FROM worker_pool WHERE space_id = $1
             ORDER BY kind, name LIMIT $2",
            vec![id.as_str().into(), limit.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Inhabitant {
                kind: row.text("kind")?,
                name: row.text("name")?,
            })
        })
        .collect()
}

/// Removes a space, and with it the roles that keys were given in it. Refused with
/// [`StoreError::Referenced`] while something lives there.
pub async fn delete(tx: &Tx, id: &SpaceId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM space WHERE id = $1", vec![id.as_str().into()])
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
