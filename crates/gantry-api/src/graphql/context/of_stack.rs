//! The contexts of a stack, seen from the stack.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use gantry_app::config_element;
use gantry_app::context_attachment::BY_LABEL;
use gantry_core::context::{AttachedBy, AttachedContext};
use gantry_core::stack::Stack;

use crate::error;
use crate::graphql::config_element::ConfigElement;
use crate::graphql::cx::{app, subject};

/// A part of `Stack`.
pub struct StackContexts(pub Arc<Stack>);

#[Object]
impl StackContexts {
    /// The strongest first: those that somebody attached, by priority, then those that a label does.
    async fn attached_contexts(&self, ctx: &Context<'_>) -> Result<Vec<StackContextAttachment>> {
        let contexts = app(ctx).stack_contexts(subject(ctx)?, &self.0).await;
        let contexts = contexts.map_err(error::graphql)?;
        Ok(contexts
            .into_iter()
            .map(|(attached, elements)| StackContextAttachment {
                attached,
                elements: Some(elements),
            })
            .collect())
    }
}

pub struct StackContextAttachment {
    attached: AttachedContext,
    /// Where they are known already.
    elements: Option<Vec<config_element::ConfigElement>>,
}

impl From<AttachedContext> for StackContextAttachment {
    fn from(attached: AttachedContext) -> Self {
        StackContextAttachment {
            attached,
            elements: None,
        }
    }
}

#[Object]
impl StackContextAttachment {
    async fn id(&self) -> ID {
        match &self.attached.by {
            AttachedBy::Person { attachment, .. } => ID(attachment.as_str().to_owned()),
            AttachedBy::Label => ID(format!("{BY_LABEL}{}", self.attached.context.id)),
        }
    }

    async fn context_id(&self) -> ID {
        ID(self.attached.context.id.as_str().to_owned())
    }

    async fn context_name(&self) -> &str {
        &self.attached.context.name
    }

    /// The lowest wins. 0 where a label attaches it, which is weaker than every priority.
    async fn priority(&self) -> i64 {
        match self.attached.by {
            AttachedBy::Person { priority, .. } => priority,
            AttachedBy::Label => 0,
        }
    }

    async fn is_autoattached(&self) -> bool {
        self.attached.by == AttachedBy::Label
    }

    async fn config(&self, ctx: &Context<'_>) -> Result<Vec<ConfigElement>> {
        let elements = match &self.elements {
            Some(elements) => elements.clone(),
            None => app(ctx)
                .context_config(subject(ctx)?, &self.attached.context)
                .await
                .map_err(error::graphql)?,
        };
        Ok(elements.into_iter().map(ConfigElement).collect())
    }
}
