//! API keys. Only a hash of the secret is stored.

use gantry_core::{api_key::ApiKey, ids::ApiKeyId};

use crate::{Reader, Row, StoreError, Tx, Value, api_key_access};

const COLUMNS: &str = "SELECT id, name, description, admin, teams, creator, created_at, \
                       last_used_at, revoked_at, expires_at FROM api_key";

/// With the roles it was given. Refused with [`StoreError::Referenced`] when one of their spaces is
/// gone.
pub async fn insert(tx: &Tx, key: &ApiKey, secret_hash: Vec<u8>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO api_key
         (id, name, description, secret_hash, admin, teams, creator, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        vec![
            key.id.as_str().into(),
            key.name.as_str().into(),
            key.description.as_deref().into(),
            secret_hash.into(),
            key.admin.into(),
            Value::json(&key.teams),
            key.creator.as_str().into(),
            key.created_at.into(),
            key.expires_at.into(),
        ],
    )
    .await?;
    api_key_access::replace(tx, &key.id, &key.access).await
}

/// A key that was revoked or has expired is found too: whoever looks must say so.
pub async fn find(reader: Reader<'_>, id: &ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} WHERE id = $1"), vec![id.as_str().into()])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut key = from_row(row)?;
    if !key.admin {
        key.access = api_key_access::of_key(reader, id).await?;
    }
    Ok(Some(key))
}

pub async fn secret_hash(reader: Reader<'_>, id: &ApiKeyId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = reader
        .one(
            "SELECT secret_hash FROM api_key WHERE id = $1 AND revoked_at IS NULL",
            vec![id.as_str().into()],
        )
        .await?;
    row.map(|row| row.blob("secret_hash")).transpose()
}

/// Whether a key was ever made; a revoked one counts.
pub async fn any(reader: Reader<'_>) -> Result<bool, StoreError> {
    let row = reader.one("SELECT 1 AS one FROM api_key LIMIT 1", vec![]);
    Ok(row.await?.is_some())
}

/// Keys that were not revoked, oldest first.
pub async fn list(reader: Reader<'_>) -> Result<Vec<ApiKey>, StoreError> {
    let rows = reader
        .all_built(
            format!("{COLUMNS} WHERE revoked_at IS NULL ORDER BY created_at, id"),
            vec![],
        )
        .await?;
    let mut keys: Vec<ApiKey> = rows.iter().map(from_row).collect::<Result<_, _>>()?;
    let mut access = api_key_access::of_all(reader).await?;
    for key in &mut keys {
        key.access = access.remove(&key.id).unwrap_or_default();
    }
    Ok(keys)
}

/// Everything but its roles.
pub async fn update(tx: &Tx, key: &ApiKey) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_key SET name = $2, description = $3, teams = $4 WHERE id = $1",
        vec![
            key.id.as_str().into(),
            key.name.as_str().into(),
            key.description.as_deref().into(),
            Value::json(&key.teams),
        ],
    )
    .await?;
    Ok(())
}

pub async fn revoke(tx: &Tx, id: &ApiKeyId, now: i64) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            vec![id.as_str().into(), now.into()],
        )
        .await?;
    Ok(changed == 1)
}

pub async fn revoke_all(tx: &Tx, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE api_key SET revoked_at = $1 WHERE revoked_at IS NULL",
        vec![now.into()],
    )
    .await
}

pub async fn touch(tx: &Tx, id: &ApiKeyId, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_key SET last_used_at = $2 WHERE id = $1",
        vec![id.as_str().into(), now.into()],
    )
    .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: ApiKeyId::new(row.text("id")?),
        name: row.text("name")?,
        description: row.opt_text("description")?,
        admin: row.flag("admin")?,
        access: vec![],
        teams: row.json("teams")?,
        creator: row.text("creator")?,
        created_at: row.int("created_at")?,
        last_used_at: row.opt_int("last_used_at")?,
        revoked_at: row.opt_int("revoked_at")?,
        expires_at: row.opt_int("expires_at")?,
    })
}
