//! A database that is being restored is nobody's to open until every run of the backup has ended. A
//! table of its own says so.

use crate::{Dialect, Store, StoreError, Tx};

const MARK: &str = "restore_under_way";

/// Marks the empty database.
pub async fn begin(store: &Store) -> Result<(), StoreError> {
    let tx = store.begin().await?;
    tx.execute("CREATE TABLE restore_under_way (at BIGINT)", vec![])
        .await?;
    tx.commit().await
}

/// Opens it to everybody.
pub async fn end(tx: &Tx) -> Result<(), StoreError> {
    tx.execute("DROP TABLE IF EXISTS restore_under_way", vec![])
        .await?;
    Ok(())
}

/// The tables that are there, in the order of their names.
pub async fn tables(store: &Store) -> Result<Vec<String>, StoreError> {
    let sql = match store.dialect() {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             ORDER BY name"
        }
        Dialect::Postgres => {
            "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()
             ORDER BY tablename"
        }
    };
    let rows = store.reader().all(sql, vec![]).await?;
    rows.iter().map(|row| row.text("name")).collect()
}

pub(crate) async fn refuse_while_under_way(store: &Store) -> Result<(), StoreError> {
    if tables(store).await?.iter().any(|table| table == MARK) {
        return Err(StoreError::Open(
            "a restore of this database was begun and did not come to its end: make the database \
             empty (drop it and create it again), then call `gantry admin restore` again"
                .into(),
        ));
    }
    Ok(())
}
