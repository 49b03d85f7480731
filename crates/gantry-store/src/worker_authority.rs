//! The authority that signs the certificates of private workers and of the gateway. One row.

use crate::{Reader, StoreError, Tx};

const ID: &str = "authority";

pub struct StoredAuthority {
    /// PEM.
    pub certificate: String,
    /// Names the data key that opens `sealed`.
    pub key_id: String,
    /// The private key.
    pub sealed: Vec<u8>,
}

pub async fn find(reader: Reader<'_>) -> Result<Option<StoredAuthority>, StoreError> {
    let row = reader
        .one(
            "SELECT certificate, key_id, sealed FROM worker_authority WHERE id = $1",
            vec![ID.into()],
        )
        .await?;
    row.map(|row| {
        Ok(StoredAuthority {
            certificate: row.text("certificate")?,
            key_id: row.text("key_id")?,
            sealed: row.blob("sealed")?,
        })
    })
    .transpose()
}

/// Changes nothing when there is one: of two servers that start together one was first.
pub async fn insert(tx: &Tx, authority: StoredAuthority, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO worker_authority (id, certificate, key_id, sealed, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
        vec![
            ID.into(),
            authority.certificate.into(),
            authority.key_id.into(),
            authority.sealed.into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}
