//! Data keys, wrapped by the master key. A row that holds a sealed value names its key.

use crate::{Reader, StoreError, Tx};

pub struct WrappedKey {
    pub id: String,
    pub wrapped: Vec<u8>,
}

/// All data keys, oldest first; the newest seals, every one can open.
pub async fn list(reader: Reader<'_>) -> Result<Vec<WrappedKey>, StoreError> {
    let rows = reader
        .all(
            "SELECT id, wrapped FROM data_key ORDER BY created_at, id",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(WrappedKey {
                id: row.text("id")?,
                wrapped: row.blob("wrapped")?,
            })
        })
        .collect()
}

pub async fn insert(tx: &Tx, id: &str, wrapped: Vec<u8>, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO data_key (id, wrapped, created_at) VALUES ($1, $2, $3)",
        vec![id.into(), wrapped.into(), now.into()],
    )
    .await?;
    Ok(())
}
