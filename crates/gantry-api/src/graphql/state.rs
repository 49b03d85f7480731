//! The state of stacks whose state is kept here: what is in it, its history, its lock, and the ways
//! in and out.

mod entity;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gantry_app::App;
use gantry_app::state::StateView;
use gantry_core::ids::{StackId, StateVersionId};
use gantry_core::stack;
use gantry_core::state::contents::{Contents, Output};
use gantry_core::state::{self, Origin, StateAction, StateDelta};

use super::cx::{app, subject};
use super::stack::Stack;
use crate::error;
use entity::ManagedEntity;

/// A part of `Stack`.
pub struct StackManagedState(pub Arc<stack::Stack>);

#[Object]
impl StackManagedState {
    /// Of a stack whose state is kept here. Sensitive ones without their value.
    async fn outputs(&self, ctx: &Context<'_>) -> Result<Vec<StackOutput>> {
        let found = self.contents(ctx).await?;
        let outputs = found.iter().flat_map(|contents| &contents.outputs);
        Ok(outputs.cloned().map(StackOutput::from).collect())
    }

    /// Modules, resources and outputs of a stack whose state is kept here. Values are for writers,
    /// without what the state marks as sensitive.
    async fn entities(&self, ctx: &Context<'_>) -> Result<Vec<ManagedEntity>> {
        let found = self.contents(ctx).await?;
        Ok(found
            .iter()
            .flat_map(|contents| entity::of(contents))
            .collect())
    }

    /// The versions of a state that is kept here, newest first, at most 50; `before` is the last one
    /// that was seen. An addition to the contract.
    async fn state_versions(
        &self,
        ctx: &Context<'_>,
        before: Option<ID>,
    ) -> Result<Vec<StateVersion>> {
        let before = before.map(|id| StateVersionId::new(id.0));
        let found = app(ctx).state_versions(&self.0, before.as_ref()).await;
        let found = found.map_err(error::graphql)?;
        Ok(found.into_iter().map(StateVersion).collect())
    }

    /// One version of the state; null when there is none of that ID. An addition to the contract.
    #[graphql(name = "stateVersion")]
    async fn one_state_version(&self, ctx: &Context<'_>, id: ID) -> Result<Option<StateVersion>> {
        let id = StateVersionId::new(id.0);
        let found = app(ctx).state_version(&self.0.id, &id).await;
        Ok(found.map_err(error::graphql)?.map(StateVersion))
    }

    /// Who has the lock of the state; null when nobody has, and where the state is kept elsewhere. An
    /// addition to the contract.
    async fn state_lock(&self, ctx: &Context<'_>) -> Result<Option<StateLock>> {
        let found = app(ctx).state_lock(&self.0).await;
        Ok(found.map_err(error::graphql)?.map(StateLock::from))
    }
}

impl StackManagedState {
    async fn contents(&self, ctx: &Context<'_>) -> Result<Option<Arc<Contents>>> {
        let Some(view) = app(ctx).state_view(subject(ctx)?, &self.0) else {
            return Ok(None);
        };
        let loader = ctx.data_unchecked::<DataLoader<ContentsLoader>>();
        loader.load_one(view).await
    }
}

/// Loads the states of all stacks of a page at once, and each of them once for one document.
pub struct ContentsLoader(pub Arc<App>);

impl Loader<StateView> for ContentsLoader {
    type Value = Arc<Contents>;
    type Error = async_graphql::Error;

    async fn load(&self, views: &[StateView]) -> Result<HashMap<StateView, Arc<Contents>>> {
        self.0.state_contents(views).await.map_err(error::graphql)
    }
}

#[derive(SimpleObject)]
struct StackOutput {
    id: ID,
    description: Option<String>,
    sensitive: bool,
    /// JSON; null when it is sensitive, or the viewer may not see it.
    value: Option<String>,
}

impl From<Output> for StackOutput {
    fn from(output: Output) -> Self {
        StackOutput {
            id: ID(output.name),
            // A state does not have it.
            description: None,
            sensitive: output.sensitive,
            value: output.value,
        }
    }
}

/// One state that was stored. An addition to the contract.
pub struct StateVersion(state::StateVersion);

#[Object]
impl StateVersion {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    /// Counts the states of a stack; what is stored later has a higher one.
    async fn serial(&self) -> i64 {
        self.0.serial
    }

    async fn lineage(&self) -> &str {
        &self.0.lineage
    }

    /// The version of the tool that wrote it.
    async fn tool_version(&self) -> Option<&str> {
        self.0.tool_version.as_deref()
    }

    async fn bytes(&self) -> i64 {
        self.0.bytes
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.0.created_at / 1000
    }

    /// Whoever triggered the run, imported the state or rolled it back.
    async fn author(&self) -> &str {
        &self.0.author
    }

    async fn origin(&self) -> StateOrigin {
        match self.0.origin {
            Origin::Run { .. } => StateOrigin::Run,
            Origin::Import => StateOrigin::Import,
            Origin::Rollback { .. } => StateOrigin::Rollback,
        }
    }

    /// The run that wrote it.
    #[graphql(name = "run")]
    async fn run_id(&self) -> Option<ID> {
        match &self.0.origin {
            Origin::Run { run, .. } => Some(ID(run.as_str().to_owned())),
            Origin::Import | Origin::Rollback { .. } => None,
        }
    }

