//! Stacks. The type has so many fields that it is merged from parts, each with one subject.

mod input;
mod later;
mod settings;
mod source;
mod standing;

use std::sync::Arc;

use async_graphql::{Context, ID, MergedObject, Object, Result, SimpleObject};
use gantry_app::search::Page;
use gantry_core::ids::StackId;
use gantry_core::stack;

use super::config_element::StackConfig;
use super::context::StackContexts;
use super::cx::{app, subject};
use super::run::StackRuns;
use super::search::{PageInfo, SearchInput};
use super::stack_integrations::StackCloud;
use super::state::StackManagedState;
use crate::error;
use input::StackInput;

#[derive(MergedObject)]
pub struct Stack(
    settings::StackSettings,
    source::StackSource,
    standing::StackStanding,
    StackRuns,
    StackConfig,
    StackContexts,
    StackCloud,
    StackManagedState,
    later::StackLater,
);

impl From<stack::Stack> for Stack {
    fn from(stack: stack::Stack) -> Self {
        let stack = Arc::new(stack);
        Stack(
            settings::StackSettings(stack.clone()),
            source::StackSource(stack.clone()),
            standing::StackStanding(stack.clone()),
            StackRuns(stack.clone()),
            StackConfig(stack.clone()),
            StackContexts(stack.clone()),
            StackCloud(stack.clone()),
            StackManagedState(stack),
            later::StackLater,
        )
    }
}

#[derive(Default)]
pub struct StackQuery;

#[Object]
impl StackQuery {
    async fn stack(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Stack>> {
        let found = app(ctx).stack(subject(ctx)?, &StackId::new(id.0)).await;
        Ok(found.map_err(error::graphql)?.map(Stack::from))
    }

    /// Newest first.
    async fn stacks(&self, ctx: &Context<'_>) -> Result<Vec<Stack>> {
        let stacks = app(ctx).stacks(subject(ctx)?).await;
        let stacks = stacks.map_err(error::graphql)?;
        Ok(stacks.into_iter().map(Stack::from).collect())
    }

    /// Newest first unless ordered otherwise.
    async fn search_stacks(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
    ) -> Result<StackConnection> {
        let page = app(ctx).stack_search(subject(ctx)?, &input.decode()?).await;
        Ok(page.map_err(error::graphql)?.into())
    }
}

#[derive(SimpleObject)]
struct StackConnection {
    edges: Vec<StackEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct StackEdge {
    node: Stack,
}

impl From<Page<stack::Stack>> for StackConnection {
    fn from(page: Page<stack::Stack>) -> Self {
        let page_info = PageInfo::from(&page);
        let edges = page.items.into_iter().map(|stack| StackEdge {
            node: Stack::from(stack),
        });
        StackConnection {
            edges: edges.collect(),
            page_info,
        }
    }
}

#[derive(Default)]
pub struct StackMutation;

#[Object]
impl StackMutation {
    async fn stack_create(
        &self,
        ctx: &Context<'_>,
        input: StackInput,
        manage_state: bool,
        #[graphql(name = "stackObjectID")] stack_object_id: Option<String>,
        slug: Option<String>,
    ) -> Result<Stack> {
        let draft = input.decode().map_err(error::graphql)?;
        let made = app(ctx)
            .stack_create(subject(ctx)?, draft, slug, manage_state, stack_object_id)
            .await;
        made.map(Stack::from).map_err(error::graphql)
    }

    /// Replaces every setting; null means "none" or "the default", not "as it was".
    async fn stack_update(&self, ctx: &Context<'_>, id: ID, input: StackInput) -> Result<Stack> {
        let draft = input.decode().map_err(error::graphql)?;
        let changed = app(ctx)
            .stack_update(subject(ctx)?, &StackId::new(id.0), draft)
            .await;
        changed.map(Stack::from).map_err(error::graphql)
    }

    /// Answers at once with `deleting: true`; the stack is gone when a query for it says null. With
    /// `destroyResources` a destroy run comes first, and the stack stays if that fails.
    async fn stack_delete(
        &self,
        ctx: &Context<'_>,
        id: ID,
        destroy_resources: Option<bool>,
    ) -> Result<Option<Stack>> {
        let destroy = destroy_resources.unwrap_or(false);
        let leaving = app(ctx)
            .stack_delete(subject(ctx)?, &StackId::new(id.0), destroy)
            .await;
        Ok(leaving.map_err(error::graphql)?.map(Stack::from))
    }

    async fn stack_enable(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Stack>> {
        set_disabled(ctx, id, false).await
    }

    /// A disabled stack starts nothing, except a destroy run that somebody asks for.
    async fn stack_disable(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Stack>> {
        set_disabled(ctx, id, true).await
    }

    /// Only the holder of the lock triggers and confirms.
    async fn stack_lock(&self, ctx: &Context<'_>, id: ID, note: Option<String>) -> Result<Stack> {
        let locked = app(ctx)
            .stack_lock(subject(ctx)?, &StackId::new(id.0), note)
            .await;
        locked.map(Stack::from).map_err(error::graphql)
    }

    /// For the holder of the lock, or an administrator of the space.
    async fn stack_unlock(&self, ctx: &Context<'_>, id: ID) -> Result<Stack> {
        let unlocked = app(ctx)
            .stack_unlock(subject(ctx)?, &StackId::new(id.0))
            .await;
        unlocked.map(Stack::from).map_err(error::graphql)
    }

    /// Pins the stack to a commit, by its full hash.
    async fn stack_set_current_commit(
        &self,
        ctx: &Context<'_>,
        id: ID,
        sha: String,
    ) -> Result<Stack> {
        let pinned = app(ctx)
            .stack_set_current_commit(subject(ctx)?, &StackId::new(id.0), &sha)
            .await;
        pinned.map(Stack::from).map_err(error::graphql)
    }

    /// Lets the stack follow the head of its branch again.
    async fn stack_sync_commit(&self, ctx: &Context<'_>, id: ID) -> Result<Stack> {
        let synced = app(ctx)
            .stack_sync_commit(subject(ctx)?, &StackId::new(id.0))
            .await;
        synced.map(Stack::from).map_err(error::graphql)
    }
}

async fn set_disabled(ctx: &Context<'_>, id: ID, disabled: bool) -> Result<Option<Stack>> {
    let changed = app(ctx)
        .stack_set_disabled(subject(ctx)?, &StackId::new(id.0), disabled)
        .await;
    changed
        .map(|stack| Some(Stack::from(stack)))
        .map_err(error::graphql)
}
