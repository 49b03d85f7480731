//! Which objects the rows name: a backup without one of them is none.

use crate::{Reader, StoreError, object_storage};

/// Each once.
pub async fn named(reader: Reader<'_>) -> Result<Vec<String>, StoreError> {
    let rows = reader
        .all(
            "SELECT object FROM run_log
             UNION SELECT object FROM state_version
             UNION SELECT plan_object FROM run WHERE plan_object IS NOT NULL
             UNION SELECT changes_object FROM run WHERE changes_object IS NOT NULL",
            vec![],
        )
        .await?;
    let of_rows = rows.iter().map(|row| row.text("object"));
    let marked = object_storage::mark(reader).await?.is_some();
    let mark = marked.then(|| Ok(object_storage::MARK.to_owned()));
    of_rows.chain(mark).collect()
}
