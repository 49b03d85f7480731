//! The time of day of the database, on which several servers agree.

use crate::{Dialect, Store, StoreError};

/// Unix milliseconds; `None` of a database that is a file, and has no clock but the server's.
pub async fn now(store: &Store) -> Result<Option<i64>, StoreError> {
    if store.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let row = store
        .reader()
        .one(
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now",
            vec![],
        )
        .await?;
    row.map(|row| row.int("now")).transpose()
}
