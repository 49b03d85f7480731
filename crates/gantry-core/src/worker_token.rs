//! What joins shared workers that run elsewhere. Times are epoch milliseconds.

use crate::ids::WorkerTokenId;

/// Without its secret, of which only a hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerToken {
    pub id: WorkerTokenId,
    /// A name for people.
    pub name: String,
    pub created_at: i64,
    /// Not written more often than once a minute.
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}
