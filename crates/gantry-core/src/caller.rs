//! Who speaks to the worker gateway.

use std::fmt;

use crate::ids::{WorkerPoolId, WorkerTokenId};

/// Worked out from the connection and from nothing that the caller says in a message. A worker is
/// bound to it at hello, and its runs with it: no other caller speaks for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The child of a server of this installation.
    Embedded,
    /// A worker of the installation that runs elsewhere, joined by this token.
    Shared(WorkerTokenId),
    /// A worker of a user's pool, known by the pool's certificate.
    Private(WorkerPoolId),
}

impl Caller {
    /// The pool whose stacks it works for; `None`: those without one.
    pub const fn pool(&self) -> Option<&WorkerPoolId> {
        match self {
            Caller::Private(pool) => Some(pool),
            Caller::Embedded | Caller::Shared(_) => None,
        }
    }

    pub const fn token(&self) -> Option<&WorkerTokenId> {
        match self {
            Caller::Shared(token) => Some(token),
            Caller::Embedded | Caller::Private(_) => None,
        }
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Caller::Embedded => "embedded",
            Caller::Shared(_) => "shared",
            Caller::Private(_) => "private",
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Embedded => f.write_str("the embedded worker"),
            Caller::Shared(token) => write!(f, "a worker with the token {token}"),
            Caller::Private(pool) => write!(f, "a worker of the pool {pool}"),
        }
    }
}
