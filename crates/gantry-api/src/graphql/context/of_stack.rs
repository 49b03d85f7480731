//! The contexts of a stack, seen from the stack.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use gantry_app::config_element::{self, WithElements};
use gantry_app::context_attachment::BY_LABEL;
use gantry_core::context::{AttachedBy, AttachedContext};
use gantry_core::stack::Stack;

use super::ConfigOfContext;
use crate::error;
use crate::graphql::batch::{self, Batch, StackKey};
use crate::graphql::config_element::ConfigElement;

/// A part of `Stack`.
pub struct StackContexts(pub Arc<Stack>);

#[Object]
impl StackContexts {
    /// The strongest first: those that somebody attached, by priority, then those that a label does.
    async fn attached_contexts(&self, ctx: &Context<'_>) -> Result<Vec<StackContextAttachment>> {
        let contexts = batch::one(ctx, ContextsOf(StackKey(self.0.clone()))).await?;
        let contexts = contexts.unwrap_or_default();
        Ok(contexts
            .into_iter()
            .map(|(attached, elements)| StackContextAttachment {
                attached,
                elements: Some(elements),
            })
            .collect())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct ContextsOf(StackKey);

impl Loader<ContextsOf> for Batch {
    type Value = Vec<WithElements>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[ContextsOf]) -> Result<HashMap<ContextsOf, Self::Value>> {
        let stacks: Vec<&Stack> = keys.iter().map(|ContextsOf(key)| &*key.0).collect();
        let found = self.app.contexts_of_stacks(&self.subject, &stacks).await;
        let found = found.map_err(error::graphql)?;
        Ok(keys.iter().cloned().zip(found).collect())
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
            None => {
                let context = &self.attached.context;
                let key = ConfigOfContext(context.id.clone(), context.space.clone());
                batch::one(ctx, key).await?.unwrap_or_default()
            }
        };
        Ok(elements.into_iter().map(ConfigElement).collect())
    }
}
