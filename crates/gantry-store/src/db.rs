//! A thin facade over the two concrete pools, so that every query is written and compiled once.

mod connect;
mod query;
mod value;

use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    counted: Arc<Counted>,
}

/// What transactions did.
#[derive(Default)]
struct Counted {
    statements: AtomicU64,
    commits: AtomicU64,
}

impl Store {
    /// Opens the database and brings its schema up to date.
    pub async fn open(connect: &Connect) -> Result<Self, StoreError> {
        let store = Self::open_as_is(connect).await?;
        crate::restore::refuse_while_under_way(&store).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens the database of somebody else, or one that is not complete yet.
    pub async fn open_as_is(connect: &Connect) -> Result<Self, StoreError> {
        connect::open(connect).await
    }

    /// Opens what [`Store::copy_into`] has written, to read it.
    pub async fn open_copy(path: &Path) -> Result<Self, StoreError> {
        connect::open_copy(path).await
    }

    /// Leaves a closed SQLite database in its one file.
    pub async fn settle(path: &Path) -> Result<(), StoreError> {
        connect::settle(path).await
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        crate::migrate::run(self).await
    }

    /// Copies a SQLite database, as it is at one moment, into a file that does not exist. Readers
    /// and writers go on.
    pub async fn copy_into(&self, path: &Path) -> Result<(), StoreError> {
        let Pools::Sqlite { write, .. } = &self.pools else {
            return Err(StoreError::Open("only SQLite copies itself".into()));
        };
        let path = path.to_string_lossy().into_owned();
        sqlx::query("VACUUM INTO $1")
            .bind(path)
            .execute(write)
            .await?;
        Ok(())
    }

    /// A transaction that sees PostgreSQL as it is at this moment, and the name under which
    /// `pg_dump` sees the same while it is open.
    pub async fn snapshot(&self) -> Result<(Tx, String), StoreError> {
        Tx::snapshot(self).await
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

    /// How many statements were run, inside of transactions and outside.
    pub fn statements(&self) -> u64 {
        self.reads() + self.counted.statements.load(Ordering::Relaxed)
    }

    /// How many transactions were committed.
    pub fn commits(&self) -> u64 {
        self.counted.commits.load(Ordering::Relaxed)
    }

    /// For one more read.
    fn read(&self) -> &Pools {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &self.pools
    }

    /// Begins a write transaction. Dropped without [`Tx::commit`], it leaves no trace.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Tx::begin(self).await
    }

    /// Hears what other servers tell; `None` where there can't be any.
    pub fn ear(&self) -> Option<crate::hint::Ear> {
        match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres(pool) => {
                let options = (*pool.connect_options()).clone();
                Some(crate::hint::Ear::new(options))
            }
        }
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
