use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::quoted::Quoted;
use gantry_core::run::SystemLock;
use gantry_core::stack::{Stack, StackLock};
use gantry_store::{run, stack};

use super::refuse_deleting;
use crate::audit::Deed;
use crate::run::reveal;
use crate::{App, OpError, Subject, Who};

const LONGEST_NOTE: usize = 1000;

impl App {
    /// Locks the stack for the subject: only it triggers or confirms from now on. Its own lock gets
    /// the new note.
    pub async fn stack_lock(
        &self,
        subject: &Subject,
        id: &StackId,
        note: Option<String>,
    ) -> Result<Stack, OpError> {
        if let Who::Run { .. } = subject.who {
            return Err(OpError::Forbidden(
                "the token of a run can't lock a stack: it dies with its phase, and the lock would \
                 stay"
                    .into(),
            ));
        }
        let note = note.filter(|note| !note.is_empty());
        if note
            .as_ref()
            .is_some_and(|note| note.chars().count() > LONGEST_NOTE)
        {
            return Err(OpError::invalid(format!(
                "note: it is longer than {LONGEST_NOTE} characters"
            )));
        }
        let tx = self.store.begin().await?;
        let mut stack = self
            .stack_for_update(&tx, subject, id, Action::Operate)
            .await?;
        refuse_deleting(&stack)?;
        if let Some(lock) = &stack.lock
            && lock.holder != subject.id()
        {
            return Err(locked_by_other(&stack, lock));
        }
        let lock = StackLock {
            holder: subject.id(),
            holder_name: subject.name.clone(),
            note,
            locked_at: self.clock.now(),
        };
        stack::set_lock(&tx, id, &lock).await?;
        let deed = Deed::to_stack("stack.lock", &stack).with("note", lock.note.as_deref());
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(stack.slug = %id, by = subject.id(), "{id} was locked");
        stack.lock = Some(lock);
        Ok(stack)
    }

    /// Removes the lock of a person, for its holder or an administrator of the space. Where there
    /// is none but a failed run left one, an administrator takes that over: whatever worker may
    /// still have the run is fenced off.
    ///
    /// A stack that is not locked stays as it is: clients send a request again when its answer was
    /// lost.
    pub async fn stack_unlock(
        self: &Arc<Self>,
        subject: &Subject,
        id: &StackId,
    ) -> Result<Stack, OpError> {
        // What a lock held back goes on, and a taken over run is fenced off.
        subject.require_not_run()?;
        let tx = self.store.begin().await?;
        let mut stack = self
            .stack_for_update(&tx, subject, id, Action::Operate)
            .await?;
        if let Some(lock) = stack.lock.take() {
            let own = lock.holder == subject.id();
            if !own {
                subject.require(Action::Administer, &stack.settings.space)?;
            }
            stack::clear_lock(&tx, id).await?;
            let deed = Deed::to_stack("stack.unlock", &stack)
                .with("forced", !own)
                .with("holder", lock.holder)
                .with("holderName", lock.holder_name)
                .with("note", lock.note);
            self.audit(&tx, subject, deed).await?;
            tracing::info!(stack.slug = %id, by = subject.id(), forced = !own, "{id} was unlocked");
        } else if let Some(lock) = stack.system_lock.take() {
            subject.require(Action::Administer, &stack.settings.space)?;
            stack.system_lock = reveal(&tx, id, lock.clone()).await?;
            if let Some(fence) = stack::next_fence(&tx, id).await? {
                stack.fence = fence;
                if lock.kind == SystemLock::LostWorker {
                    run::fence_off(&tx, &lock.run, fence).await?;
                }
            }
            let kind = lock.kind.as_str();
            let deed = Deed::to_stack("stack.take_over", &stack)
                .with("lock", kind)
                .with("run", lock.run.as_str())
                .with("note", lock.note.as_str());
            self.audit(&tx, subject, deed).await?;
            tracing::warn!(stack.slug = %id, by = subject.id(), run.id = %lock.run, kind, "{id} was taken over from a failed run");
        } else {
            return Ok(stack);
        }
        let after = self.queue_advance(&tx, &mut stack).await?;
        tx.commit().await?;
        after.perform(self);
        Ok(stack)
    }
}

/// The refusal that names who has the lock and what to do.
pub(crate) fn locked_by_other(stack: &Stack, lock: &StackLock) -> OpError {
    let note = match &lock.note {
        Some(note) => format!(" (note: {})", Quoted(note)),
        None => String::new(),
    };
    OpError::conflict(format!(
        "the stack `{}` is locked by {}{note}: ask them, or an administrator of the space `{}`, to \
         unlock it",
        stack.id, lock.holder_name, stack.settings.space
    ))
}
