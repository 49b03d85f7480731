//! The audit trail: who did what, to which thing, when.

use serde_json::{Map, Value};

use crate::ids::{RunId, SpaceId, StackId};

/// One thing that somebody did. Written in the transaction that does it, never changed, and kept
/// when the thing it is about is gone: it names things by their IDs and by what they were called.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// A ULID.
    pub id: String,
    /// Epoch milliseconds.
    pub at: i64,
    /// `noun.verb`, such as `stack.lock`.
    pub action: String,
    pub actor: Actor,
    /// Where the thing lived then; `None` for what belongs to the account.
    pub space: Option<SpaceId>,
    pub target: Target,
    /// The stack and the run that it concerned, when it did.
    pub stack: Option<StackId>,
    pub run: Option<RunId>,
    /// What else there is to know, by name. Never a secret.
    pub details: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// As locks and records name a subject: `api-key/<ID>`, or `<stack>/<run>`.
    pub id: String,
    /// What it was called then.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A noun, such as `stack`.
    pub kind: String,
    pub id: String,
    /// What it was called then, where that says more than the ID.
    pub name: Option<String>,
}

impl Target {
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Target {
            kind: kind.to_owned(),
            id: id.to_string(),
            name: None,
        }
    }

    pub fn named(kind: &str, id: impl ToString, name: impl Into<String>) -> Self {
        Target {
            name: Some(name.into()),
            ..Target::new(kind, id)
        }
    }
}
