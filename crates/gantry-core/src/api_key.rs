use crate::ids::ApiKeyId;

/// An API key, without its secret. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub description: Option<String>,
    /// An administrator of the account. Any other key has no access yet: roles come with spaces.
    pub admin: bool,
    pub teams: Vec<String>,
    /// The name of whoever made it.
    pub creator: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}
