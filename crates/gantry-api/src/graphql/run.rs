//! Runs and tasks. The type is merged from parts; what belongs to a stack is a part of `Stack`.

mod change;
mod input;
mod log;
mod mutation;
mod on_stack;
mod search;
mod state;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, MergedObject, Object, Result, SimpleObject};
use gantry_app::run::can_retry;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run;

use super::batch::{self, Batch};
use super::commit::Commit;
use super::cx::{app, subject};
use super::issuing::RunCredentials;
use super::stack::Stack;
use crate::error;

pub use mutation::RunMutation;
pub use on_stack::StackRuns;
pub use search::RunSearchQuery;
pub use state::{RunState, RunType};

#[derive(Default)]
pub struct RunQuery;

#[Object]
impl RunQuery {
    /// The stack that a run belongs to; null when there is no such run.
    async fn run_stack(&self, ctx: &Context<'_>, run_id: ID) -> Result<Option<Stack>> {
        let found = app(ctx)
            .run_stack(subject(ctx)?, &RunId::new(run_id.0))
            .await;
        Ok(found.map_err(error::graphql)?.map(Stack::from))
    }
}

#[derive(MergedObject)]
pub struct Run(RunFields, change::RunPlan, log::RunLog, RunCredentials);

impl From<run::Run> for Run {
    fn from(run: run::Run) -> Self {
        let run = Arc::new(run);
        Run(
            RunFields(run.clone()),
            change::RunPlan(run.clone()),
            log::RunLog(run.clone()),
            RunCredentials(run),
        )
    }
}

/// A part of `Run`: what it is and how it stands.
pub struct RunFields(Arc<run::Run>);

#[Object]
impl RunFields {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> RunType {
        self.0.kind.into()
    }

    async fn state(&self) -> RunState {
        self.0.state.into()
    }

    /// Counts the states it was in. An addition to the contract.
    async fn state_version(&self) -> i64 {
        self.0.version
    }

    async fn finished(&self) -> bool {
        self.0.state.is_terminal()
    }

    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// A task's.
    async fn command(&self) -> Option<&str> {
        self.0.command.as_deref()
    }

    async fn branch(&self) -> Option<&str> {
        Some(&self.0.branch)
    }

    /// Null until the checkout has pinned it.
    async fn commit(&self) -> Option<Commit> {
        self.0.commit.clone().map(Commit)
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.0.created_at / 1000
    }

    /// Unix seconds. An addition to the contract.
    async fn finished_at(&self) -> Option<i64> {
        self.0.finished_at.map(|at| at / 1000)
    }

    async fn triggered_by(&self) -> Option<&str> {
        Some(&self.0.triggered_by)
    }

    async fn can_retry(&self) -> bool {
        can_retry(&self.0)
    }

    /// There is no drift detection yet.
    async fn drift_detection(&self) -> bool {
        false
    }

    /// Runs do not expire.
    async fn expired(&self) -> bool {
        false
    }

    async fn is_most_recent(&self, ctx: &Context<'_>) -> Result<bool> {
        let newest = batch::one(ctx, NewestOf(self.0.stack.clone())).await?;
        Ok(newest.as_ref() == Some(&self.0.id))
    }

    /// There are no approval policies yet.
    async fn needs_approval(&self) -> bool {
        false
    }

    /// There are no comments yet.
    async fn comments(&self) -> Vec<RunComment> {
        vec![]
    }

    /// Goes before others in the workers' queue. An addition to the contract.
    async fn prioritized(&self) -> bool {
        self.0.prioritized
    }

    /// Every state that the run was in, newest first.
    async fn history(&self, ctx: &Context<'_>) -> Result<Vec<RunStateTransition>> {
        let history = batch::one(ctx, HistoryOf(self.0.id.clone())).await?;
        let history = history.unwrap_or_default().into_iter();
        Ok(history.map(RunStateTransition::from).collect())
    }

    /// Why the run stands still: the queue of its stack, a lock, a worker that is missing or busy, a
    /// person. Null while it is at work, and at its end. An addition to the contract.
    async fn waiting_for(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match self.0.state.phase() {
            None if !self.0.state.is_terminal() => batch::one(ctx, WaitOf(self.0.id.clone())).await,
            _ => Ok(None),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NewestOf(StackId);

impl Loader<NewestOf> for Batch {
    type Value = RunId;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[NewestOf]) -> Result<HashMap<NewestOf, RunId>> {
        let stacks: Vec<StackId> = keys.iter().map(|key| key.0.clone()).collect();
        let newest = self.app.newest_runs(&stacks).await;
        let newest = newest.map_err(error::graphql)?.into_iter();
        Ok(newest.map(|(stack, run)| (NewestOf(stack), run)).collect())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HistoryOf(RunId);

impl Loader<HistoryOf> for Batch {
    type Value = Vec<run::RunTransition>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[HistoryOf]) -> Result<HashMap<HistoryOf, Self::Value>> {
        let runs: Vec<RunId> = keys.iter().map(|key| key.0.clone()).collect();
        let visits = self.app.run_histories(&runs).await;
        let visits = visits.map_err(error::graphql)?.into_iter();
        Ok(batch::grouped(
            visits.map(|(run, visit)| (HistoryOf(run), visit)),
        ))
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct WaitOf(RunId);

impl Loader<WaitOf> for Batch {
    type Value = String;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[WaitOf]) -> Result<HashMap<WaitOf, String>> {
        let runs: Vec<RunId> = keys.iter().map(|key| key.0.clone()).collect();
        let waiting = self.app.waiting_for(&runs).await;
        let waiting = waiting.map_err(error::graphql)?.into_iter();
        Ok(waiting.map(|(run, why)| (WaitOf(run), why)).collect())
    }
}

#[derive(SimpleObject)]
struct RunComment {
    body: String,
    created_at: i64,
    username: String,
}

#[derive(SimpleObject)]
struct RunStateTransition {
    state: RunState,
    state_version: i64,
    terminal: bool,
    /// Unix seconds.
    timestamp: i64,
    /// Unix milliseconds. An addition to the contract.
    timestamp_ms: i64,
    has_logs: bool,
    note: Option<String>,
    username: Option<String>,
}

impl From<run::RunTransition> for RunStateTransition {
    fn from(visit: run::RunTransition) -> Self {
        RunStateTransition {
            state: visit.state.into(),
            state_version: visit.version,
            terminal: visit.state.is_terminal(),
            timestamp: visit.at / 1000,
            timestamp_ms: visit.at,
            has_logs: visit.has_logs,
            note: visit.note,
            username: visit.username,
        }
    }
}
