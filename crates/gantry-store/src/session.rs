//! Logins to the console. Only a hash of the secret is stored.

use gantry_core::ids::ApiKeyId;

use crate::{Reader, StoreError, Tx};

pub async fn insert(
    tx: &Tx,
    secret_hash: Vec<u8>,
    key: &ApiKeyId,
    now: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO session (secret_hash, api_key_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4)",
        vec![
            secret_hash.into(),
            key.as_str().into(),
            now.into(),
            expires_at.into(),
        ],
    )
    .await?;
    Ok(())
}

/// By whose key it was begun; `None` when it was ended, or has expired.
pub async fn key(
    reader: Reader<'_>,
    secret_hash: Vec<u8>,
    now: i64,
) -> Result<Option<ApiKeyId>, StoreError> {
    let row = reader
        .one(
            "SELECT api_key_id FROM session WHERE secret_hash = $1 AND expires_at > $2",
            vec![secret_hash.into(), now.into()],
        )
        .await?;
    row.map(|row| Ok(ApiKeyId::new(row.text("api_key_id")?)))
        .transpose()
}

/// `false` when there was none.
pub async fn end(tx: &Tx, secret_hash: Vec<u8>) -> Result<bool, StoreError> {
    let ended = tx
        .execute(
            "DELETE FROM session WHERE secret_hash = $1",
            vec![secret_hash.into()],
        )
        .await?;
    Ok(ended == 1)
}

/// Those of one key; answers how many there were.
pub async fn end_of_key(tx: &Tx, key: &ApiKeyId) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM session WHERE api_key_id = $1",
        vec![key.as_str().into()],
    )
    .await
}

pub async fn end_all(tx: &Tx) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM session", vec![]).await
}

/// Takes out what has expired.
pub async fn sweep(tx: &Tx, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM session WHERE expires_at <= $1",
        vec![now.into()],
    )
    .await
}
