//! One place where an operation's outcome becomes an answer of GraphQL.

use gantry_app::OpError;

/// The whole story goes into the first message, since that is what clients show (contract §1.2).
pub fn graphql(error: OpError) -> async_graphql::Error {
    if let OpError::Internal { doing, source } = &error {
        tracing::error!(doing, error = %Chain(source.as_ref()), "an operation failed");
    }
    async_graphql::Error::new(error.to_string())
}

struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
