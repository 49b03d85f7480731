use async_graphql::Object;
use gantry_core::commit;

/// A commit of a stack's repository.
pub struct Commit(pub commit::Commit);

#[Object]
impl Commit {
    async fn hash(&self) -> &str {
        &self.0.hash
    }

    async fn message(&self) -> &str {
        &self.0.message
    }

    async fn author_name(&self) -> &str {
        &self.0.author_name
    }

    async fn author_login(&self) -> Option<&str> {
        self.0.author_login.as_deref()
    }

    /// Unix seconds.
    async fn timestamp(&self) -> i64 {
        self.0.timestamp
    }

    async fn url(&self) -> &str {
        &self.0.url
    }

    /// Tags are not looked up yet.
    async fn tag(&self) -> Option<&str> {
        None
    }
}
