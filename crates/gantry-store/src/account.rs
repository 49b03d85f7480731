//! The one account of this installation.

use crate::{Reader, StoreError, Tx};

pub async fn subdomain(reader: Reader<'_>) -> Result<Option<String>, StoreError> {
    let row = reader.one("SELECT subdomain FROM account", vec![]).await?;
    row.map(|row| row.text("subdomain")).transpose()
}

/// The life that the installation lives; empty until its first restore.
pub async fn epoch(reader: Reader<'_>) -> Result<String, StoreError> {
    let row = reader.one("SELECT epoch FROM account", vec![]).await?;
    row.map_or(Ok(String::new()), |row| row.text("epoch"))
}

pub async fn set_epoch(tx: &Tx, epoch: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE account SET epoch = $1", vec![epoch.into()])
        .await?;
    Ok(())
}

pub async fn create(tx: &Tx, subdomain: &str, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (subdomain, created_at) VALUES ($1, $2)",
        vec![subdomain.into(), now.into()],
    )
    .await?;
    Ok(())
}
