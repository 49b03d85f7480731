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
        }
        StoreError::Database(error)
    }
}
