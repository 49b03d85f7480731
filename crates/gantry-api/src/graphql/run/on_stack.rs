use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::OpError;
use gantry_core::ids::RunId;
use gantry_core::run::{self, RunKind};
use gantry_core::stack::Stack;

use super::Run;
use crate::error;
use crate::graphql::cx::{app, subject};

/// A part of `Stack`: its runs.
pub struct StackRuns(pub Arc<Stack>);

#[Object]
impl StackRuns {
    /// The run that holds the stack.
    async fn blocker(&self, ctx: &Context<'_>) -> Result<Option<Run>> {
        match &self.0.blocker {
            Some(id) => Ok(self.find(ctx, id).await?.map(Run::from)),
            None => Ok(None),
        }
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
        let before = before.map(|id| RunId::new(id.0));
        let app = app(ctx);
        let runs = app
            .runs(subject(ctx)?, &self.0, kinds, before.as_ref())
            .await
            .map_err(error::graphql)?;
        // Once for the whole list.
        let asked = ctx.look_ahead().field("isMostRecent").exists();
        let newest = match asked {
            true => Some(app.newest_run(&self.0.id).await.map_err(error::graphql)?),
            false => None,
        };
        Ok(runs
            .into_iter()
            .map(|run| Run::among(run, newest.clone()))
            .collect())
    }
}

#[derive(SimpleObject)]
struct RunResourceState {
    id: ID,
    state: &'static str,
    finished: bool,
}
