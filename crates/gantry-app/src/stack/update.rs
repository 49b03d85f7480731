mod changed;

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::stack::{Stack, StackSource};
use gantry_store::stack;

use super::draft::same_repository;
use super::{StackDraft, refuse_deleting};
use crate::audit::Deed;
use crate::run::AfterCommit;
use crate::{App, OpError, Subject};

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
        let space = stack.settings.space.clone();
        if draft
            .space
            .as_ref()
            .is_some_and(|wanted| wanted != space.as_str())
        {
            return Err(OpError::invalid(format!(
                "space: the stack `{id}` lives in `{space}`, and moving stacks between spaces is \
                 not supported yet; leave `space` out or repeat `{space}`"
            )));
        }
        let settings_before = stack.settings.clone();
        let before = stack.settings.source.clone();
        stack.settings = draft.settings(self, space, Some(&before))?;
        stack.updated_at = self.clock.now();
        if forgets_commit(&stack, &before) {
            stack.tracked_commit = None;
            stack.tracked_commit_set_by = None;
            stack::set_tracked_commit(&tx, id, None, None).await?;
        }
        stack::update_settings(&tx, id, &stack.settings, stack.updated_at).await?;
        let changed = changed::names(&settings_before, &stack.settings);
        let deed = Deed::to_stack("stack.update", &stack).with("changed", changed);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        Ok(stack)
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
        tx.commit().await?;
        after.perform(self);
        if !disabled {
            // A run that was ready before is offered again.
            self.wake.work();
        }
        Ok(stack)
    }
}

/// Whether the commit that the stack knows is one of the past: of another repository, or the head
/// of another branch. A commit that somebody pinned it to is kept while the repository is the same.
fn forgets_commit(stack: &Stack, before: &StackSource) -> bool {
    let now = &stack.settings.source;
    !same_repository(now, before)
        || (now.branch != before.branch && stack.pinned_commit().is_none())
}
