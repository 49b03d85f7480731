//! Which contexts somebody attached to which stacks. What labels attach is computed, never stored.

use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::context::AttachedBy;
use gantry_core::ids::{ContextAttachmentId, ContextId, StackId};
use gantry_store::{StoreError, context, context_attachment, space};
use ulid::Ulid;

use crate::audit::Deed;
use crate::context::ContextStack;
use crate::stack::refuse_deleting;
use crate::{App, OpError, Subject};

/// How clients see what a label attached: no attachment has an ID that begins so.
pub const BY_LABEL: &str = "label:";

impl App {
    /// Attaches. The same request sent again answers with the attachment that stands.
    pub async fn context_attach(
        &self,
        subject: &Subject,
        id: &ContextId,
        stack: &StackId,
        priority: i64,
    ) -> Result<ContextStack, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Administer)
            .await?;
        refuse_deleting(&stack)?;
        let missing = || OpError::missing("context", id);
        let context = context::find_for_update(&tx, id)
            .await?
            .ok_or_else(missing)?;
        let (from, lives) = (&stack.settings.space, &context.space);
        space::hold(&tx).await?;
        if !self.sees_space(tx.reader(), from, lives).await? {
            if !subject.sees_shared(lives) {
                return Err(missing());
            }
            return Err(OpError::conflict(format!(
                "the context `{id}` lives in the space `{lives}`, which is not visible from the \
                 space `{from}` of the stack {}; move one of them, or let the spaces between inherit",
                stack.id
            )));
        }
        let answer = |attachment: ContextAttachmentId| ContextStack {
            context: id.clone(),
            stack: stack.id.clone(),
            name: stack.settings.name.clone(),
            space: stack.settings.space.clone(),
            by: AttachedBy::Person {
                attachment,
                priority,
            },
        };
        let before = context_attachment::find_between(tx.reader(), id, &stack.id).await?;
        match before {
            Some(same) if same.priority == priority => return Ok(answer(same.id)),
            Some(other) => {
                return Err(OpError::conflict(format!(
                    "the context `{id}` is attached to the stack {} already, with priority {} \
                     (attachment {}); detach it first to attach it with another",
                    stack.id, other.priority, other.id
                )));
            }
            None => {}
        }
        let attachment = ContextAttachmentId::new(Ulid::generate().to_string());
        let now = self.clock.now();
        context_attachment::insert(&tx, &attachment, id, &stack.id, priority, now)
            .await
            .map_err(|error| match error {
                // Both rows are held, so nobody else can have been quicker.
                StoreError::Duplicate(_) | StoreError::Referenced => {
                    OpError::conflict("the stack or the context is being changed; try again")
                }
                other => other.into(),
            })?;
        let target = Target::named("context attachment", &attachment, &context.name);
        let deed = Deed::new("context_attachment.create", target)
            .on_stack(&stack)
            .with("context", id.as_str())
            .with("priority", priority);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(
            context.id = %id, stack.slug = %stack.id, by = subject.name,
            "the context was attached with priority {priority}"
        );
        Ok(answer(attachment))
    }

    /// Answers with the attachment as it was, or `None` when there was none.
    pub async fn context_detach(
        &self,
        subject: &Subject,
        id: &ContextAttachmentId,
    ) -> Result<Option<ContextStack>, OpError> {
        if let Some(context) = id.as_str().strip_prefix(BY_LABEL) {
            return Err(OpError::conflict(format!(
                "the context `{context}` is attached by a label: take the label off the stack, or \
                 the `autoattach:` label off the context"
            )));
        }
        let tx = self.store.begin().await?;
        let Some(found) = context_attachment::find(tx.reader(), id).await? else {
            return Ok(None);
        };
        let stack = self
            .stack_for_update(&tx, subject, &found.stack, Action::Administer)
            .await;
        let stack = match stack {
            Err(OpError::Missing { .. }) => return Ok(None),
            stack => stack?,
        };
        if !context_attachment::delete(&tx, id).await? {
            return Ok(None);
        }
        let target = Target::new("context attachment", id);
        let deed = Deed::new("context_attachment.delete", target)
            .on_stack(&stack)
            .with("context", found.context.as_str())
            .with("priority", found.priority);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(
            context.id = %found.context, stack.slug = %found.stack, by = subject.name,
            "the context was detached"
        );
        Ok(Some(ContextStack {
            context: found.context,
            stack: found.stack,
            name: found.stack_name,
            space: found.stack_space,
            by: AttachedBy::Person {
                attachment: found.id,
                priority: found.priority,
            },
        }))
    }
}
