//! Where the pieces of a run's logs are: objects in order, each beginning at a byte offset.

use gantry_core::ids::RunId;

pub mod tail;

use crate::{Reader, StoreError, Tx};

/// One object with a part of the log of one visit to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPiece {
    pub first_byte: i64,
    pub bytes: i64,
    pub object: String,
}

/// A piece that is there already is left alone: the same bytes came twice.
pub async fn insert(
    tx: &Tx,
    run: &RunId,
    version: i64,
    piece: &LogPiece,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO run_log (run_id, version, first_byte, bytes, object)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (run_id, version, first_byte) DO NOTHING",
        vec![
            run.as_str().into(),
            version.into(),
            piece.first_byte.into(),
            piece.bytes.into(),
            piece.object.as_str().into(),
        ],
    )
    .await?;
    Ok(())
}

/// In order.
pub async fn list(
    reader: Reader<'_>,
    run: &RunId,
    version: i64,
) -> Result<Vec<LogPiece>, StoreError> {
    let rows = reader
        .all(
            "SELECT first_byte, bytes, object FROM run_log WHERE run_id = $1 AND version = $2
             ORDER BY first_byte",
            vec![run.as_str().into(), version.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(LogPiece {
                first_byte: row.int("first_byte")?,
                bytes: row.int("bytes")?,
                object: row.text("object")?,
            })
        })
        .collect()
}
