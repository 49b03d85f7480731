//! What the object storage that belongs to this database is recognised by.

use crate::{Reader, StoreError, Tx};

/// The object that carries the same mark.
pub const MARK: &str = "installation";

/// `None` until a server has marked it.
pub async fn mark(reader: Reader<'_>) -> Result<Option<String>, StoreError> {
    let row = reader
        .one("SELECT mark FROM object_storage WHERE id = 1", vec![])
        .await?;
    row.map(|row| row.text("mark")).transpose()
}

/// The first one stays.
pub async fn set_mark(tx: &Tx, mark: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO object_storage (id, mark) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
        vec![mark.into()],
    )
    .await?;
    Ok(())
}