    /// The phase of that run.
    async fn phase(&self) -> Option<&str> {
        match &self.0.origin {
            Origin::Run { phase, .. } => Some(phase.as_str()),
            Origin::Import | Origin::Rollback { .. } => None,
        }
    }

    /// The version whose content this is again.
    async fn rollback_of(&self) -> Option<ID> {
        match &self.0.origin {
            Origin::Rollback { of } => Some(ID(of.as_str().to_owned())),
            Origin::Run { .. } | Origin::Import => None,
        }
    }

    /// Against the version before; null while it is not counted, and for a state that the tool
    /// encrypted.
    async fn delta(&self) -> Option<StateVersionDelta> {
        self.0.counted.delta().map(StateVersionDelta::from)
    }

    /// The resources that differ from the version before, by address; null for a state that the tool
    /// encrypted.
    async fn changes(&self, ctx: &Context<'_>) -> Result<Option<Vec<StateChange>>> {
        let found = app(ctx).state_changes(&self.0).await;
        let found = found.map_err(error::graphql)?;
        Ok(found.map(|changes| changes.into_iter().map(StateChange::from).collect()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum StateOrigin {
    Import,
    Rollback,
    Run,
}

/// Counts of resources. An addition to the contract.
#[derive(SimpleObject)]
struct StateVersionDelta {
    added: i64,
    changed: i64,
    removed: i64,
    /// All that the version has.
    resources: i64,
}

impl From<StateDelta> for StateVersionDelta {
    fn from(delta: StateDelta) -> Self {
        StateVersionDelta {
            added: delta.added,
            changed: delta.changed,
            removed: delta.removed,
            resources: delta.resources,
        }
    }
}

/// One resource that differs. An addition to the contract.
#[derive(SimpleObject)]
struct StateChange {
    address: String,
    action: StateChangeAction,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum StateChangeAction {
    Added,
    Changed,
    Removed,
}

impl From<state::StateChange> for StateChange {
    fn from(change: state::StateChange) -> Self {
        StateChange {
            address: change.address,
            action: match change.action {
                StateAction::Added => StateChangeAction::Added,
                StateAction::Changed => StateChangeAction::Changed,
                StateAction::Removed => StateChangeAction::Removed,
            },
        }
    }
}

/// The lock of a state. An addition to the contract.
#[derive(SimpleObject)]
struct StateLock {
    /// What `force-unlock` is given.
    id: ID,
    /// What the tool was about to do, in its own word.
    operation: String,
    /// The tool's process, in its own words.
    who: String,
    run: ID,
    phase: &'static str,
    /// Whoever triggered the run.
    holder: String,
    /// Unix seconds.
    locked_at: i64,
}

impl From<state::StateLock> for StateLock {
    fn from(lock: state::StateLock) -> Self {
        StateLock {
            id: ID(lock.info.id),
            operation: lock.info.operation,
            who: lock.info.who,
            run: ID(lock.run.into_string()),
            phase: lock.phase.as_str(),
            holder: lock.holder,
            locked_at: lock.locked_at / 1000,
        }
    }
}

#[derive(SimpleObject)]
struct StateUploadUrl {
    object_id: String,
    url: String,
}

#[derive(SimpleObject)]
struct StateDownloadUrl {
    url: String,
}

#[derive(InputObject)]
struct StateDownloadUrlInput {
    stack_id: ID,
    /// An older version; without it the current one. An addition to the contract.
    version_id: Option<ID>,
}

#[derive(Default)]
pub struct StateMutation;

#[Object]
impl StateMutation {
    /// Where to PUT a state, without a login, that `stackCreate` then takes by its `stackObjectID`.
    /// Good for half an hour.
    async fn state_upload_url(&self, ctx: &Context<'_>) -> Result<StateUploadUrl> {
        let made = app(ctx).state_upload_url(subject(ctx)?).await;
        let made = made.map_err(error::graphql)?;
        Ok(StateUploadUrl {
            object_id: made.object_id,
            url: made.url,
        })
    }

    /// Where to GET a state, without a login. Good for five minutes; for writers.
    async fn state_download_url(
        &self,
        ctx: &Context<'_>,
        input: StateDownloadUrlInput,
    ) -> Result<StateDownloadUrl> {
        let stack = StackId::new(input.stack_id.0);
        let version = input.version_id.map(|id| StateVersionId::new(id.0));
        let url = app(ctx)
            .state_download_url(subject(ctx)?, &stack, version.as_ref())
            .await;
        let url = url.map_err(error::graphql)?;
        Ok(StateDownloadUrl { url })
    }

    /// Makes the content of an older version the newest. Not while a run holds the stack or the state
    /// is locked; for writers. An addition to the contract.
    async fn state_rollback(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        version: ID,
    ) -> Result<StateVersion> {
        let (stack, version) = (StackId::new(stack.0), StateVersionId::new(version.0));
        let made = app(ctx)
            .state_rollback(subject(ctx)?, &stack, &version)
            .await;
        made.map(StateVersion).map_err(error::graphql)
    }

    /// Removes a lock that an ended run left on the state; for administrators. An addition to the
    /// contract.
    async fn state_lock_remove(&self, ctx: &Context<'_>, stack: ID) -> Result<Stack> {
        let freed = app(ctx)
            .state_lock_remove(subject(ctx)?, &StackId::new(stack.0))
            .await;
        freed.map(Stack::from).map_err(error::graphql)
    }
}
