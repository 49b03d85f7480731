//! The roles that API keys were given in spaces. They go with the key, and with the space.

use std::collections::HashMap;

use gantry_core::api_key::SpaceAccess;
use gantry_core::authz::Role;
use gantry_core::ids::{ApiKeyId, SpaceId};

use crate::{Reader, Row, StoreError, Tx};

/// Replaces all roles of a key. Refused with [`StoreError::Referenced`] when a space is gone.
pub async fn replace(tx: &Tx, key: &ApiKeyId, access: &[SpaceAccess]) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM api_key_access WHERE api_key_id = $1",
        vec![key.as_str().into()],
    )
    .await?;
    for given in access {
        tx.execute(
            "INSERT INTO api_key_access (api_key_id, space_id, role) VALUES ($1, $2, $3)",
            vec![
                key.as_str().into(),
                given.space.as_str().into(),
                given.role.as_str().into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// By space.
pub async fn of_key(reader: Reader<'_>, key: &ApiKeyId) -> Result<Vec<SpaceAccess>, StoreError> {
    let rows = reader
        .all(
            "SELECT space_id, role FROM api_key_access WHERE api_key_id = $1 ORDER BY space_id",
            vec![key.as_str().into()],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// Of every key that was not revoked; by space.
pub(crate) async fn of_all(
    reader: Reader<'_>,
) -> Result<HashMap<ApiKeyId, Vec<SpaceAccess>>, StoreError> {
    let rows = reader
        .all(
            "SELECT api_key_id, space_id, role FROM api_key_access
             JOIN api_key ON api_key.id = api_key_id AND revoked_at IS NULL ORDER BY space_id",
            vec![],
        )
        .await?;
    let mut all: HashMap<ApiKeyId, Vec<SpaceAccess>> = HashMap::new();
    for row in &rows {
        let key = ApiKeyId::new(row.text("api_key_id")?);
        all.entry(key).or_default().push(from_row(row)?);
    }
    Ok(all)
}

/// How often each role was given to a key that was not revoked.
pub async fn counts(reader: Reader<'_>) -> Result<Vec<(Role, i64)>, StoreError> {
    let rows = reader
        .all(
            "SELECT role, COUNT(*) AS bindings FROM api_key_access
             JOIN api_key ON api_key.id = api_key_id AND revoked_at IS NULL GROUP BY role",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.parsed("role", Role::parse)?, row.int("bindings")?)))
        .collect()
}

fn from_row(row: &Row) -> Result<SpaceAccess, StoreError> {
    Ok(SpaceAccess {
        space: SpaceId::new(row.text("space_id")?),
        role: row.parsed("role", Role::parse)?,
    })
}
