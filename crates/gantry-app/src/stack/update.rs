mod changed;

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::{SpaceId, StackId};
use gantry_core::stack::{Stack, StackSettings, StackSource};
use gantry_store::{StoreError, Tx, space, stack};

use super::draft::same_repository;
use super::vendor::refuse_workspace;
use super::{StackDraft, refuse_deleting};
use crate::audit::Deed;
use crate::run::AfterCommit;
use crate::wake::Hint;
use crate::{App, OpError, Subject, sight};

impl App {
    /// Replaces all settings. The ID stays, whatever the name becomes.
    pub async fn stack_update(
        &self,
        subject: &Subject,
        id: &StackId,
        draft: StackDraft,
    ) -> Result<Stack, OpError> {
        let tx = self.store.begin().await?;
        let mut stack = self
            .stack_for_update(&tx, subject, id, Action::Administer)
            .await?;
        refuse_deleting(&stack)?;
        let space = self
            .space_after_update(&tx, subject, &stack, &draft)
            .await?;
        let settings_before = stack.settings.clone();
        let before = stack.settings.source.clone();
        stack.settings = draft.settings(self, space, Some(&before))?;
        let (pool, space) = (&stack.settings.worker_pool, &stack.settings.space);
        let moves = *pool != settings_before.worker_pool;
        if let Some(pool) = pool
            && (moves || *space != settings_before.space)
        {
            self.expect_pool_for(&tx, subject, pool, space).await?;
        }
        if stack.manages_state {
            refuse_workspace(&stack.settings)?;
        }
        stack.updated_at = self.clock.now();
        if forgets_commit(&stack, &before) {
            stack.tracked_commit = None;
            stack.tracked_commit_set_by = None;
            stack::set_tracked_commit(&tx, id, None, None).await?;
        }
        let stored = stack::update_settings(&tx, id, &stack.settings, stack.updated_at).await;
        stored.map_err(|error| space_gone(error, &stack.settings.space))?;
        let changed = changed::names(&settings_before, &stack.settings);
        let mut deed = Deed::to_stack("stack.update", &stack).with("changed", changed);
        if moves {
            let pool = |settings: &StackSettings| {
                let pool = settings.worker_pool.as_ref();
                pool.map(|pool| pool.as_str().to_owned())
            };
            deed = deed
                .with("workerPool", pool(&stack.settings))
                .with("workerPoolBefore", pool(&settings_before));
        }
        if settings_before.space != stack.settings.space {
            deed = deed.with("spaceBefore", settings_before.space.as_str());
        }
        self.audit(&tx, subject, deed).await?;
        // What waits for a worker waits for another one now.
        let offered = moves.then(|| Hint::Work(stack.settings.worker_pool.clone()));
        self.tell_others(&tx, offered.as_slice()).await?;
        tx.commit().await?;
        if let Some(hint) = &offered {
            self.hint(hint);
        }
        Ok(stack)
    }

    /// Where the stack lives from now on. Moving it takes an administrator of both spaces, and
    /// everything that it uses has to be visible from the new one.
    async fn space_after_update(
        &self,
        tx: &Tx,
        subject: &Subject,
        stack: &Stack,
        draft: &StackDraft,
    ) -> Result<SpaceId, OpError> {
        let from = &stack.settings.space;
        let Some(to) = draft.space.as_ref().filter(|to| *to != from.as_str()) else {
            return Ok(from.clone());
        };
        let to = SpaceId::new(to);
        let found = space::find(tx.reader(), &to).await?;
        if found.is_none() || !subject.sees_shared(&to) {
            return Err(OpError::missing("space", &to));
        }
        subject.require(Action::Administer, &to)?;
        sight::kept_by_stack(tx, stack, &to).await?;
        tracing::info!(stack.slug = %stack.id, by = subject.name, "{} moves from {from} to {to}", stack.id);
        Ok(to)
    }

    /// A disabled stack starts nothing, except a destroy run that somebody asks for.
    pub async fn stack_set_disabled(
        self: &Arc<Self>,
        subject: &Subject,
        id: &StackId,
        disabled: bool,
    ) -> Result<Stack, OpError> {
        let tx = self.store.begin().await?;
        let mut stack = self
            .stack_for_update(&tx, subject, id, Action::Administer)
            .await?;
        refuse_deleting(&stack)?;
        stack::set_disabled(&tx, id, disabled).await?;
        stack.disabled = disabled;
        let mut after = AfterCommit::default();
        if !disabled {
            after = self.queue_advance(&tx, &mut stack).await?;
        }
        let action = if disabled {
            "stack.disable"
        } else {
            "stack.enable"
        };
        self.audit(&tx, subject, Deed::to_stack(action, &stack))
            .await?;
        // A run that was ready before is offered again.
        let offered = (!disabled).then(|| Hint::Work(stack.settings.worker_pool.clone()));
        self.tell_others(&tx, offered.as_slice()).await?;
        tx.commit().await?;
        after.perform(self);
        if let Some(hint) = &offered {
            self.hint(hint);
        }
        Ok(stack)
    }
}

/// A space that was deleted since it was looked up is one that there is not.
pub(crate) fn space_gone(error: StoreError, space: &SpaceId) -> OpError {
    match error {
        StoreError::Referenced => OpError::missing("space", space),
        other => other.into(),
    }
}

/// Whether the commit that the stack knows is one of the past: of another repository, or the head
/// of another branch. A commit that somebody pinned it to is kept while the repository is the same.
fn forgets_commit(stack: &Stack, before: &StackSource) -> bool {
    let now = &stack.settings.source;
    !same_repository(now, before)
        || (now.branch != before.branch && stack.pinned_commit().is_none())
}
