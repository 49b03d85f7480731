//! Tokens by which shared workers join that run elsewhere.

use gantry_core::ids::WorkerTokenId;
use gantry_core::worker_token::WorkerToken;

use crate::{Reader, Row, StoreError, Tx};

const COLUMNS: &str = "SELECT id, name, created_at, last_used_at, revoked_at FROM worker_token";

pub async fn insert(tx: &Tx, token: &WorkerToken, secret_hash: Vec<u8>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO worker_token (id, name, secret_hash, created_at) VALUES ($1, $2, $3, $4)",
        vec![
            token.id.as_str().into(),
            token.name.as_str().into(),
            secret_hash.into(),
            token.created_at.into(),
        ],
    )
    .await?;
    Ok(())
}

pub async fn find(
    reader: Reader<'_>,
    id: &WorkerTokenId,
) -> Result<Option<WorkerToken>, StoreError> {
    let sql = format!("{COLUMNS} WHERE id = $1");
    let rows = reader.all_built(sql, vec![id.as_str().into()]).await?;
    rows.first().map(from_row).transpose()
}

/// With the hash of its secret.
pub async fn find_with_hash(
    reader: Reader<'_>,
    id: &WorkerTokenId,
) -> Result<Option<(WorkerToken, Vec<u8>)>, StoreError> {
    let row = reader
        .one(
            "SELECT id, name, created_at, last_used_at, revoked_at, secret_hash
             FROM worker_token WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
    row.map(|row| Ok((from_row(&row)?, row.blob("secret_hash")?)))
        .transpose()
}

/// Oldest first, the revoked ones too.
pub async fn list(reader: Reader<'_>) -> Result<Vec<WorkerToken>, StoreError> {
    let rows = reader
        .all_built(format!("{COLUMNS} ORDER BY id"), vec![])
        .await?;
    rows.iter().map(from_row).collect()
}

pub async fn set_used(tx: &Tx, id: &WorkerTokenId, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE worker_token SET last_used_at = $2 WHERE id = $1",
        vec![id.as_str().into(), now.into()],
    )
    .await?;
    Ok(())
}

/// `false` when it is revoked already.
pub async fn revoke(tx: &Tx, id: &WorkerTokenId, now: i64) -> Result<bool, StoreError> {
    let changed = tx
        .execute(
            "UPDATE worker_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            vec![id.as_str().into(), now.into()],
        )
        .await?;
    Ok(changed == 1)
}

fn from_row(row: &Row) -> Result<WorkerToken, StoreError> {
    Ok(WorkerToken {
        id: WorkerTokenId::new(row.text("id")?),
        name: row.text("name")?,
        created_at: row.int("created_at")?,
        last_used_at: row.opt_int("last_used_at")?,
        revoked_at: row.opt_int("revoked_at")?,
    })
}
