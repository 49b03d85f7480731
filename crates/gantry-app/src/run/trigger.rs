//! New runs: triggered, retried, of the destructor; and the end of those that nobody wants.

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run::transition::Event;
use gantry_core::run::{Run, RunKind, RunState};
use gantry_core::stack::Stack;
use gantry_store::{Tx, run};

use super::{AfterCommit, Deciding, NewRun, Overrides, can_retry, check_startable, run_to_move};
use crate::audit::Deed;
use crate::{App, OpError, Subject};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct TriggerRun {
    /// `None` is tracked.
    pub kind: Option<RunKind>,
    pub commit: Option<String>,
    pub overrides: Overrides,
    /// Opaque text of the client, kept with the run.
    pub metadata: Option<String>,
    /// Apply without asking.
    pub force_apply: bool,
}

/// What became of all runs of a stack.
#[derive(Clone, Debug, Default)]
pub struct DiscardedAll {
    pub discarded: Vec<Run>,
    /// IDs of those that could not be discarded.
    pub failed: Vec<RunId>,
}

impl App {
    /// Starts a tracked or a proposed run.
    pub async fn run_trigger(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        wanted: TriggerRun,
    ) -> Result<Run, OpError> {
        let kind = wanted.kind.unwrap_or(RunKind::Tracked);
        if !matches!(kind, RunKind::Tracked | RunKind::Proposed) {
            return Err(OpError::invalid(format!(
                "runType {}: trigger TRACKED or PROPOSED runs; a task has a mutation of its own, \
                 and a stack is destroyed by deleting it with its resources",
                kind.as_str()
            )));
        }
        let commit = wanted.commit.filter(|commit| !commit.is_empty());
        if let Some(commit) = &commit {
            gantry_git::valid_commit(commit)
                .map_err(|error| OpError::invalid(format!("commitSha: {error}")))?;
        }
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Operate)
            .await?;
        check_startable(&stack, kind, subject)?;
        wanted.overrides.check(&stack)?;
        if wanted.force_apply && kind == RunKind::Tracked && !stack.settings.autodeploy {
            return Err(OpError::invalid(format!(
                "forceApply: a run of stack `{}` waits for a person to confirm its plan; confirm \
                 the run, or turn on autodeploy",
                stack.id
            )));
        }
        // A source that can't be read whatever the repository holds is refused before there is a run.
        self.repository_url(&stack.settings.source)?;
        let new = NewRun {
            commit: commit.map(|commit| commit.to_ascii_lowercase()),
            overrides: wanted.overrides,
            metadata: wanted.metadata,
            ..NewRun::of(kind)
        };
        self.add_run(&tx, stack, new, subject)
            .await?
            .commit(self, tx, subject, "run.trigger")
            .await
    }

    /// Starts a run like one that did not finish: a new one, on the same commit, with the same
    /// variables.
    pub async fn run_retry(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Run, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Operate)
            .await?;
        let old = run_to_move(&Deciding::new(self, &tx, stack.clone()), subject, id).await?;
        if !can_retry(&old) {
            return Err(OpError::conflict(format!(
                "run {id} is a {} run in {} and can't be retried: only a tracked or proposed run \
                 that ended without finishing can",
                old.kind.as_str(),
                old.state
            )));
        }
        check_startable(&stack, old.kind, subject)?;
        let new = NewRun {
            commit: old
                .commit
                .map(|commit| commit.hash)
                .or(old.requested_commit),
            title: old.title,
            overrides: self.overrides_of(tx.reader(), id).await?,
            metadata: old.metadata,
            ..NewRun::of(old.kind)
        };
        self.add_run(&tx, stack, new, subject)
            .await?
            .commit(self, tx, subject, "run.retry")
            .await
    }

    /// Discards whatever of a stack waits: in the queue, for a worker, for a confirmation. Runs at
    /// work are left alone.
    pub async fn run_discard_all(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
    ) -> Result<DiscardedAll, OpError> {
        subject.require_not_run()?;
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Operate)
            .await?;
        let mut deciding = Deciding::new(self, &tx, stack);
        let mut all = DiscardedAll::default();
        // Those that wait behind another come first: none of them becomes ready in between.
        let mut waiting = run::active(tx.reader(), &deciding.stack.id).await?;
        waiting.retain(|run| {
            matches!(
                run.state,
                RunState::Queued | RunState::Ready | RunState::Unconfirmed
            )
        });
        waiting.sort_by_key(|run| run.state != RunState::Queued);
        for mut run in waiting {
            let by = subject.id();
            match deciding
                .decide(&mut run, &Event::Discard { by }, Some(subject))
                .await
            {
                Ok(()) => all.discarded.push(run),
                Err(super::Denied::Refused(_)) => all.failed.push(run.id),
                Err(failed) => return Err(failed.into()),
            }
        }
        let ids = |ids: Vec<&str>| serde_json::json!(ids);
        let discarded = all.discarded.iter().map(|run| run.id.as_str()).collect();
        let failed = all.failed.iter().map(RunId::as_str).collect();
        let deed = Deed::to_stack("run.discard_all", &deciding.stack)
            .with("discarded", ids(discarded))
            .with("failed", ids(failed));
        self.audit(&tx, subject, deed).await?;
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        Ok(all)
    }

    /// Queues the run that destroys what a stack manages, and then the stack. The caller has the row
    /// of the stack locked in `tx`, has checked who asks, and has said that the stack is being
    /// deleted; a failed run takes that back.
    pub(crate) async fn destroy_run_queue(
        &self,
        tx: &Tx,
        stack: &mut Stack,
        subject: &Subject,
    ) -> Result<AfterCommit, OpError> {
        check_startable(stack, RunKind::Destroy, subject)?;
        self.repository_url(&stack.settings.source)?;
        let new = NewRun {
            title: Some("Destroy all resources and delete the stack".into()),
            ..NewRun::of(RunKind::Destroy)
        };
        let added = self.add_run(tx, stack.clone(), new, subject).await?;
        *stack = added.stack;
        Ok(added.after)
    }

    /// Ends the runs that wait, so that a deletion only waits for what works. The caller has the row
    /// of the stack locked in `tx`.
    pub(crate) async fn end_waiting_runs(
        &self,
        tx: &Tx,
        stack: &mut Stack,
        subject: &Subject,
    ) -> Result<AfterCommit, OpError> {
        let mut deciding = Deciding::new(self, tx, stack.clone());
        let by = format!("{}, who deletes the stack", subject.name);
        deciding.end_waiting(&by).await?;
        *stack = deciding.stack.clone();
        deciding.finish().await
    }

    /// Lets the next queued run go, after something that was in its way is gone: a lock, being
    /// disabled. The caller has the row of the stack locked in `tx`.
    pub(crate) async fn queue_advance(
        &self,
        tx: &Tx,
        stack: &mut Stack,
    ) -> Result<AfterCommit, OpError> {
        let mut deciding = Deciding::new(self, tx, stack.clone());
        deciding.advance().await?;
        *stack = deciding.stack.clone();
        deciding.finish().await
    }

    pub(crate) async fn add_run(
        &self,
        tx: &Tx,
        stack: Stack,
        new: NewRun,
        subject: &Subject,
    ) -> Result<Added, OpError> {
        let mut deciding = Deciding::new(self, tx, stack);
        let run = self.enqueue(&mut deciding, new, subject).await?;
        let stack = deciding.stack.clone();
        let after = deciding.finish().await?;
        Ok(Added { run, stack, after })
    }
}

/// A run that is there once its transaction is committed.
pub(crate) struct Added {
    run: Run,
    stack: Stack,
    after: AfterCommit,
}

impl Added {
    /// `action` is what the audit trail calls it.
    pub(crate) async fn commit(
        self,
        app: &Arc<App>,
        tx: Tx,
        by: &Subject,
        action: &'static str,
    ) -> Result<Run, OpError> {
        let deed = Deed::to_run(action, &self.stack, &self.run)
            .with("kind", self.run.kind.as_str())
            .with("commit", self.run.requested_commit.as_deref());
        app.audit(&tx, by, deed).await?;
        tx.commit().await?;
        self.after.perform(app);
        Ok(self.run)
    }
}
