use std::str::FromStr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Connect, Pools, Store};
use crate::StoreError;

const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

pub(super) async fn open(connect: &Connect) -> Result<Store, StoreError> {
    let pools = match connect {
        Connect::Sqlite(path) => {
            // FULL: what was acknowledged survives a power cut, which NORMAL does not promise
            // in WAL mode.
            let options = SqliteConnectOptions::new()
                .filename(path)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5));
            let opened = |error: sqlx::Error| {
                StoreError::Open(format!(
                    "the SQLite database {} can't be opened: {error}",
                    path.display()
                ))
            };
            let write = SqlitePoolOptions::new()
                .max_connections(1)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .connect_with(options.clone().create_if_missing(true))
                .await
                .map_err(opened)?;
            let read = SqlitePoolOptions::new()
                .max_connections(SQLITE_READERS)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .connect_lazy_with(options.read_only(true));
            Pools::Sqlite { write, read }
        }
        Connect::Postgres(url) => {
            let options = PgConnectOptions::from_str(url).map_err(|error| {
                StoreError::Open(format!("database-url is not a postgres:// URL: {error}"))
            })?;
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(Duration::from_secs(10))
                .connect_with(options)
                .await
                .map_err(|error| {
                    StoreError::Open(format!("the PostgreSQL server does not answer: {error}"))
                })?;
            Pools::Postgres(pool)
        }
    };
    Ok(Store {
        pools,
        reads: AtomicU64::new(0),
    })
}
