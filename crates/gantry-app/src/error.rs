use gantry_store::StoreError;

/// Why an operation did not happen. The text is for the person who asked: it names the thing, the
/// value and the remedy. What only the operator may know stays in [`OpError::Internal`]'s source
/// and goes to the log.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// There is no such thing, or the subject may not know of it. Says "there is no …", never the
    /// words by which clients recognise a deleted resource (contract §0.5).
    #[error("there is no {what} `{id}`")]
    Missing { what: &'static str, id: String },
    /// Nobody is logged in, or the login has ended.
    #[error("unauthorized")]
    Anonymous,
    /// Logged in, but not allowed.
    #[error("unauthorized: {0}")]
    Forbidden(String),
    /// The request itself can't be done as it stands.
    #[error("{0}")]
    Invalid(String),
    /// Something else is in the way; the text names it.
    #[error("{0}")]
    Conflict(String),
    /// A part that is needed does not answer at the moment.
    #[error("{0}")]
    Unavailable(String),
    /// Our fault. The text is safe to show, the source is for the log.
    #[error("gantry could not {doing}; the server's log says why")]
    Internal {
        doing: &'static str,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpError {
    pub fn missing(what: &'static str, id: impl ToString) -> Self {
        OpError::Missing {
            what,
            id: id.to_string(),
        }
    }

    pub fn invalid(text: impl Into<String>) -> Self {
        OpError::Invalid(text.into())
    }

    pub fn conflict(text: impl Into<String>) -> Self {
        OpError::Conflict(text.into())
    }

    pub fn internal(
        doing: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        OpError::Internal {
            doing,
            source: source.into(),
        }
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Disk(fault, _) => {
                tracing::error!(%error, "the database can't be written");
                OpError::Unavailable(fault.to_string())
            }
            _ => OpError::internal("read or write its database", error),
        }
    }
}
