//! Cloud integrations. The columns are the same for every cloud; what only one of them knows
//! stands in `config`.

pub mod search;

use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::ids::{IntegrationId, SpaceId};

use crate::{Reader, Row, StoreError, Tx, Value, role_config};

const COLUMNS: &str =
    "SELECT id, name, space_id, labels, autoattach, config FROM cloud_integration";

/// Refused with [`StoreError::Duplicate`] when the cloud has one of that name.
pub async fn insert(
    tx: &Tx,
    cloud: Cloud,
    integration: &Integration,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO cloud_integration
         (id, kind, name, space_id, labels, autoattach, config, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        vec![
            integration.id.as_str().into(),
            cloud.as_str().into(),
            integration.name.as_str().into(),
            integration.space.as_str().into(),
            Value::json(&integration.labels),
            integration.autoattach_enabled.into(),
            role_config::to_value(&integration.role),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(
    reader: Reader<'_>,
    cloud: Cloud,
    id: &IntegrationId,
) -> Result<Option<Integration>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE kind = $1 AND id = $2"),
            vec![cloud.as_str().into(), id.as_str().into()],
        )
        .await?;
    rows.first().map(|row| from_row(row, "id")).transpose()
}

/// The same, held until the transaction ends: nobody changes, deletes or attaches it meanwhile.
pub async fn find_for_update(
    tx: &Tx,
    cloud: Cloud,
    id: &IntegrationId,
) -> Result<Option<Integration>, StoreError> {
    let lock = tx.dialect().for_update();
    let rows = tx
        .reader()
        .all_built(
            format!("{COLUMNS} WHERE kind = $1 AND id = $2{lock}"),
            vec![cloud.as_str().into(), id.as_str().into()],
        )
        .await?;
    rows.first().map(|row| from_row(row, "id")).transpose()
}

pub async fn find_by_name(
    reader: Reader<'_>,
    cloud: Cloud,
    name: &str,
) -> Result<Option<Integration>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE kind = $1 AND name = $2"),
            vec![cloud.as_str().into(), name.into()],
        )
        .await?;
    rows.first().map(|row| from_row(row, "id")).transpose()
}

/// By name.
pub async fn list(reader: Reader<'_>, cloud: Cloud) -> Result<Vec<Integration>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE kind = $1 ORDER BY name"),
            vec![cloud.as_str().into()],
        )
        .await?;
    rows.iter().map(|row| from_row(row, "id")).collect()
}

/// Those that may attach themselves by label, in whatever space.
pub async fn list_autoattach(
    reader: Reader<'_>,
    cloud: Cloud,
) -> Result<Vec<Integration>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE kind = $1 AND autoattach = 1 ORDER BY name"),
            vec![cloud.as_str().into()],
        )
        .await?;
    rows.iter().map(|row| from_row(row, "id")).collect()
}

/// Replaces everything but the ID. Refused with [`StoreError::Duplicate`] when the cloud has
/// another one of that name.
pub async fn update(tx: &Tx, integration: &Integration, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE cloud_integration
         SET name = $2, space_id = $3, labels = $4, autoattach = $5, config = $6, updated_at = $7
         WHERE id = $1",
        vec![
            integration.id.as_str().into(),
            integration.name.as_str().into(),
            integration.space.as_str().into(),
            Value::json(&integration.labels),
            integration.autoattach_enabled.into(),
            role_config::to_value(&integration.role),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Refused with [`StoreError::Referenced`] while something is attached. What was verified with it
/// goes too.
pub async fn delete(tx: &Tx, id: &IntegrationId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM verification WHERE source = $1",
        vec![id.as_str().into()],
    )
    .await?;
    tx.execute(
        "DELETE FROM cloud_integration WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await?;
    Ok(())
}

/// `id` is named apart, because a join has two columns of that name.
pub(crate) fn from_row(row: &Row, id: &str) -> Result<Integration, StoreError> {
    Ok(Integration {
        id: IntegrationId::new(row.text(id)?),
        name: row.text("name")?,
        space: SpaceId::new(row.text("space_id")?),
        labels: row.json("labels")?,
        autoattach_enabled: row.flag("autoattach")?,
        role: role_config::from_row(row, "config")?,
    })
}
