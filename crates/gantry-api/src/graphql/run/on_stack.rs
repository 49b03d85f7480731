use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::OpError;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run::{self, RunKind};
use gantry_core::stack::Stack;

use super::Run;
use crate::error;
use crate::graphql::batch::{self, Batch};
use crate::graphql::cx::{app, subject};

/// A part of `Stack`: its runs.
pub struct StackRuns(pub Arc<Stack>);

#[Object]
impl StackRuns {
    /// The run that holds the stack.
    async fn blocker(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        let Some(id) = self.0.blocker.clone() else {
            return Ok(None);
        };
        let run = batch::one(ctx, Blocker(id)).await?;
        Ok(run.filter(|run| run.stack == self.0.id).map(Run::from))
    }

    async fn run(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Run>> {
        Ok(self.find(ctx, &RunId::new(id.0)).await?.map(Run::from))
    }

    /// Tracked and destroy runs, newest first; `before` is the last one that was seen.
    async fn runs(&self, ctx: &Context<'_>, before: Option<ID>) -> Result<Vec<Run>> {
        self.list(ctx, &[RunKind::Tracked, RunKind::Destroy], before)
            .await
    }

    /// Newest first; `before` is the last one that was seen.
    async fn proposed_runs(&self, ctx: &Context<'_>, before: Option<ID>) -> Result<Vec<Run>> {
        self.list(ctx, &[RunKind::Proposed], before).await
    }

    /// Newest first; `before` is the last one that was seen.
    async fn tasks(&self, ctx: &Context<'_>, before: Option<ID>) -> Result<Vec<Run>> {
        self.list(ctx, &[RunKind::Task], before).await
    }

    /// What clients poll while they wait for a run or a task.
    async fn run_resource_state(&self, ctx: &Context<'_>, id: ID) -> Result<RunResourceState> {
        let run = self.find(ctx, &RunId::new(id.0.clone())).await?;
        let run = run.ok_or_else(|| error::graphql(OpError::missing("run", id.0)))?;
        Ok(RunResourceState {
            id: ID(run.id.into_string()),
            state: run.state.as_str(),
            finished: run.state.is_terminal(),
        })
    }
}

impl StackRuns {
    async fn find(&self, ctx: &Context<'_>, id: &RunId) -> Result<Option<run::Run>> {
        let found = app(ctx).run(subject(ctx)?, &self.0.id, id).await;
        found.map_err(error::graphql)
    }

    async fn list(
        &self,
        ctx: &Context<'_>,
        kinds: &[RunKind],
        before: Option<ID>,
    ) -> Result<Vec<Run>> {
        let key = RunsOf {
            stack: self.0.id.clone(),
            kinds: kinds.to_vec(),
            before: before.map(|id| RunId::new(id.0)),
        };
        let runs = batch::one(ctx, key).await?.unwrap_or_default();
        Ok(runs.into_iter().map(Run::from).collect())
    }
}

/// A run that holds a stack which the subject was given.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Blocker(RunId);

impl Loader<Blocker> for Batch {
    type Value = run::Run;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[Blocker]) -> Result<HashMap<Blocker, run::Run>> {
        let ids: Vec<RunId> = keys.iter().map(|key| key.0.clone()).collect();
        let runs = self.app.blockers(&ids).await.map_err(error::graphql)?;
        Ok(runs
            .into_iter()
            .map(|run| (Blocker(run.id.clone()), run))
            .collect())
    }
}

/// A page of the runs of a stack which the subject was given.
#[derive(Clone, PartialEq, Eq, Hash)]
struct RunsOf {
    stack: StackId,
    kinds: Vec<RunKind>,
    before: Option<RunId>,
}

impl Loader<RunsOf> for Batch {
    type Value = Vec<run::Run>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[RunsOf]) -> Result<HashMap<RunsOf, Self::Value>> {
        // The stacks of a list ask for the same page, each of its own runs.
        let pages = keys.iter().map(|key| {
            let page = (key.kinds.clone(), key.before.clone());
            (page, key.stack.clone())
        });
        let mut answer = HashMap::new();
        for ((kinds, before), stacks) in batch::grouped(pages) {
            let runs = self.app.runs_of_stacks(&stacks, &kinds, before.as_ref());
            let runs = runs.await.map_err(error::graphql)?;
            let runs = runs.into_iter().map(|run| (run.stack.clone(), run));
            for (stack, runs) in batch::grouped(runs) {
                let (kinds, before) = (kinds.clone(), before.clone());
                let key = RunsOf {
                    stack,
                    kinds,
                    before,
                };
                answer.insert(key, runs);
            }
        }
        Ok(answer)
    }
}

#[derive(SimpleObject)]
struct RunResourceState {
    id: ID,
    state: &'static str,
    finished: bool,
}
