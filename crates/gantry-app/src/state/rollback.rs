//! Back to an older version: its content becomes a new version, so that nothing is lost and serials
//! only ever grow.

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::{StackId, StateVersionId};
use gantry_core::quoted::Quoted;
use gantry_core::stack::Stack;
use gantry_core::state::{Origin, StateVersion, with_serial};
use gantry_store::{Reader, state};

use super::{NewVersion, held_by, require_managed};
use crate::audit::Deed;
use crate::stack::{locked_by_other, refuse_deleting};
use crate::{App, OpError, Subject};

impl App {
    /// Makes the content of a version the newest again. What exists in the cloud does not change by
    /// it: the next plan shows the difference.
    pub async fn state_rollback(
        self: &Arc<Self>,
        subject: &Subject,
        id: &StackId,
        to: &StateVersionId,
    ) -> Result<StateVersion, OpError> {
        subject.require_not_run()?;
        let reader = self.store.reader();
        let stack = self.stack_for(reader, subject, id, Action::Operate).await?;
        let (older, current) = rollable(reader, subject, &stack, to).await?;
        let content = self.state_bytes(&older).await?;
        let content = with_serial(&content, current.serial + 1).map_err(|refused| {
            OpError::invalid(format!("version {}: {refused}", Quoted(to.as_str())))
        })?;
        let (head, digest) = self.state_head(id, content.clone().into()).await?;
        let new = NewVersion {
            stack: id,
            head,
            bytes: content.len() as i64,
            digest,
            origin: Origin::Rollback { of: to.clone() },
            author: &subject.name,
            author_id: &subject.id(),
        };
        let version = self.state_put(new, &content).await?;
        let tx = self.store.begin().await?;
        let decided = async {
            let stack = self
                .stack_for_update(&tx, subject, id, Action::Operate)
                .await?;
            let (_, now) = rollable(tx.reader(), subject, &stack, to).await?;
            if now.id != current.id {
                return Err(OpError::conflict(format!(
                    "the state of `{id}` has moved to serial {} meanwhile; look again",
                    now.serial
                )));
            }
            let deed = Deed::to_stack("state.rollback", &stack)
                .with("serial", version.serial)
                .with("toSerial", older.serial);
            self.audit(&tx, subject, deed).await
        };
        if let Err(refused) = decided.await {
            drop(tx);
            self.state_unput(&version).await;
            return Err(refused);
        }
        state::store(&tx, &version).await?;
        tx.commit().await?;
        tracing::warn!(
            stack.slug = %id, by = subject.id(), serial = version.serial, to = older.serial,
            "the state of {id} was rolled back"
        );
        self.state_count_soon(version.clone());
        Ok(version)
    }
}

/// The version to go back to, and the current one, if the state may be replaced now.
async fn rollable(
    reader: Reader<'_>,
    subject: &Subject,
    stack: &Stack,
    to: &StateVersionId,
) -> Result<(StateVersion, StateVersion), OpError> {
    let id = &stack.id;
    require_managed(stack)?;
    refuse_deleting(stack)?;
    if let Some(lock) = stack
        .lock
        .as_ref()
        .filter(|lock| lock.holder != subject.id())
    {
        return Err(locked_by_other(stack, lock));
    }
    if let Some(run) = &stack.blocker {
        return Err(OpError::conflict(format!(
            "the state of `{id}` can't be rolled back while run {run} holds the stack: it may be \
             about to write. Wait for its end, or stop or discard it"
        )));
    }
    if let Some(lock) = state::lock::find(reader, id).await? {
        return Err(OpError::conflict(format!(
            "the state of `{id}` can't be rolled back: {}. An administrator can remove a lock that \
             was left over",
            held_by(&lock)
        )));
    }
    let missing = || OpError::missing("version of the state", to);
    let older = state::find(reader, id, to).await?.ok_or_else(missing)?;
    let current = state::current(reader, id).await?.ok_or_else(missing)?;
    if older.id == current.id {
        return Err(OpError::invalid(format!(
            "version {} is the current state of `{id}`: choose an older one",
            Quoted(to.as_str())
        )));
    }
    Ok((older, current))
}
