//! Reading and writing, as the tool's HTTP backend asks for it.

use std::sync::Arc;

use bytes::Bytes;
use gantry_core::ids::StackId;
use gantry_core::quoted::Quoted;
use gantry_core::space::seen_from;
use gantry_core::state::{Origin, StateVersion, Verdict, judge};
use gantry_store::{Reader, run_transition, space, stack, state};
use zeroize::Zeroizing;

use super::{NewVersion, StateAccess, StateRefused, held_by};
use crate::App;

impl App {
    /// The current state; `None` before the first.
    pub async fn state_get(
        &self,
        access: &StateAccess,
        id: &StackId,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StateRefused> {
        if access.run.stack != *id && !self.opens_its_state(access, id).await? {
            return Err(StateRefused::Missing(format!(
                "there is no state of a stack {} that run {} may read: the stack must keep its \
                 state here, have `externalStateAccessEnabled`, and live in a space that the stack \
                 `{}` sees",
                Quoted(id.as_str()),
                access.run.id,
                access.run.stack
            )));
        }
        match state::current(self.store.reader(), id).await? {
            Some(version) => Ok(Some(self.state_bytes(&version).await?)),
            None => Ok(None),
        }
    }

    /// Whether another stack lets this run read its state.
    async fn opens_its_state(
        &self,
        access: &StateAccess,
        id: &StackId,
    ) -> Result<bool, StateRefused> {
        let reader = self.store.reader();
        let own = stack::find(reader, &access.run.stack).await?;
        let (Some(own), Some(other)) = (own, stack::find(reader, id).await?) else {
            return Ok(false);
        };
        if !other.manages_state || !other.settings.vendor.external_state_access_enabled() {
            return Ok(false);
        }
        let spaces = space::list(reader).await?;
        Ok(seen_from(&spaces, &own.settings.space).contains(&&other.settings.space))
    }

    /// Stores a state. Returns once it is durable and the current one. The same state sent again is
    /// stored once.
    pub async fn state_store(
        self: &Arc<Self>,
        access: &StateAccess,
        id: &StackId,
        lock: Option<&str>,
        content: Bytes,
    ) -> Result<(), StateRefused> {
        let stored = self.try_state_store(access, id, lock, content).await;
        if let Err(
            StateRefused::Conflict(reason)
            | StateRefused::Malformed(reason)
            | StateRefused::Forbidden(reason),
        ) = &stored
        {
            self.note_state_refused(access, reason).await;
        }
        stored
    }

    async fn try_state_store(
        self: &Arc<Self>,
        access: &StateAccess,
        id: &StackId,
        lock: Option<&str>,
        content: Bytes,
    ) -> Result<(), StateRefused> {
        access.require_write(id)?;
        let (head, digest) = self.state_head(id, content.clone()).await?;
        // A look before anything is written; what counts is the one in the transaction.
        let reader = self.store.reader();
        own_lock(reader, access, lock).await?;
        let current = state::current(reader, id).await?;
        if next(current.as_ref(), &head, &digest)? == Verdict::Stored {
            return Ok(());
        }
        let new = NewVersion {
            stack: id,
            head: head.clone(),
            bytes: content.len() as i64,
            digest: digest.clone(),
            origin: Origin::Run {
                run: access.run.id.clone(),
                phase: access.phase,
            },
            author: &access.run.triggered_by,
            author_id: &access.run.triggered_by_id,
        };
        let version = self.state_put(new, &content).await?;
        let tx = self.store.begin().await?;
        let decided = async {
            access.hold(&tx).await?;
            own_lock(tx.reader(), access, lock).await?;
            let current = state::current(tx.reader(), id).await?;
            next(current.as_ref(), &head, &digest)
        };
        match decided.await {
            Ok(Verdict::Store) => {}
            Ok(Verdict::Stored) => {
                self.state_unput(&version).await;
                return Ok(());
            }
            Err(refused) => {
                drop(tx);
                self.state_unput(&version).await;
                return Err(refused);
            }
        }
        state::store(&tx, &version).await?;
        tx.commit().await?;
        tracing::info!(
            stack.slug = %id, run.id = %access.run.id, serial = version.serial,
            bytes = version.bytes, "a state of {id} was stored"
        );
        self.state_count_soon(version);
        Ok(())
    }

    /// The tool shows a status and no more of an answer, so that the run's page says why.
    async fn note_state_refused(&self, access: &StateAccess, reason: &str) {
        let note = format!("a state of this phase was refused: {reason}");
        let noted = async {
            let tx = self.store.begin().await?;
            run_transition::note_first(&tx, &access.run.id, access.run.version, &note).await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(run.id = %access.run.id, stack.slug = %access.run.stack, %error, "a refused state was not noted");
        }
    }
}

/// Whoever writes has the lock, from this phase and this lease.
async fn own_lock(
    reader: Reader<'_>,
    access: &StateAccess,
    named: Option<&str>,
) -> Result<(), StateRefused> {
    let stack = &access.run.stack;
    let Some(named) = named.filter(|id| !id.is_empty()) else {
        return Err(StateRefused::Conflict(format!(
            "the state of `{stack}` is written under its lock only, and this request names none: \
             leave out `-lock=false`"
        )));
    };
    match state::lock::find(reader, stack).await? {
        None => Err(StateRefused::Conflict(format!(
            "the state of `{stack}` is not locked any more, and this request is made under the \
             lock {}",
            Quoted(named)
        ))),
        Some(lock) if lock.info.id != named || !access.took(&lock) => {
            Err(StateRefused::Conflict(format!(
                "the state of `{stack}` can't be written under the lock {}: {}",
                Quoted(named),
                held_by(&lock)
            )))
        }
        Some(_) => Ok(()),
    }
}

fn next(
    current: Option<&StateVersion>,
    head: &gantry_core::state::Head,
    digest: &str,
) -> Result<Verdict, StateRefused> {
    judge(current, head, digest).map_err(|refused| StateRefused::Conflict(refused.to_string()))
}
