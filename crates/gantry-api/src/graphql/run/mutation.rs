use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::OpError;
use gantry_app::run::TriggerRun;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run::{self, RunKind};

use super::input::{ForceApplyMode, RuntimeConfigInput};
use super::{Run, RunType};
use crate::error;
use crate::graphql::cx::{app, run_metadata, subject};

#[derive(Default)]
pub struct RunMutation;

#[Object]
impl RunMutation {
    /// Starts a run: TRACKED (the default) or PROPOSED, on the commit the stack tracks or the one
    /// that is named.
    async fn run_trigger(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        commit_sha: Option<String>,
        run_type: Option<RunType>,
        runtime_config: Option<RuntimeConfigInput>,
        force_apply: Option<ForceApplyMode>,
    ) -> Result<Run> {
        let stack = StackId::new(stack.0);
        let wanted = TriggerRun {
            kind: run_type.map(kind).transpose().map_err(error::graphql)?,
            commit: commit_sha,
            overrides: runtime_config
                .unwrap_or_default()
                .decode()
                .map_err(error::graphql)?,
            metadata: run_metadata(ctx),
            force_apply: force_apply.is_some(),
        };
        answer(app(ctx).run_trigger(subject(ctx)?, &stack, wanted).await)
    }

    /// Starts a task: one command with write access.
    async fn task_create(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        command: String,
        skip_initialization: Option<bool>,
    ) -> Result<Run> {
        let stack = StackId::new(stack.0);
        let task = app(ctx).task_create(
            subject(ctx)?,
            &stack,
            &command,
            skip_initialization.unwrap_or(false),
            run_metadata(ctx),
        );
        answer(task.await)
    }

    /// Lets the plan that waits be applied.
    async fn run_confirm(&self, ctx: &Context<'_>, stack: ID, run: ID) -> Result<Run> {
        let (stack, run) = ids(stack, run);
        answer(app(ctx).run_confirm(subject(ctx)?, &stack, &run).await)
    }

    async fn run_discard(&self, ctx: &Context<'_>, stack: ID, run: ID) -> Result<Run> {
        let (stack, run) = ids(stack, run);
        answer(app(ctx).run_discard(subject(ctx)?, &stack, &run).await)
    }

    /// Discards whatever waits in the queue, for a worker or for a confirmation.
    async fn run_discard_all(&self, ctx: &Context<'_>, stack: ID) -> Result<RunDiscardAllResult> {
        let stack = StackId::new(stack.0);
        let all = app(ctx).run_discard_all(subject(ctx)?, &stack).await;
        let all = all.map_err(error::graphql)?;
        let failed = all.failed.into_iter().map(RunId::into_string);
        Ok(RunDiscardAllResult {
            discarded_runs: all.discarded.into_iter().map(Run::from).collect(),
            failed_discarding: failed.collect(),
        })
    }

    /// Takes a run that no worker has yet out of the queue.
    async fn run_cancel(&self, ctx: &Context<'_>, stack: ID, run: ID) -> Result<Run> {
        let (stack, run) = ids(stack, run);
        answer(app(ctx).run_cancel(subject(ctx)?, &stack, &run).await)
    }

    /// Stops a run that is at work.
    async fn run_stop(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        run: ID,
        note: Option<String>,
    ) -> Result<Run> {
        let (stack, run) = ids(stack, run);
        let stopped = app(ctx).run_stop(subject(ctx)?, &stack, &run, note.as_deref());
        answer(stopped.await)
    }

    /// Starts a new run like one that did not finish, on the same commit.
    async fn run_retry(&self, ctx: &Context<'_>, stack: ID, run: ID) -> Result<Run> {
        let (stack, run) = ids(stack, run);
        answer(app(ctx).run_retry(subject(ctx)?, &stack, &run).await)
    }

    async fn run_prioritize_set(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        run: ID,
        prioritize: bool,
    ) -> Result<Run> {
        let (stack, run) = ids(stack, run);
        let set = app(ctx).run_prioritize_set(subject(ctx)?, &stack, &run, prioritize);
        answer(set.await)
    }

    /// Plans again on the same commit, with new read credentials. `targets` must be empty.
    async fn run_targeted_replan(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        run: ID,
        targets: Vec<String>,
    ) -> Result<Run> {
        if !targets.is_empty() {
            return Err(error::graphql(OpError::invalid(
                "targets: a plan of some resources only is not made yet; send an empty list to \
                 plan everything again",
            )));
        }
        let (stack, run) = ids(stack, run);
        answer(app(ctx).run_replan(subject(ctx)?, &stack, &run).await)
    }
}

#[derive(SimpleObject)]
struct RunDiscardAllResult {
    discarded_runs: Vec<Run>,
    /// IDs of those that could not be discarded.
    failed_discarding: Vec<String>,
}

fn ids(stack: ID, run: ID) -> (StackId, RunId) {
    (StackId::new(stack.0), RunId::new(run.0))
}

fn answer(run: std::result::Result<run::Run, OpError>) -> Result<Run> {
    run.map(Run::from).map_err(error::graphql)
}

fn kind(kind: RunType) -> std::result::Result<RunKind, OpError> {
    match kind {
        RunType::Destroy => Ok(RunKind::Destroy),
        RunType::Proposed => Ok(RunKind::Proposed),
        RunType::Task => Ok(RunKind::Task),
        RunType::Tracked => Ok(RunKind::Tracked),
        RunType::Testing => Err(OpError::invalid(
            "runType TESTING: there are no modules yet; trigger TRACKED or PROPOSED runs",
        )),
    }
}
