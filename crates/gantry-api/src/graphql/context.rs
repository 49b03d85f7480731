//! Contexts: variables, mounted files and hooks that stacks share.

mod hooks;
mod input;
mod of_stack;
mod stacks;

use std::collections::HashMap;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::config_element;
use gantry_app::search::Page;
use gantry_core::context;
use gantry_core::ids::{ContextId, SpaceId, StackId};

use super::batch::{self, Batch};
use super::config_element::ConfigElement;
use super::cx::{app, subject};
use super::search::{PageInfo, SearchInput};
use super::space::{Space, SpaceLoader};
use crate::error;
pub use hooks::Hooks;
use input::ContextInput;
pub use of_stack::{StackContextAttachment, StackContexts};
pub use stacks::{ContextStackAttachment, ContextStackLoader};

#[derive(Default)]
pub struct ContextQuery;

#[Object]
impl ContextQuery {
    async fn context(&self, ctx: &Context<'_>, id: ID) -> Result<Option<SharedContext>> {
        let found = app(ctx).context(subject(ctx)?, &ContextId::new(id.0)).await;
        Ok(found.map_err(error::graphql)?.map(SharedContext))
    }

    /// By name.
    async fn contexts(&self, ctx: &Context<'_>) -> Result<Vec<SharedContext>> {
        let contexts = app(ctx).contexts(subject(ctx)?).await;
        let contexts = contexts.map_err(error::graphql)?;
        Ok(contexts.into_iter().map(SharedContext).collect())
    }

    /// Newest first unless ordered otherwise.
    async fn search_contexts(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
    ) -> Result<ContextConnection> {
        let page = app(ctx)
            .context_search(subject(ctx)?, &input.decode()?)
            .await;
        Ok(page.map_err(error::graphql)?.into())
    }
}

#[derive(SimpleObject)]
struct ContextConnection {
    edges: Vec<ContextEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct ContextEdge {
    node: SharedContext,
}

impl From<Page<context::Context>> for ContextConnection {
    fn from(page: Page<context::Context>) -> Self {
        let page_info = PageInfo::from(&page);
        let edges = page.items.into_iter().map(|context| ContextEdge {
            node: SharedContext(context),
        });
        ContextConnection {
            edges: edges.collect(),
            page_info,
        }
    }
}

#[derive(Default)]
pub struct ContextMutation;

#[Object]
impl ContextMutation {
    /// The ID is made from the name and stays, whatever the name becomes.
    #[graphql(name = "contextCreateV2")]
    async fn context_create(
        &self,
        ctx: &Context<'_>,
        input: ContextInput,
    ) -> Result<SharedContext> {
        let made = app(ctx).context_create(subject(ctx)?, input.decode()).await;
        made.map(SharedContext).map_err(error::graphql)
    }

    /// Replaces everything; null means "none", not "as it was". Only the space is kept then.
    #[graphql(name = "contextUpdateV2")]
    async fn context_update(
        &self,
        ctx: &Context<'_>,
        id: ID,
        input: ContextInput,
    ) -> Result<SharedContext> {
        let changed = app(ctx)
            .context_update(subject(ctx)?, &ContextId::new(id.0), input.decode())
            .await;
        changed.map(SharedContext).map_err(error::graphql)
    }

    /// Detaches it from every stack. Null when there was none.
    async fn context_delete(&self, ctx: &Context<'_>, id: ID) -> Result<Option<SharedContext>> {
        let deleted = app(ctx)
            .context_delete(subject(ctx)?, &ContextId::new(id.0))
            .await;
        Ok(deleted.map_err(error::graphql)?.map(SharedContext))
    }

    /// Of two contexts with the same variable or file, the one with the lower priority wins.
    async fn context_attach(
        &self,
        ctx: &Context<'_>,
        id: ID,
        stack: ID,
        priority: i64,
    ) -> Result<ContextStackAttachment> {
        let (id, stack) = (ContextId::new(id.0), StackId::new(stack.0));
        let attached = app(ctx)
            .context_attach(subject(ctx)?, &id, &stack, priority)
            .await;
        attached
            .map(ContextStackAttachment::from)
            .map_err(error::graphql)
    }

