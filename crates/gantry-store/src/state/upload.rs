//! States on their way in: uploaded, and not yet a stack's.

use crate::{Reader, StoreError, Tx};

/// Notes that `owner` may upload a state under this name until then.
pub async fn insert(tx: &Tx, id: &str, owner: &str, expires_at: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO state_upload (id, owner_id, expires_at) VALUES ($1, $2, $3)",
        vec![id.into(), owner.into(), expires_at.into()],
    )
    .await?;
    Ok(())
}

/// Who may use the upload; `None` when there is none, or its time is over.
pub async fn owner(reader: Reader<'_>, id: &str, now: i64) -> Result<Option<String>, StoreError> {
    let row = reader
        .one(
            "SELECT owner_id FROM state_upload WHERE id = $1 AND expires_at > $2",
            vec![id.into(), now.into()],
        )
        .await?;
    row.map(|row| row.text("owner_id")).transpose()
}

/// How many uploads of somebody wait for their stack.
pub async fn count(reader: Reader<'_>, owner: &str, now: i64) -> Result<i64, StoreError> {
    let row = reader
        .one(
            "SELECT COUNT(*) AS uploads FROM state_upload WHERE owner_id = $1 AND expires_at > $2",
            vec![owner.into(), now.into()],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("uploads"))
}

/// Takes the upload away; answers whether it was there.
pub async fn delete(tx: &Tx, id: &str) -> Result<bool, StoreError> {
    let changed = tx
        .execute("DELETE FROM state_upload WHERE id = $1", vec![id.into()])
        .await?;
    Ok(changed == 1)
}

/// Uploads whose time is over at `now`.
pub async fn expired(reader: Reader<'_>, now: i64) -> Result<Vec<String>, StoreError> {
    let rows = reader
        .all(
            "SELECT id FROM state_upload WHERE expires_at <= $1 ORDER BY id",
            vec![now.into()],
        )
        .await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// The next moment at which an upload's time is over.
pub async fn next_expiry(reader: Reader<'_>) -> Result<Option<i64>, StoreError> {
    let row = reader
        .one("SELECT MIN(expires_at) AS at FROM state_upload", vec![])
        .await?;
    row.map_or(Ok(None), |row| row.opt_int("at"))
}
