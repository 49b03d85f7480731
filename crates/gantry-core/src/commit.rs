use serde::{Deserialize, Serialize};

/// A commit of the stack's repository, as a run was pinned to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// 40 (or 64) lower-case hex digits.
    pub hash: String,
    pub message: String,
    pub author_name: String,
    pub author_login: Option<String>,
    /// Unix seconds.
    pub timestamp: i64,
    pub url: String,
}
