use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};

use super::{Connect, Pools, Store};
use crate::StoreError;

const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// A copy of a SQLite database that nobody writes: opening it leaves no file beside it.
pub(super) async fn open_copy(path: &Path) -> Result<Store, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_with(options).await?;
    Ok(Store {
        pools: Pools::Sqlite {
            write: pool.clone(),
            read: pool,
        },
        reads: AtomicU64::new(0),
        counted: Arc::default(),
    })
}

/// Brings what is still in the log of a closed SQLite database into its file, and takes the log away.
pub(super) async fn settle(path: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5));
    SqliteConnection::connect_with(&options)
        .await?
        .close()
        .await?;
    Ok(())
}

impl Connect {
    /// The URL for a program of PostgreSQL, without the password, which everybody on the machine
    /// could read among its arguments; and the password, for its environment. `None` on SQLite.
    pub fn for_program(&self) -> Result<Option<(String, Option<String>)>, StoreError> {
        let Connect::Postgres(text) = self else {
            return Ok(None);
        };
        let mut url = url::Url::parse(text).map_err(|error| {
            StoreError::Open(format!("database-url is not a postgres:// URL: {error}"))
        })?;
        let password = url.password().map(|password| {
            percent_encoding::percent_decode_str(password)
                .decode_utf8_lossy()
                .into_owned()
        });
        // A URL with a password has a host, and so can be without one.
        let _ = url.set_password(None);
        Ok(Some((url.to_string(), password)))
    }
}

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
                let reason = match is_read_only(path) {
                    true => "its disk is read-only; make it writable again".to_owned(),
                    false => error.to_string(),
                };
                StoreError::Open(format!(
                    "the SQLite database {} can't be opened: {reason}",
                    path.display()
                ))
            };
            let write = SqlitePoolOptions::new()
                .max_connections(1)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                // On a full disk SQLite itself ends a transaction; the library then counts one that
                // is not there, and nothing could ever begin on this connection again.
                .after_release(|connection, _| {
                    Box::pin(async move {
                        connection.ping().await?;
                        Ok(!connection.is_in_transaction())
                    })
                })
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
        counted: Arc::default(),
    })
}

/// SQLite itself says no more of that than that it can't open a file.
fn is_read_only(path: &Path) -> bool {
    let opened = std::fs::File::options().append(true).open(path);
    opened.is_err_and(|error| error.kind() == std::io::ErrorKind::ReadOnlyFilesystem)
}
