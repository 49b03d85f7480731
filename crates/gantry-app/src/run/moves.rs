//! Confirm, discard, cancel, stop, replan: each is one event for the state machine.

use std::sync::Arc;

use gantry_core::authz::Action;
use gantry_core::ids::{RunId, StackId};
use gantry_core::run::Run;
use gantry_core::run::transition::Event;
use gantry_store::run;

use super::{Deciding, run_to_move};
use crate::audit::Deed;
use crate::{App, OpError, Subject};

/// A note goes into the history as it is, up to this many characters.
const LONGEST_NOTE: usize = 1000;

impl App {
    /// Lets the saved plan be applied.
    pub async fn run_confirm(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Run, OpError> {
        let by = subject.id();
        self.move_run(subject, stack, id, Event::Confirm { by })
            .await
    }

    pub async fn run_discard(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Run, OpError> {
        let by = subject.id();
        self.move_run(subject, stack, id, Event::Discard { by })
            .await
    }

    pub async fn run_cancel(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Run, OpError> {
        let by = subject.id();
        self.move_run(subject, stack, id, Event::Cancel { by })
            .await
    }

    pub async fn run_stop(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
        note: Option<&str>,
    ) -> Result<Run, OpError> {
        let note = note.map(|note| note.chars().take(LONGEST_NOTE).collect());
        let by = subject.id();
        self.move_run(subject, stack, id, Event::Stop { by, note })
            .await
    }

    /// Plans again on the same commit.
    pub async fn run_replan(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
    ) -> Result<Run, OpError> {
        let by = subject.id();
        self.move_run(subject, stack, id, Event::Replan { by })
            .await
    }

    /// Puts a run before others in the workers' queue, or back among them.
    pub async fn run_prioritize_set(
        &self,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
        prioritize: bool,
    ) -> Result<Run, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Operate)
            .await?;
        let deciding = Deciding::new(self, &tx, stack);
        let mut run = run_to_move(&deciding, subject, id).await?;
        run::set_prioritized(&tx, id, prioritize).await?;
        let deed =
            Deed::to_run("run.prioritize", &deciding.stack, &run).with("prioritize", prioritize);
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        run.prioritized = prioritize;
        Ok(run)
    }

    async fn move_run(
        self: &Arc<Self>,
        subject: &Subject,
        stack: &StackId,
        id: &RunId,
        event: Event,
    ) -> Result<Run, OpError> {
        let tx = self.store.begin().await?;
        let stack = self
            .stack_for_update(&tx, subject, stack, Action::Operate)
            .await?;
        let mut deciding = Deciding::new(self, &tx, stack);
        let mut run = run_to_move(&deciding, subject, id).await?;
        let was = run.state;
        deciding.decide(&mut run, &event, Some(subject)).await?;
        let deed = Deed::to_run(action(&event), &deciding.stack, &run)
            .with("stateBefore", was.as_str())
            .with("state", run.state.as_str());
        let deed = match event {
            Event::Stop { note, .. } => deed.with("note", note),
            _ => deed,
        };
        self.audit(&tx, subject, deed).await?;
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        Ok(run)
    }
}

/// What a person does by sending an event.
fn action(event: &Event) -> &'static str {
    match event {
        Event::Confirm { .. } => "run.confirm",
        Event::Discard { .. } => "run.discard",
        Event::Cancel { .. } => "run.cancel",
        Event::Stop { .. } => "run.stop",
        Event::Replan { .. } => "run.replan",
        _ => "run.move",
    }
}
