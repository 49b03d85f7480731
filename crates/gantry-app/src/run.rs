//! Runs as people see and move them.

mod deciding;
mod enqueue;
mod memory;
mod moves;
mod overrides;
mod search;
mod trigger;
mod waiting;

use gantry_core::authz::Action;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run::{Run, RunKind, RunState, RunTransition};
use gantry_core::stack::Stack;
use gantry_store::{run, run_transition, stack};

pub(crate) use deciding::{AfterCommit, Deciding, Denied, reveal};
pub(crate) use enqueue::{NewRun, check_startable, supersede_older};
pub(crate) use memory::Memory;
pub use overrides::{Override, Overrides};
pub use trigger::{DiscardedAll, TriggerRun};

use crate::{App, OpError, Subject};

/// How many runs a list answers with at once.
const PAGE: i64 = 50;

impl App {
    /// A run of this stack, if there is one and the subject may see it.
    pub async fn run(
        &self,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Option<Run>, OpError> {
        let found = self.run_and_stack(subject, id).await?;
        Ok(found.map(|(run, _)| run).filter(|run| run.stack == *stack))
    }

    /// The stack that a run belongs to.
    pub async fn run_stack(&self, subject: &Subject, id: &RunId) -> Result<Option<Stack>, OpError> {
        Ok(self
            .run_and_stack(subject, id)
            .await?
            .map(|(_, stack)| stack))
    }

    async fn run_and_stack(
        &self,
        subject: &Subject,
        id: &RunId,
    ) -> Result<Option<(Run, Stack)>, OpError> {
        let reader = self.store.reader();
        let Some(run) = run::find(reader, id).await? else {
            return Ok(None);
        };
        let stack = stack::find(reader, &run.stack).await?;
        Ok(stack
            .filter(|stack| subject.sees(&stack.settings.space))
            .map(|stack| (run, stack)))
    }

    /// Runs of a stack, newest first, a page at a time; `before` is the last one that was seen. Of a
    /// stack that the subject can't see there are none.
    pub async fn runs(
        &self,
        subject: &Subject,
        stack: &Stack,
        kinds: &[RunKind],
        before: Option<&RunId>,
    ) -> Result<Vec<Run>, OpError> {
        if !subject.sees(&stack.settings.space) {
            return Ok(vec![]);
        }
        self.runs_of_stacks(std::slice::from_ref(&stack.id), kinds, before)
            .await
    }

    /// The same of stacks that somebody was allowed to see, mixed.
    pub async fn runs_of_stacks(
        &self,
        stacks: &[StackId],
        kinds: &[RunKind],
        before: Option<&RunId>,
    ) -> Result<Vec<Run>, OpError> {
        Ok(run::list(self.store.reader(), stacks, kinds, before, PAGE).await?)
    }

    /// The runs that hold stacks which somebody was allowed to see.
    pub async fn blockers(&self, ids: &[RunId]) -> Result<Vec<Run>, OpError> {
        Ok(run::find_all(self.store.reader(), ids).await?)
    }

    /// The newest run of each stack that holds it or will.
    pub async fn newest_runs(&self, stacks: &[StackId]) -> Result<Vec<(StackId, RunId)>, OpError> {
        Ok(run::newest(self.store.reader(), stacks).await?)
    }

    /// Every state that a run was in, newest first. The run was looked up for whoever asks.
    pub async fn run_history(&self, run: &Run) -> Result<Vec<RunTransition>, OpError> {
        Ok(run_transition::list(self.store.reader(), &run.id).await?)
    }

    /// The same of several runs.
    pub async fn run_histories(
        &self,
        runs: &[RunId],
    ) -> Result<Vec<(RunId, RunTransition)>, OpError> {
        Ok(run_transition::of_runs(self.store.reader(), runs).await?)
    }
}

/// Whether a run like this one may be started again by a person: one that previews or deploys, and
/// did not finish.
pub fn can_retry(run: &Run) -> bool {
    matches!(run.kind, RunKind::Proposed | RunKind::Tracked)
        && run.state.is_terminal()
        && run.state != RunState::Finished
}

/// Finds a run for a mutation, under the row lock of its stack.
async fn run_to_move(
    deciding: &Deciding<'_>,
    subject: &Subject,
    id: &RunId,
) -> Result<Run, OpError> {
    subject.require_not_run()?;
    let space = &deciding.stack.settings.space;
    let run = run::find(deciding.tx.reader(), id)
        .await?
        .filter(|run| run.stack == deciding.stack.id && subject.sees(space))
        .ok_or_else(|| OpError::missing("run", id))?;
    subject.require(Action::Operate, space)?;
    Ok(run)
}
