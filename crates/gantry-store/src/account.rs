//! The one account of this installation.

use crate::{Reader, StoreError, Tx};

pub async fn subdomain(reader: Reader<'_>) -> Result<Option<String>, StoreError> {
    let row = reader.one("SELECT subdomain FROM account", vec![]).await?;
    row.map(|row| row.text("subdomain")).transpose()
}

pub async fn create(tx: &Tx, subdomain: &str, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (subdomain, created_at) VALUES ($1, $2)",
        vec![subdomain.into(), now.into()],
    )
    .await?;
    Ok(())
}
