//! Runs and tasks. The type is merged from parts; what belongs to a stack is a part of `Stack`.

mod change;
mod input;
mod log;
mod mutation;
mod on_stack;
mod state;

use std::sync::Arc;

use async_graphql::{Context, ID, MergedObject, Object, Result, SimpleObject};
use gantry_app::run::can_retry;
use gantry_core::ids::RunId;
use gantry_core::run;

use super::commit::Commit;
use super::cx::{app, subject};
use super::issuing::RunCredentials;
use super::stack::Stack;
use crate::error;

pub use mutation::RunMutation;
pub use on_stack::StackRuns;
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

impl Run {
    /// `newest` is the newest run of the stack, where the caller knows it.
    pub(super) fn among(run: run::Run, newest: Option<Option<RunId>>) -> Self {
        let run = Arc::new(run);
        Run(
            RunFields {
                run: run.clone(),
                newest,
            },
            change::RunPlan(run.clone()),
            log::RunLog(run.clone()),
            RunCredentials(run),
        )
    }
}

impl From<run::Run> for Run {
    fn from(run: run::Run) -> Self {
        Run::among(run, None)
    }
}

/// A part of `Run`: what it is and how it stands.
pub struct RunFields {
    run: Arc<run::Run>,
    newest: Option<Option<RunId>>,
}

#[Object]
impl RunFields {
    async fn id(&self) -> ID {
        ID(self.run.id.as_str().to_owned())
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> RunType {
        self.run.kind.into()
    }

    async fn state(&self) -> RunState {
        self.run.state.into()
    }

    /// Counts the states it was in. An addition to the contract.
    async fn state_version(&self) -> i64 {
        self.run.version
    }

    async fn finished(&self) -> bool {
        self.run.state.is_terminal()
    }

    async fn title(&self) -> Option<&str> {
        self.run.title.as_deref()
    }

    /// A task's.
    async fn command(&self) -> Option<&str> {
        self.run.command.as_deref()
    }

    async fn branch(&self) -> Option<&str> {
        Some(&self.run.branch)
    }

    /// Null until the checkout has pinned it.
    async fn commit(&self) -> Option<Commit> {
        self.run.commit.clone().map(Commit)
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.run.created_at / 1000
    }

    /// Unix seconds. An addition to the contract.
    async fn finished_at(&self) -> Option<i64> {
        self.run.finished_at.map(|at| at / 1000)
    }

    async fn triggered_by(&self) -> Option<&str> {
        Some(&self.run.triggered_by)
    }

    async fn can_retry(&self) -> bool {
        can_retry(&self.run)
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
        let newest = match &self.newest {
            Some(newest) => newest.clone(),
            None => {
                let newest = app(ctx).newest_run(&self.run.stack).await;
                newest.map_err(error::graphql)?
            }
        };
        Ok(newest.as_ref() == Some(&self.run.id))
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
        self.run.prioritized
    }

    /// Every state that the run was in, newest first.
    async fn history(&self, ctx: &Context<'_>) -> Result<Vec<RunStateTransition>> {
        let history = app(ctx).run_history(&self.run).await;
        Ok(history
            .map_err(error::graphql)?
            .into_iter()
            .map(RunStateTransition::from)
            .collect())
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
