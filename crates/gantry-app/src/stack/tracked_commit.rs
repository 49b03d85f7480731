use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;
use gantry_store::stack;

use super::refuse_deleting;
use crate::audit::Deed;
use crate::{App, OpError, Subject};

impl App {
    /// Pins the stack to a commit, by its full hash: tracked runs without a commit of their own use
    /// it until the stack is synced again.
    pub async fn stack_set_current_commit(
        &self,
        subject: &Subject,
        id: &StackId,
        hash: &str,
    ) -> Result<Stack, OpError> {
        let hash = hash.to_ascii_lowercase();
        gantry_git::valid_commit(&hash)
            .map_err(|error| OpError::invalid(format!("sha: {error}")))?;
        let before = self.stack_for_commit(subject, id).await?;
        let commit = self.commit_of(&before.settings.source, &hash).await?;
        let tx = self.store.begin().await?;
        let mut stack = self.same_source(&tx, subject, &before).await?;
        stack::set_tracked_commit(&tx, id, Some(&commit), Some(&subject.name)).await?;
        let deed =
            Deed::to_stack("stack.set_current_commit", &stack).with("commit", commit.hash.as_str());
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        stack.tracked_commit = Some(commit);
        stack.tracked_commit_set_by = Some(subject.name.clone());
        Ok(stack)
    }

    /// Lets the stack follow its branch again. The branch is looked up at once, so that whoever
    /// syncs hears of a repository that can't be read.
    pub async fn stack_sync_commit(
        &self,
        subject: &Subject,
        id: &StackId,
    ) -> Result<Stack, OpError> {
        let before = self.stack_for_commit(subject, id).await?;
        let head = self.head_of(&before.settings.source).await?;
        let tx = self.store.begin().await?;
        let mut stack = self.same_source(&tx, subject, &before).await?;
        stack::set_tracked_commit(&tx, id, Some(&head), None).await?;
        let deed = Deed::to_stack("stack.sync_commit", &stack).with("commit", head.hash.as_str());
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        stack.tracked_commit = Some(head);
        stack.tracked_commit_set_by = None;
        Ok(stack)
    }

    async fn stack_for_commit(&self, subject: &Subject, id: &StackId) -> Result<Stack, OpError> {
        subject.require_not_run()?;
        let reader = self.store.reader();
        let stack = self.stack_for(reader, subject, id, Action::Operate).await?;
        refuse_deleting(&stack)?;
        Ok(stack)
    }

    /// The repository was read outside of the transaction: meanwhile the stack may have got
    /// another one.
    async fn same_source(
        &self,
        tx: &gantry_store::Tx,
        subject: &Subject,
        before: &Stack,
    ) -> Result<Stack, OpError> {
        let stack = self
            .stack_for_update(tx, subject, &before.id, Action::Operate)
            .await?;
        refuse_deleting(&stack)?;
        if stack.settings.source != before.settings.source {
            return Err(OpError::conflict(format!(
                "the source of the stack `{}` was changed at the same moment: try again",
                stack.id
            )));
        }
        Ok(stack)
    }
}
