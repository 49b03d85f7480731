//! Embedded, forward-only migrations: one folder per database, the same numbers and names.
//!
//! A shipped file is never edited. Each file runs in one transaction together with the row that
//! records it, so a crash leaves the schema either before or after it.

use crate::{Dialect, Reader, Store, StoreError, Value};

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

const MIGRATIONS: &[Migration] = migrations![
    1 "0001_foundation", 2 "0002_audit", 3 "0003_run_tool", 4 "0004_space", 5 "0005_state",
    6 "0006_context", 7 "0007_issuing", 8 "0008_worker_pool", 9 "0009_installation",
    10 "0010_several_servers", 11 "0011_legacy_role_migration",
    12 "0012_search",
    13 "0013_issued_by_integration", 14 "0014_person", 15 "0015_session",
];

/// Advisory lock of PostgreSQL under which servers that start together migrate one at a time.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(727001)";

/// The newest schema that this version knows.
pub fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// The schema of a database that a version of gantry has made.
pub async fn newest(reader: Reader<'_>) -> Result<i64, StoreError> {
    let row = reader
        .one("SELECT MAX(number) AS number FROM schema_migration", vec![])
        .await?;
    Ok(row
        .map_or(Ok(None), |row| row.opt_int("number"))?
        .unwrap_or(0))
}

pub(crate) async fn run(store: &Store) -> Result<(), StoreError> {
    let tx = store.begin().await?;
    if tx.dialect() == Dialect::Postgres {
        tx.execute(MIGRATION_LOCK, vec![]).await?;
    }
    tx.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (
            number BIGINT PRIMARY KEY,
            name TEXT NOT NULL
        )",
        vec![],
    )
    .await?;
    let rows = tx
        .reader()
        .all("SELECT number FROM schema_migration", vec![])
        .await?;
    let mut newest = 0;
    for row in rows {
        newest = newest.max(row.int("number")?);
    }
    let known = known();
    if newest > known {
        return Err(StoreError::Open(format!(
            "the database was written by a newer gantry (schema {newest}, this one knows {known}): \
             start that version again, or restore a backup from before the upgrade"
        )));
    }
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| migration.number > newest)
    {
        let text = match tx.dialect() {
            Dialect::Sqlite => migration.sqlite,
            Dialect::Postgres => migration.postgres,
        };
        tx.execute_built(text.to_owned()).await?;
        tx.execute(
            "INSERT INTO schema_migration (number, name) VALUES ($1, $2)",
            vec![Value::Int(migration.number), migration.name.into()],
        )
        .await?;
    }
    tx.commit().await
}
