//! Secrets of the installation itself, sealed; they go on when the master key changes.

use crate::{Reader, StoreError, Tx};

pub struct SealedSecret {
    pub key_id: String,
    pub sealed: Vec<u8>,
}

pub async fn find(reader: Reader<'_>, name: &str) -> Result<Option<SealedSecret>, StoreError> {
    let row = reader
        .one(
            "SELECT key_id, sealed FROM installation_secret WHERE name = $1",
            vec![name.into()],
        )
        .await?;
    row.map(|row| {
        Ok(SealedSecret {
            key_id: row.text("key_id")?,
            sealed: row.blob("sealed")?,
        })
    })
    .transpose()
}

/// One of the same name is replaced.
pub async fn put(tx: &Tx, name: &str, secret: &SealedSecret, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO installation_secret (name, key_id, sealed, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
         created_at = excluded.created_at",
        vec![
            name.into(),
            secret.key_id.as_str().into(),
            secret.sealed.clone().into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}
