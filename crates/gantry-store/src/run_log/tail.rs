//! The end of a log that is not in object storage yet, in pieces as they came. Whoever changes it holds
//! the row of its run.

use gantry_core::ids::RunId;

use crate::{Dialect, Reader, StoreError, Tx, Value};

/// Where the log in object storage ends, and where that ends which was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub stored: i64,
    pub end: i64,
}

pub async fn extent(reader: Reader<'_>, run: &RunId, version: i64) -> Result<Extent, StoreError> {
    let row = reader
        .one(
            "SELECT
             (SELECT MAX(first_byte + bytes) FROM run_log
              WHERE run_id = $1 AND version = $2) AS stored,
             (SELECT MAX(first_byte + length(content)) FROM run_log_tail
              WHERE run_id = $1 AND version = $2) AS taken",
            place(run, version),
        )
        .await?;
    let (stored, taken) = match row {
        Some(row) => (row.opt_int("stored")?, row.opt_int("taken")?),
        None => (None, None),
    };
    let stored = stored.unwrap_or(0);
    Ok(Extent {
        stored,
        end: taken.unwrap_or(0).max(stored),
    })
}

/// Lets the transaction end without waiting for the disk: what is lost with the database is sent again
/// by the worker, which keeps the whole log.
pub async fn wait_for_no_disk(tx: &Tx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        tx.execute("SET LOCAL synchronous_commit = off", vec![])
            .await?;
    }
    Ok(())
}

pub async fn push(
    tx: &Tx,
    run: &RunId,
    version: i64,
    first_byte: i64,
    content: &[u8],
) -> Result<(), StoreError> {
    let mut values = place(run, version);
    values.extend([first_byte.into(), content.to_vec().into()]);
    tx.execute(
        "INSERT INTO run_log_tail (run_id, version, first_byte, content) VALUES ($1, $2, $3, $4)",
        values,
    )
    .await?;
    Ok(())
}

/// Where the first piece begins that reaches to `from`, and everything from there on.
pub async fn read(
    reader: Reader<'_>,
    run: &RunId,
    version: i64,
    from: i64,
) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let mut values = place(run, version);
    values.push(from.into());
    let rows = reader
        .all(
            "SELECT first_byte, content FROM run_log_tail
             WHERE run_id = $1 AND version = $2 AND first_byte + length(content) >= $3
             ORDER BY first_byte",
            values,
        )
        .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let start = first.int("first_byte")?;
    let mut whole = Vec::new();
    for row in &rows {
        whole.extend(row.blob("content")?);
    }
    Ok(Some((start, whole)))
}

/// The logs of a run that are not wholly in object storage.
pub async fn versions(reader: Reader<'_>, run: &RunId) -> Result<Vec<i64>, StoreError> {
    let rows = reader
        .all(
            "SELECT DISTINCT version FROM run_log_tail WHERE run_id = $1 ORDER BY version",
            vec![run.as_str().into()],
        )
        .await?;
    rows.iter().map(|row| row.int("version")).collect()
}

/// What begins before `end` is in object storage now.
pub async fn forget(tx: &Tx, run: &RunId, version: i64, end: i64) -> Result<(), StoreError> {
    let mut values = place(run, version);
    values.push(end.into());
    tx.execute(
        "DELETE FROM run_log_tail WHERE run_id = $1 AND version = $2 AND first_byte < $3",
        values,
    )
    .await?;
    Ok(())
}

fn place(run: &RunId, version: i64) -> Vec<Value> {
    vec![run.as_str().into(), version.into()]
}
