//! Contexts: variables, mounted files and hooks that stacks share.

mod of_stack;
mod search;

use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::config_element::ConfigOwner;
use gantry_core::context::{Context, id_from_name};
use gantry_core::hooks::Hooks;
use gantry_core::ids::ContextId;
use gantry_core::quoted::Quoted;
use gantry_store::{StoreError, Tx, context, context_attachment};

pub use of_stack::ContextStack;

use crate::audit::Deed;
use crate::config_element::ConfigElement;
use crate::stack::{check_hooks, check_labels, check_line, space_gone};
use crate::{App, OpError, Subject, sight};

const LONGEST_NAME: usize = 255;
const LONGEST_DESCRIPTION: usize = 64 * 1024;

/// What create and update say. Update replaces everything; only a `space` of `None` keeps the one
/// there is.
#[derive(Clone, Debug, Default)]
pub struct ContextInput {
    pub name: String,
    pub description: Option<String>,
    pub space: Option<String>,
    pub labels: Vec<String>,
    pub hooks: Hooks,
}

impl App {
    pub async fn context(
        &self,
        subject: &Subject,
        id: &ContextId,
    ) -> Result<Option<Context>, OpError> {
        let found = context::find(self.store.reader(), id).await?;
        Ok(found.filter(|context| subject.sees_shared(&context.space)))
    }

    /// The ID is made from the name and stays, whatever the name becomes.
    pub async fn context_create(
        &self,
        subject: &Subject,
        input: ContextInput,
    ) -> Result<Context, OpError> {
        let space = self.space_for_new(subject, input.space.as_deref()).await?;
        subject.require(Action::Administer, &space)?;
        input.check()?;
        let id = id_from_name(&input.name).map_err(|error| OpError::invalid(error.to_string()))?;
        let now = self.clock.now();
        let made = Context {
            id,
            name: input.name,
            description: input.description.filter(|text| !text.is_empty()),
            space,
            labels: input.labels,
            hooks: input.hooks,
            created_at: now,
            updated_at: now,
        };
        let tx = self.store.begin().await?;
        context::insert(&tx, &made)
            .await
            .map_err(|error| match error {
                StoreError::Duplicate(_) => OpError::conflict(format!(
                    "name: {} gives the ID `{}`, and there is a context of that ID already; choose \
                     another name",
                    Quoted(&made.name),
                    made.id
                )),
                other => space_gone(other, &made.space),
            })?;
        self.audit(&tx, subject, deed("context.create", &made))
            .await?;
        tx.commit().await?;
        tracing::info!(context.id = %made.id, by = subject.name, "the context was created");
        Ok(made)
    }

    pub async fn context_update(
        &self,
        subject: &Subject,
        id: &ContextId,
        input: ContextInput,
    ) -> Result<Context, OpError> {
        input.check()?;
        let space = match input.space.as_deref() {
            Some(wanted) => Some(self.space_for_new(subject, Some(wanted)).await?),
            None => None,
        };
        let tx = self.store.begin().await?;
        let before = self
            .context_for_update(&tx, subject, id, Action::Administer)
            .await?;
        let space = space.unwrap_or_else(|| before.space.clone());
        let after = Context {
            name: input.name,
            description: input.description.filter(|text| !text.is_empty()),
            labels: input.labels,
            hooks: input.hooks,
            updated_at: self.clock.now(),
            space,
            ..before.clone()
        };
        if after.space != before.space {
            subject.require(Action::Administer, &after.space)?;
            let attachments =
                context_attachment::of_contexts(tx.reader(), std::slice::from_ref(id)).await?;
            sight::kept_by_context(&tx, &after, &attachments).await?;
        }
        context::update(&tx, &after)
            .await
            .map_err(|error| space_gone(error, &after.space))?;
        let deed = deed("context.update", &after).with("spaceBefore", before.space.as_str());
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(context.id = %id, by = subject.name, "the context was updated");
        Ok(after)
    }

    /// Answers with the context as it was, or `None` when there was none. It is detached from
    /// whatever has it, as the clients expect: whoever may delete it may empty it as well.
    pub async fn context_delete(
        &self,
        subject: &Subject,
        id: &ContextId,
    ) -> Result<Option<Context>, OpError> {
        let tx = self.store.begin().await?;
        let found = match self
            .context_for_update(&tx, subject, id, Action::Administer)
            .await
        {
            Err(OpError::Missing { .. }) => return Ok(None),
            found => found?,
        };
        let attachments =
            context_attachment::of_contexts(tx.reader(), std::slice::from_ref(id)).await?;
        context::delete(&tx, id).await?;
        let stacks: Vec<&str> = attachments
            .iter()
            .map(|attachment| attachment.stack.as_str())
            .collect();
        let deed = deed("context.delete", &found).with("detachedFrom", stacks);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(
            context.id = %id, by = subject.name, stacks = attachments.len(),
            "the context was deleted"
        );
        Ok(Some(found))
    }

    /// The elements of a context that the subject was given, by name.
    pub async fn context_config(
        &self,
        subject: &Subject,
        context: &Context,
    ) -> Result<Vec<ConfigElement>, OpError> {
        let owner = ConfigOwner::Context(context.id.clone());
        self.config(subject, &owner, &context.space).await
    }

    pub async fn context_config_element(
        &self,
        subject: &Subject,
        context: &Context,
        name: &str,
    ) -> Result<Option<ConfigElement>, OpError> {
        let owner = ConfigOwner::Context(context.id.clone());
        self.config_element(subject, &owner, &context.space, name)
            .await
    }

    /// The context that an operation changes: nobody else does until the transaction ends. One that
    /// is absent and one that is invisible are the same.
    pub(crate) async fn context_for_update(
        &self,
        tx: &Tx,
        subject: &Subject,
        id: &ContextId,
        action: Action,
    ) -> Result<Context, OpError> {
        let context = context::find_for_update(tx, id)
            .await?
            .filter(|context| subject.sees_shared(&context.space))
            .ok_or_else(|| OpError::missing("context", id))?;
        subject.require(action, &context.space)?;
        Ok(context)
    }
}

fn deed(action: &'static str, context: &Context) -> Deed {
    Deed::new(action, Target::named("context", &context.id, &context.name))
        .in_space(&context.space)
        .with("labels", context.labels.clone())
}

impl ContextInput {
    fn check(&self) -> Result<(), OpError> {
        check_line("name", &self.name, LONGEST_NAME)?;
        check_labels(&self.labels)?;
        check_hooks(&self.hooks)?;
        match &self.description {
            Some(text) if text.len() > LONGEST_DESCRIPTION => Err(OpError::invalid(format!(
                "description: it is longer than {LONGEST_DESCRIPTION} bytes"
            ))),
            _ => Ok(()),
        }
    }
}