    /// `id` is the attachment's. Null when there was none.
    async fn context_detach(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<ContextStackAttachment>> {
        let id = gantry_core::ids::ContextAttachmentId::new(id.0);
        let detached = app(ctx).context_detach(subject(ctx)?, &id).await;
        let detached = detached.map_err(error::graphql)?;
        Ok(detached.map(ContextStackAttachment::from))
    }
}

/// `Context` in the contract.
pub struct SharedContext(pub context::Context);

#[Object(name = "Context")]
impl SharedContext {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    async fn labels(&self) -> &[String] {
        &self.0.labels
    }

    async fn space(&self) -> ID {
        ID(self.0.space.as_str().to_owned())
    }

    async fn space_details(&self, ctx: &Context<'_>) -> Result<Space> {
        let spaces = ctx.data_unchecked::<DataLoader<SpaceLoader>>();
        let space = spaces.load_one(self.0.space.clone()).await?;
        space
            .map(Space)
            .ok_or_else(|| async_graphql::Error::new("the context's space is gone"))
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.0.created_at / 1000
    }

    /// Unix seconds.
    async fn updated_at(&self) -> i64 {
        self.0.updated_at / 1000
    }

    async fn hooks(&self) -> Hooks {
        Hooks::from(self.0.hooks.clone())
    }

    async fn config(&self, ctx: &Context<'_>) -> Result<Vec<ConfigElement>> {
        let key = ConfigOfContext(self.0.id.clone(), self.0.space.clone());
        let elements = batch::one(ctx, key).await?.unwrap_or_default();
        Ok(elements.into_iter().map(ConfigElement).collect())
    }

    async fn config_element(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ConfigElement>> {
        let element = app(ctx)
            .context_config_element(subject(ctx)?, &self.0, &id.0)
            .await;
        Ok(element.map_err(error::graphql)?.map(ConfigElement))
    }

    /// By a person or by a label.
    async fn has_attached_stacks(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(!self.stacks(ctx).await?.is_empty())
    }

    /// `id` is the stack's.
    async fn attached_stack(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<ContextStackAttachment>> {
        let stacks = self.stacks(ctx).await?;
        let found = stacks
            .into_iter()
            .find(|stack| stack.stack.as_str() == id.as_str());
        Ok(found
            .filter(|stack| stack.attachment().is_some())
            .map(ContextStackAttachment::from))
    }

    /// Those to which somebody attached it, and those to which a label does.
    async fn attached_stacks(&self, ctx: &Context<'_>) -> Result<Vec<ContextStackAttachment>> {
        let stacks = self.stacks(ctx).await?;
        Ok(stacks
            .into_iter()
            .map(ContextStackAttachment::from)
            .collect())
    }
}

/// The elements of a context that the subject was given, and that lives in that space.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ConfigOfContext(ContextId, SpaceId);

impl Loader<ConfigOfContext> for Batch {
    type Value = Vec<config_element::ConfigElement>;
    type Error = async_graphql::Error;

    async fn load(
        &self,
        keys: &[ConfigOfContext],
    ) -> Result<HashMap<ConfigOfContext, Self::Value>> {
        let contexts = keys.iter().map(|ConfigOfContext(id, space)| (id, space));
        let contexts = contexts.collect();
        let found = self.app.context_configs(&self.subject, &contexts).await;
        let mut found = found.map_err(error::graphql)?;
        Ok(keys
            .iter()
            .filter_map(|key| Some((key.clone(), found.remove(&key.0)?)))
            .collect())
    }
}

impl SharedContext {
    /// As far as the viewer sees them.
    async fn stacks(&self, ctx: &Context<'_>) -> Result<Vec<gantry_app::context::ContextStack>> {
        let viewer = subject(ctx)?;
        let loader = ctx.data_unchecked::<DataLoader<ContextStackLoader>>();
        let stacks = loader.load_one(stacks::Key(self.0.clone())).await?;
        let mut stacks = stacks.unwrap_or_default();
        stacks.retain(|stack| viewer.sees(&stack.space));
        Ok(stacks)
    }
}
