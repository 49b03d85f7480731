use std::fmt;

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

/// Why a statement did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique index refused the row; the caller named the thing and turns this into a sentence.
    #[error("a row with the same {0} already exists")]
    Duplicate(String),
    /// A foreign key refused the change: something still refers to the row, or its parent is gone.
    #[error("another row still refers to this one, or the one it refers to is gone")]
    Referenced,
    #[error(
        "the column {column} holds {value:?}, which this version of gantry does not understand"
    )]
    Column { column: String, value: String },
    #[error("{0}")]
    Open(String),
    /// Nothing can be written for now; what is there can be read.
    #[error("{0}")]
    Disk(DiskFault, #[source] sqlx::Error),
    #[error("the database did not answer: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            if database.is_unique_violation() {
                let named = database.constraint().map(str::to_owned);
                return StoreError::Duplicate(
                    named.unwrap_or_else(|| database.message().to_owned()),
                );
            }
            if database.is_foreign_key_violation() {
                return StoreError::Referenced;
            }
            if let Some(fault) = DiskFault::of(database.as_ref()) {
                return StoreError::Disk(fault, error);
            }
        }
        StoreError::Database(error)
    }
}

/// What is wrong with the disk that the database is on, or with its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFault {
    place: &'static str,
    fault: &'static str,
    remedy: &'static str,
}

impl DiskFault {
    fn of(error: &dyn DatabaseError) -> Option<Self> {
        const FULL: (&str, &str) = ("is full", "make room on it");
        const READ_ONLY: (&str, &str) = ("is read-only", "make it writable again");
        const NO_MEMORY: (&str, &str) = ("has no memory left", "leave it more");
        const BROKEN: (&str, &str) = ("does not read or write", "see the kernel's log");
        let code = error.code()?;
        let (place, (fault, remedy)) = match error.try_downcast_ref::<SqliteError>() {
            // The kind of an extended code is in its last byte.
            Some(_) => match code.parse::<u32>().ok()? & 0xff {
                8 => (IN_THE_DATA_DIRECTORY, READ_ONLY),
                10 => (IN_THE_DATA_DIRECTORY, BROKEN),
                13 => (IN_THE_DATA_DIRECTORY, FULL),
                _ => return None,
            },
            None => match code.as_ref() {
                "53100" => (OF_POSTGRES, FULL),
                "58030" => (OF_POSTGRES, BROKEN),
                "53200" => (POSTGRES, NO_MEMORY),
                "25006" => (POSTGRES, READ_ONLY),
                _ => return None,
            },
        };
        Some(DiskFault {
            place,
            fault,
            remedy,
        })
    }
}

const IN_THE_DATA_DIRECTORY: &str = "the disk of the data directory, where the database is,";
const POSTGRES: &str = "PostgreSQL, which keeps the database,";
const OF_POSTGRES: &str = "the disk of PostgreSQL, which keeps the database,";

impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DiskFault {
            place,
            fault,
            remedy,
        } = self;
        write!(
            f,
            "{place} {fault}: nothing can be changed until that is over; {remedy}, no restart is needed"
        )
    }
}
