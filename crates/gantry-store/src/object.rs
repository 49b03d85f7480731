//! Which objects the rows name: a backup without one of them is none.

use crate::{Reader, StoreError};

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
    rows.iter().map(|row| row.text("object")).collect()
}
