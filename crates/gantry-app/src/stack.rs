//! Stacks.

mod create;
mod delete;
mod draft;
mod lock;
mod search;
mod tracked_commit;
mod update;
mod vendor;

pub use draft::{SourceDraft, StackDraft};
pub(crate) use draft::{check_hooks, check_inside, check_labels, check_line};
pub(crate) use lock::locked_by_other;
pub(crate) use update::space_gone;
pub use vendor::VendorDraft;
pub(crate) use vendor::checked_version;

use gantry_core::authz::Action;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;
use gantry_store::{Reader, Tx, stack};

use crate::{App, OpError, Subject};

impl App {
    /// The stack, if it exists and the subject may see it.
    pub async fn stack(&self, subject: &Subject, id: &StackId) -> Result<Option<Stack>, OpError> {
        let stack = stack::find(self.store.reader(), id).await?;
        Ok(stack.filter(|stack| subject.sees(&stack.settings.space)))
    }

    /// The stack that an operation works on. One that is absent and one that is invisible are the
    /// same [`OpError::Missing`]; one that is visible but out of reach is [`OpError::Forbidden`].
    pub async fn stack_for(
        &self,
        reader: Reader<'_>,
        subject: &Subject,
        id: &StackId,
        action: Action,
    ) -> Result<Stack, OpError> {
        let stack = stack::find(reader, id).await?;
        allowed(stack, subject, id, action)
    }

    /// The same inside a transaction that is going to change the stack: nobody else does until it
    /// ends.
    pub async fn stack_for_update(
        &self,
        tx: &Tx,
        subject: &Subject,
        id: &StackId,
        action: Action,
    ) -> Result<Stack, OpError> {
        let stack = stack::find_for_update(tx, id).await?;
        allowed(stack, subject, id, action)
    }
}

fn allowed(
    stack: Option<Stack>,
    subject: &Subject,
    id: &StackId,
    action: Action,
) -> Result<Stack, OpError> {
    let stack = stack
        .filter(|stack| subject.sees(&stack.settings.space))
        .ok_or_else(|| OpError::missing("stack", id))?;
    subject.require(action, &stack.settings.space)?;
    Ok(stack)
}

/// Nothing is changed about a stack that is on its way out.
pub(crate) fn refuse_deleting(stack: &Stack) -> Result<(), OpError> {
    if stack.deleting {
        return Err(OpError::conflict(format!(
            "the stack `{}` is being deleted",
            stack.id
        )));
    }
    Ok(())
}
