use super::{Counted, Head};
use crate::ids::{RunId, StackId, StateVersionId};
use crate::quoted::Quoted;
use crate::run::Phase;

/// One state that was stored, without its content. Never changed, but for the counts that are
/// found out after it was stored. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateVersion {
    pub id: StateVersionId,
    pub stack: StackId,
    pub serial: i64,
    pub lineage: String,
    pub tool_version: Option<String>,
    pub bytes: i64,
    /// A keyed hash of the content: tells whether two states of one stack are the same.
    pub digest: String,
    /// The name of the sealed object, and the data key that seals it.
    pub object: String,
    pub key_id: String,
    pub origin: Origin,
    /// Who stands behind it: whoever triggered the run, imported or rolled back. Name and stable
    /// identifier.
    pub author: String,
    pub author_id: String,
    pub created_at: i64,
    /// Against the version before.
    pub counted: Counted,
}

/// How a version came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Run {
        run: RunId,
        phase: Phase,
    },
    /// It came with the stack.
    Import,
    /// The content of an older version, made the newest again.
    Rollback {
        of: StateVersionId,
    },
}

impl Origin {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Origin::Run { .. } => "run",
            Origin::Import => "import",
            Origin::Rollback { .. } => "rollback",
        }
    }
}

/// What becomes of a state that somebody wants to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Store,
    /// It is the current one: the answer to the same request was lost.
    Stored,
}

/// Why a state does not come after the current one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNext {
    #[error(
        "the state has the lineage {}, and the stack's has {}: it belongs to something else. If it \
         really takes the other's place, make a new stack and import it there",
        Quoted(sent),
        Quoted(stored)
    )]
    OtherLineage { sent: String, stored: String },
    #[error(
        "the state has the serial {sent}, and the stored one is at {stored} already: it is older \
         than what it would replace. Read the state again, or roll back to a version of its history"
    )]
    Older { sent: i64, stored: i64 },
    #[error(
        "the stored state has the same serial {0} and another content: somebody else has written \
         it meanwhile. Read the state again, and repeat the change"
    )]
    SameSerial(i64),
}

/// Whether `sent` comes after the current state.
pub fn judge(
    current: Option<&StateVersion>,
    sent: &Head,
    digest: &str,
) -> Result<Verdict, NotNext> {
    let Some(current) = current else {
        return Ok(Verdict::Store);
    };
    if sent.lineage != current.lineage {
        return Err(NotNext::OtherLineage {
            sent: sent.lineage.clone(),
            stored: current.lineage.clone(),
        });
    }
    match sent.serial.cmp(&current.serial) {
        std::cmp::Ordering::Greater => Ok(Verdict::Store),
        std::cmp::Ordering::Equal if digest == current.digest => Ok(Verdict::Stored),
        std::cmp::Ordering::Equal => Err(NotNext::SameSerial(current.serial)),
        std::cmp::Ordering::Less => Err(NotNext::Older {
            sent: sent.serial,
            stored: current.serial,
        }),
    }
}
