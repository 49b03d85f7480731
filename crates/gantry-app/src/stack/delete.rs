//! Deletion is asynchronous: the answer says `deleting`, and the stack is gone once nothing of it
//! runs any more and what its runs left in object storage is removed.
//!
//! `deleting` is the whole memory of it. Whatever interrupts a deletion, [`App::finish_deletions`]
//! begins it again from there, and each step may be done twice.

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;
use gantry_store::{slug, stack, state};

use super::lock::locked_by_other;
use crate::audit::{Deed, by_gantry};
use crate::news::News;
use crate::{App, OpError, Subject};

impl App {
    /// Marks the stack as being deleted; with `destroy_resources` a destroy run comes first, and
    /// when it fails the stack stays. `None` when there is no such stack: it may be gone since the
    /// same request was sent for the first time.
    pub async fn stack_delete(
        self: &Arc<Self>,
        subject: &Subject,
        id: &StackId,
        destroy_resources: bool,
    ) -> Result<Option<Stack>, OpError> {
        if destroy_resources {
            subject.require_not_run()?;
        }
        let tx = self.store.begin().await?;
        let found = self
            .stack_for_update(&tx, subject, id, Action::Administer)
            .await;
        let mut stack = match found {
            Ok(stack) if stack.deleting => return Ok(Some(stack)),
            Ok(stack) => stack,
            Err(OpError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        refuse_protected(&stack, subject)?;
        stack::set_deleting(&tx, id, true).await?;
        stack.deleting = true;
        let after = if destroy_resources {
            self.destroy_run_queue(&tx, &mut stack, subject).await?
        } else {
            self.end_waiting_runs(&tx, &mut stack, subject).await?
        };
        let deed =
            Deed::to_stack("stack.delete", &stack).with("destroyResources", destroy_resources);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(stack.slug = %id, by = subject.id(), destroy_resources, "{id} is being deleted");
        after.perform(self);
        self.finish_deletion_soon(id.clone());
        Ok(Some(stack))
    }

    /// Goes on with every deletion that was begun; the timers call it at start and after a fault.
    pub async fn finish_deletions(&self) -> Result<(), OpError> {
        for id in stack::deleting(self.store.reader()).await? {
            self.finish_deletion(&id).await?;
        }
        Ok(())
    }

    /// For whoever ends a run of a stack that is being deleted, or lets go of one.
    pub(crate) fn finish_deletion_soon(self: &Arc<Self>, id: StackId) {
        let app = self.clone();
        self.afterwards.spawn(async move {
            if let Err(error) = app.finish_deletion(&id).await {
                tracing::warn!(stack.slug = %id, ?error, "{id} could not be deleted yet");
                app.runs.timers.notify_one();
            }
        });
    }

    /// Removes the stack if it is being deleted and nothing of it runs. Answers whether it did.
    pub(crate) async fn finish_deletion(&self, id: &StackId) -> Result<bool, OpError> {
        let reader = self.store.reader();
        let Some(found) = stack::find(reader, id).await? else {
            return Ok(false);
        };
        if !found.deleting || stack::has_unfinished_runs(reader, id).await? {
            return Ok(false);
        }
        self.forget_state(id).await?;
        // Objects first: rows that name no object are found again, objects without a row are not.
        // A stack that is being deleted gets no new run.
        for run in stack::run_ids(reader, id).await? {
            self.objects.remove_folder(&format!("runs/{run}")).await?;
        }
        let tx = self.store.begin().await?;
        let Some(found) = stack::find_for_update(&tx, id).await? else {
            return Ok(false);
        };
        if !found.deleting || stack::has_unfinished_runs(tx.reader(), id).await? {
            return Ok(false);
        }
        let now = self.clock.now();
        slug::release(&tx, id.as_str(), &found.settings.space, now).await?;
        stack::delete(&tx, id).await?;
        by_gantry(&tx, now, Deed::to_stack("stack.gone", &found)).await?;
        self.say_after(&tx, News::of_stack(&found));
        tx.commit().await?;
        tracing::info!(stack.slug = %id, "{id} was deleted");
        Ok(true)
    }

    /// Removes the state of a stack that is being deleted and has no run: first what names an object,
    /// so that nothing ever names one that is gone.
    async fn forget_state(&self, id: &StackId) -> Result<(), OpError> {
        let tx = self.store.begin().await?;
        let found = stack::find_for_update(&tx, id).await?;
        if found.is_none_or(|stack| !stack.deleting)
            || stack::has_unfinished_runs(tx.reader(), id).await?
        {
            return Ok(());
        }
        state::forget(&tx, id).await?;
        tx.commit().await?;
        self.objects.remove_folder(&crate::state::folder(id)).await
    }
}

fn refuse_protected(stack: &Stack, subject: &Subject) -> Result<(), OpError> {
    if stack.settings.protect_from_deletion {
        return Err(OpError::conflict(format!(
            "the stack `{}` is protected from deletion: set `protectFromDeletion` to false first \
             (in Terraform: `protect_from_deletion = false`)",
            stack.id
        )));
    }
    if let Some(lock) = &stack.lock
        && lock.holder != subject.id()
    {
        return Err(locked_by_other(stack, lock));
    }
    if let Some(lock) = &stack.system_lock {
        return Err(OpError::conflict(format!(
            "the stack `{}` is locked since the run {} failed: {} An administrator of the space \
             `{}` can unlock it, and delete it then",
            stack.id, lock.run, lock.note, stack.settings.space
        )));
    }
    Ok(())
}
