//! Data keys, wrapped by the master key. A row that holds a sealed value names its key.

use crate::{Dialect, Reader, StoreError, Tx};

/// Advisory lock of PostgreSQL under which keys are made and wrapped anew, by one at a time.
const LOCK: &str = "SELECT pg_advisory_xact_lock(727002)";

pub struct WrappedKey {
    pub id: String,
    pub wrapped: Vec<u8>,
    /// The name of the master key that wraps it; `None` until somebody who has that key has looked.
    pub master: Option<String>,
}

/// Until the end of the transaction nobody else makes a key or wraps one anew.
pub async fn lock(tx: &Tx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        tx.execute(LOCK, vec![]).await?;
    }
    Ok(())
}

/// All data keys, oldest first; the newest seals, every one can open.
pub async fn list(reader: Reader<'_>) -> Result<Vec<WrappedKey>, StoreError> {
    let rows = reader
        .all(
            "SELECT id, wrapped, master_key FROM data_key ORDER BY created_at, id",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(WrappedKey {
                id: row.text("id")?,
                wrapped: row.blob("wrapped")?,
                master: row.opt_text("master_key")?,
            })
        })
        .collect()
}

/// When the newest was made.
pub async fn newest_at(reader: Reader<'_>) -> Result<Option<i64>, StoreError> {
    let row = reader
        .one("SELECT MAX(created_at) AS at FROM data_key", vec![])
        .await?;
    row.map_or(Ok(None), |row| row.opt_int("at"))
}

pub async fn insert(tx: &Tx, key: &WrappedKey, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO data_key (id, wrapped, master_key, created_at) VALUES ($1, $2, $3, $4)",
        vec![
            key.id.as_str().into(),
            key.wrapped.clone().into(),
            key.master.as_deref().into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Another master key wraps it now.
pub async fn set_wrapped(
    tx: &Tx,
    id: &str,
    wrapped: Vec<u8>,
    master: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE data_key SET wrapped = $2, master_key = $3 WHERE id = $1",
        vec![id.into(), wrapped.into(), master.into()],
    )
    .await?;
    Ok(())
}

/// Names the master key that is known to wrap it.
pub async fn set_master(tx: &Tx, id: &str, master: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE data_key SET master_key = $2 WHERE id = $1 AND master_key IS NULL",
        vec![id.into(), master.into()],
    )
    .await?;
    Ok(())
}
