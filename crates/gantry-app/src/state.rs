//! The state of stacks whose state the installation keeps.
//!
//! A version is a sealed object and a row; the object is durable before the row is, and the row
//! before anybody hears that the state was stored. Versions are never changed. Whoever writes holds
//! the state's lock, in a phase that writes, of the run that holds the stack: all of that is looked
//! at in the transaction that makes the version the current one.

mod access;
mod backend;
mod contents;
mod history;
mod import;
mod link;
mod lock;
mod rollback;

pub use access::StateAccess;
pub use contents::StateView;
pub use link::{StateDownload, StateUpload};

use bytes::Bytes;
use gantry_core::ids::{StackId, StateVersionId};
use gantry_core::stack::Stack;
use gantry_core::state::{Counted, Head, Origin, StateLock, StateVersion};
use zeroize::Zeroizing;

use crate::config_element::hmac;
use crate::{App, OpError};

/// What is needed beside the bytes to make a version of them.
struct NewVersion<'a> {
    stack: &'a StackId,
    head: Head,
    bytes: i64,
    digest: String,
    origin: Origin,
    author: &'a str,
    author_id: &'a str,
}

/// Why a tool's request for a state had no effect.
#[derive(Debug)]
pub enum StateRefused {
    /// The token is good, and not for that.
    Forbidden(String),
    /// There is no such state for this run.
    Missing(String),
    /// Somebody else has the lock.
    Locked {
        lock: Box<StateLock>,
        remedy: String,
    },
    /// The request does not fit what is stored, or who holds it.
    Conflict(String),
    /// The request itself can't be understood.
    Malformed(String),
    Failed(OpError),
}

impl From<OpError> for StateRefused {
    fn from(error: OpError) -> Self {
        StateRefused::Failed(error)
    }
}

impl From<gantry_store::StoreError> for StateRefused {
    fn from(error: gantry_store::StoreError) -> Self {
        StateRefused::Failed(error.into())
    }
}

impl From<StateRefused> for OpError {
    /// For operations of people: what a tool would hear with a status of its own.
    fn from(refused: StateRefused) -> Self {
        match refused {
            StateRefused::Failed(error) => error,
            StateRefused::Forbidden(text) => OpError::Forbidden(text),
            StateRefused::Missing(text) | StateRefused::Malformed(text) => OpError::Invalid(text),
            StateRefused::Conflict(text) => OpError::Conflict(text),
            StateRefused::Locked { lock, .. } => OpError::Conflict(held_by(&lock)),
        }
    }
}

/// Where the versions of a stack are. IDs of versions are never used twice, so that a stack which
/// takes a slug again finds nothing of the one before.
pub(crate) fn folder(stack: &StackId) -> String {
    format!("states/{stack}")
}

impl App {
    /// Reads the content of a version.
    async fn state_bytes(&self, version: &StateVersion) -> Result<Zeroizing<Vec<u8>>, OpError> {
        let found = self.get_sealed(&version.object).await?;
        found.ok_or_else(|| {
            OpError::internal(
                "read a state",
                format!("the object {} is gone", version.object),
            )
        })
    }

    /// Makes the object of a version. What comes back is to be stored in a transaction, or given to
    /// [`App::state_unput`].
    async fn state_put(
        &self,
        new: NewVersion<'_>,
        content: &[u8],
    ) -> Result<StateVersion, OpError> {
        let now = self.clock.now();
        let id = self.runs.new_id(now).into_string();
        let object = format!("{}/{id}", folder(new.stack));
        let key_id = self.put_sealed(&object, content).await?;
        Ok(StateVersion {
            id: StateVersionId::new(id),
            stack: new.stack.clone(),
            serial: new.head.serial,
            lineage: new.head.lineage,
            tool_version: new.head.tool_version,
            bytes: new.bytes,
            digest: new.digest,
            object,
            key_id,
            origin: new.origin,
            author: new.author.to_owned(),
            author_id: new.author_id.to_owned(),
            created_at: now,
            counted: Counted::NotYet,
        })
    }

    /// Removes the object of a version that is known not to be stored.
    async fn state_unput(&self, version: &StateVersion) {
        if let Err(error) = self.objects.remove(&version.object).await {
            tracing::warn!(object = version.object, %error, "a state that nothing refers to is left");
        }
    }

    /// Reads the head of a state and hashes all of it, away from what answers requests.
    async fn state_head(
        &self,
        stack: &StackId,
        content: Bytes,
    ) -> Result<(Head, String), StateRefused> {
        let key = self.state_key(stack);
        let read = tokio::task::spawn_blocking(move || {
            let head = Head::read(&content)?;
            Ok((head, hex::encode(hmac(&*key, &content))))
        });
        read.await
            .map_err(|error| OpError::internal("read a state", error))?
            .map_err(|unreadable: gantry_core::state::Unreadable| {
                StateRefused::Malformed(unreadable.to_string())
            })
    }

    /// What keyed hashes of a stack's state are made with: they tell nothing to whoever tries
    /// guesses.
    fn state_key(&self, stack: &StackId) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(hmac(&*self.checksums, format!("state|{stack}").as_bytes()))
    }
}

/// For operations that make sense only where the state is kept here.
fn require_managed(stack: &Stack) -> Result<(), OpError> {
    if stack.manages_state {
        return Ok(());
    }
    Err(OpError::invalid(format!(
        "the stack `{}` keeps its state in a backend of its own, where this installation does not \
         reach it: use the tool in a task",
        stack.id
    )))
}

/// The lock in a sentence: who, since when, which run.
pub(crate) fn held_by(lock: &StateLock) -> String {
    format!(
        "it is locked by the {} phase of run {} (triggered by {}, {}) since {}, with the lock ID {}",
        lock.phase,
        lock.run,
        lock.holder,
        lock.info.who,
        crate::clock::rfc3339(lock.locked_at),
        lock.info.id
    )
}
