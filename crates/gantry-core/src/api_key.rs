use crate::authz::Role;
use crate::ids::{ApiKeyId, SpaceId};

/// An API key, without its secret. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub description: Option<String>,
    /// An administrator of the account: every role everywhere, whatever `access` says.
    pub admin: bool,
    /// The roles that the key was given, one a space, by space. They hold in the spaces below too.
    pub access: Vec<SpaceAccess>,
    pub teams: Vec<String>,
    /// The name of whoever made it.
    pub creator: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
    /// Refused from then on.
    pub expires_at: Option<i64>,
}

impl ApiKey {
    pub fn is_good(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A role that somebody was given in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceAccess {
    pub space: SpaceId,
    pub role: Role,
}
