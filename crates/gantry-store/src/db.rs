//! A thin facade over the two concrete pools, so that every query is written and compiled once.

mod connect;
mod query;
mod value;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

pub use query::{Reader, Tx};
pub use value::{Row, Value};

use crate::{Dialect, StoreError};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Connect {
    /// A file; created when missing. One server only: the caller holds the data directory's lock.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

pub(crate) enum Pools {
    /// SQLite knows one writer at a time. One connection that waits in a queue is fairer and
    /// faster than several that fight for the lock.
    Sqlite {
        write: sqlx::SqlitePool,
        read: sqlx::SqlitePool,
    },
    Postgres(sqlx::PgPool),
}

/// The database, opened and migrated.
pub struct Store {
    pools: Pools,
    reads: AtomicU64,
}

impl Store {
    /// Opens the database and brings its schema up to date.
    pub async fn open(connect: &Connect) -> Result<Self, StoreError> {
        let store = connect::open(connect).await?;
        crate::migrate::run(&store).await?;
        Ok(store)
    }

    pub fn dialect(&self) -> Dialect {
        match self.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Reads outside of a transaction; each statement sees the newest committed state.
    pub fn reader(&self) -> Reader<'_> {
        Reader::pool(self)
    }

    /// How many statements [`Store::reader`] has run. A page whose number grows with its things asks
    /// for each of them by itself.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// For one more read.
    fn counted(&self) -> &Pools {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &self.pools
    }

    /// Begins a write transaction. Dropped without [`Tx::commit`], it leaves no trace.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Tx::begin(self).await
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}
