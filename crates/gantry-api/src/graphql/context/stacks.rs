//! The stacks that have a context, seen from the context.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{ID, Result, SimpleObject};
use gantry_app::App;
use gantry_app::context::ContextStack;
use gantry_app::context_attachment::BY_LABEL;
use gantry_core::context::{AttachedBy, Context};

use crate::error;

#[derive(SimpleObject)]
pub struct ContextStackAttachment {
    id: ID,
    stack_id: ID,
    stack_name: String,
    is_module: bool,
    is_autoattached: bool,
    /// The lowest wins. 0 where a label attaches it, which is weaker than every priority.
    priority: i64,
}

impl From<ContextStack> for ContextStackAttachment {
    fn from(stack: ContextStack) -> Self {
        let by_label = || ID(format!("{BY_LABEL}{}", stack.context));
        let (id, priority) = match stack.by {
            AttachedBy::Person {
                attachment,
                priority,
            } => (ID(attachment.into_string()), priority),
            AttachedBy::Label => (by_label(), 0),
        };
        ContextStackAttachment {
            is_autoattached: id.starts_with(BY_LABEL),
            id,
            stack_id: ID(stack.stack.into_string()),
            stack_name: stack.name,
            is_module: false,
            priority,
        }
    }
}

/// Loads the stacks of all contexts of a page at once.
pub struct ContextStackLoader(pub Arc<App>);

/// A context, told from others by its ID.
#[derive(Clone)]
pub struct Key(pub Context);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl Loader<Key> for ContextStackLoader {
    type Value = Vec<ContextStack>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[Key]) -> Result<HashMap<Key, Vec<ContextStack>>> {
        let contexts: Vec<Context> = keys.iter().map(|key| key.0.clone()).collect();
        let mut found = self
            .0
            .stacks_of_contexts(&contexts)
            .await
            .map_err(error::graphql)?;
        Ok(contexts
            .into_iter()
            .filter_map(|context| {
                let stacks = found.remove(&context.id)?;
                Some((Key(context), stacks))
            })
            .collect())
    }
}
