//! Moving runs: one transaction under the row lock of one stack, every decision by
//! [`gantry_core::run::transition`], every effect saved with the decision that asked for it.
//!
//! What reaches outside of the database waits in [`AfterCommit`].

use std::sync::Arc;

use gantry_core::ids::{RunId, StackId, WorkerPoolId};
use gantry_core::run::transition::{Event, PhaseOutcome, RunFacts, StackFacts, transition};
use gantry_core::run::{Effect, Run, RunKind, RunState, RunTransition, SystemLock};
use gantry_core::stack::{Stack, StackSystemLock};
use gantry_store::{StoreError, Tx, issuing, run, run_transition, stack};

use crate::audit::{Deed, by_gantry};
use crate::news::{News, Newsroom, Word};
use crate::wake::{Hint, Wake};
use crate::{App, OpError, Subject};

/// A lock for a lost worker goes this long after the last credential has ended.
const AFTER_LAST_CREDENTIAL_MS: i64 = 60_000;

/// Why a run was not moved.
#[derive(Debug)]
pub(crate) enum Denied {
    /// The state machine said no; the sentence is for whoever asked.
    Refused(String),
    Failed(OpError),
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Denied::Failed(error.into())
    }
}

impl From<OpError> for Denied {
    fn from(error: OpError) -> Self {
        Denied::Failed(error)
    }
}

impl From<Denied> for OpError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(text) => OpError::Conflict(text),
            Denied::Failed(error) => error,
        }
    }
}

/// What has to happen once the decisions are durable. All of it may happen twice, and none of it is
/// lost for good when the server dies before: whoever waits looks into the database when it starts.
#[must_use = "nobody is woken before this is performed"]
#[derive(Default)]
pub(crate) struct AfterCommit {
    /// A worker of this pool, or one of the installation's own.
    work: Option<Option<WorkerPoolId>>,
    locks: bool,
    runs: Vec<RunId>,
    /// Those among them that are to stop: their worker may wait on another server.
    stops: Vec<RunId>,
    forget: Vec<String>,
    ended: Vec<(RunId, RunKind, RunState)>,
    /// Phase, outcome, and how many milliseconds it took.
    phases: Vec<(&'static str, &'static str, i64)>,
    lost: u64,
    /// The stack is being deleted: its last run may have ended, or its worker let go of it.
    delete: Option<StackId>,
}

impl AfterCommit {
    /// What the other servers are to hear.
    fn hints(&self) -> Vec<Hint> {
        let work = self.work.clone().map(Hint::Work);
        let stops = self.stops.iter().cloned().map(Hint::Run);
        work.into_iter().chain(stops).collect()
    }

    pub(crate) fn perform(self, app: &Arc<App>) {
        if let Some(pool) = &self.work {
            app.wake.work(pool.as_ref());
        }
        if self.locks {
            app.runs.timers.notify_one();
        }
        for run in &self.runs {
            app.wake.run(run);
        }
        for (run, kind, state) in self.ended {
            app.tell_of_end(run);
            let labels = [("kind", kind.as_str()), ("state", state.as_str())];
            app.metrics.runs_ended.get_or_create(&labels).inc();
        }
        for (phase, outcome, millis) in self.phases {
            app.metrics.phase(phase, outcome, millis);
        }
        app.metrics.leases_lost.inc_by(self.lost);
        if let Some(stack) = self.delete {
            app.finish_deletion_soon(stack);
        }
        if !self.forget.is_empty() {
            let objects = app.objects.clone();
            app.afterwards.spawn(async move {
                for object in self.forget {
                    if let Err(error) = objects.remove(&object).await {
                        tracing::warn!(object, %error, "an object that nothing refers to is left");
                    }
                }
            });
        }
    }
}

/// Decisions about the runs of one stack, which is locked until the transaction ends.
pub(crate) struct Deciding<'a> {
    pub(crate) tx: &'a Tx,
    wake: &'a Wake,
    news: &'a Arc<Newsroom>,
    pub(crate) stack: Stack,
    pub(crate) now: i64,
    after: AfterCommit,
    /// The stack became free, or may have: somebody else may go.
    freed: bool,
    /// The destructor has done its work.
    end_waiting: bool,
    /// The process tree of the run is known to be dead, so that its loss locks nothing.
    pub(crate) death_proven: bool,
    /// What is known of the runs is what a backup says: a lock for one of them goes by nobody's
    /// time, since credentials may have been issued after it.
    pub(crate) restored: bool,
}

impl<'a> Deciding<'a> {
    /// `stack` must have been read for update in `tx`.
    pub(crate) fn new(app: &'a App, tx: &'a Tx, stack: Stack) -> Self {
        Deciding {
            tx,
            wake: &app.wake,
            news: &app.news,
            stack,
            now: app.clock.now(),
            after: AfterCommit::default(),
            freed: false,
            end_waiting: false,
            death_proven: false,
            restored: false,
        }
    }

    /// Moves `run` by `event`, and saves the move with its effects. `by` stands in the history.
    pub(crate) async fn decide(
        &mut self,
        run: &mut Run,
        event: &Event,
        by: Option<&Subject>,
    ) -> Result<(), Denied> {
        let decided = transition(&self.facts(run), event)
            .map_err(|refused| Denied::Refused(self.for_people(refused.to_string(), by)))?;
        let decided_on = run.version;
        let held = self.stack.blocker.as_ref() == Some(&run.id);
        let note = decided.note.map(|note| self.for_people(note, by));
        let moved = decided.next != run.state;
        if moved {
            run.version += 1;
            run.state = decided.next;
            if run.state.is_terminal() {
                run.finished_at = Some(self.now);
                self.after.ended.push((run.id.clone(), run.kind, run.state));
            }
        }
        if decided.effects.contains(&Effect::SignalWorkerStop) {
            run.stop_requested = true;
        }
        self.count(run, event);
        run.updated_at = self.now;
        if !run::save(self.tx, run, decided_on).await? {
            return Err(Denied::Refused(format!(
                "run {} has moved in the meantime; look again",
                run.id
            )));
        }
        let username = by.map(|by| by.name.clone());
        if moved {
            let visit = RunTransition {
                version: run.version,
                state: run.state,
                at: self.now,
                username,
                note,
                has_logs: has_logs(run.state),
            };
            run_transition::insert(self.tx, &run.id, &visit).await?;
        } else if let Some(note) = note {
            let version = run.version;
            run_transition::set_note(self.tx, &run.id, version, username.as_deref(), &note).await?;
        }
        // The version of the phase whose processes may be alive, should a lock be needed.
        for effect in decided.effects {
            self.effect(run, decided_on, effect).await?;
        }
        let holds = self.stack.blocker.as_ref() == Some(&run.id);
        if moved && (held || holds) {
            stack::set_run_state(self.tx, &self.stack.id, run.state, self.now).await?;
            self.stack.state = Some(run.state);
        }
        self.after.runs.push(run.id.clone());
        self.say(News::of_run(&run.id, &self.stack));
        Ok(())
    }

    /// What the metrics are to know of it.
    fn count(&mut self, run: &Run, event: &Event) {
        match event {
            Event::PhaseFinished { phase, outcome, .. } if !run.stop_requested => {
                let outcome = match outcome {
                    PhaseOutcome::Failed { .. } => "failed",
                    PhaseOutcome::Succeeded | PhaseOutcome::NoChanges | PhaseOutcome::Changes => {
                        "succeeded"
                    }
                };
                // The newest decision about the run was that the phase begins.
                let took = self.now - run.updated_at;
                self.after.phases.push((phase.as_str(), outcome, took));
            }
            Event::WorkerLost { .. } => self.after.lost += 1,
            _ => {}
        }
    }

    fn say(&self, news: News) {
        let room = self.news.clone();
        self.tx.after_commit(move || room.say(Word::News(news)));
    }

    async fn effect(
        &mut self,
        run: &mut Run,
        phase_version: i64,
        effect: Effect,
    ) -> Result<(), OpError> {
        match effect {
            Effect::HoldStack => {
                stack::set_blocker(self.tx, &self.stack.id, Some(&run.id)).await?;
                self.stack.blocker = Some(run.id.clone());
            }
            Effect::ReleaseStack => {
                if self.stack.blocker.as_ref() == Some(&run.id) {
                    stack::set_blocker(self.tx, &self.stack.id, None).await?;
                    self.stack.blocker = None;
                }
                self.freed = true;
            }
            Effect::WakeWorkers => {
                self.after.work = Some(self.stack.settings.worker_pool.clone());
            }
            // `decide` has remembered it with the run.
            Effect::SignalWorkerStop => self.after.stops.push(run.id.clone()),
            Effect::LockStack(SystemLock::LostWorker) if self.death_proven => {}
            Effect::LockStack(lock) => self.lock(run, phase_version, lock).await?,
            Effect::DeletePlan => {
                run::clear_plan(self.tx, &run.id).await?;
                self.after.forget.extend(run.plan_object.take());
            }
            // The stack is being deleted already; it goes when none of its runs is left.
            Effect::DeleteStack => self.end_waiting = true,
            Effect::KeepStack => {
                stack::set_deleting(self.tx, &self.stack.id, false).await?;
                self.stack.deleting = false;
            }
        }
        Ok(())
    }

    /// Locks the stack in nobody's name.
    async fn lock(
        &mut self,
        run: &Run,
        phase_version: i64,
        kind: SystemLock,
    ) -> Result<(), OpError> {
        let until = match kind {
            SystemLock::LostWorker if !run.user_secrets && !self.restored => {
                issuing::all_expired_at(self.tx.reader(), &run.id, phase_version)
                    .await?
                    .map(|last| last + AFTER_LAST_CREDENTIAL_MS)
            }
            SystemLock::LostWorker | SystemLock::ErroredState => None,
        };
        let mut lock = StackSystemLock {
            kind,
            note: self.lock_note(run, kind, until.is_some()),
            run: run.id.clone(),
            until,
            beneath: None,
        };
        // An older lock must not go with the newer one. Only this is forgotten: that a run's
        // processes may be alive, once they have left a state behind.
        let settled =
            |older: &&StackSystemLock| older.run == run.id && kind == SystemLock::ErroredState;
        if let Some(older) = self
            .stack
            .system_lock
            .as_ref()
            .filter(|older| !settled(older))
        {
            lock.note = format!("{}; and before that: {}", lock.note, older.note);
            if kind == SystemLock::LostWorker && older.kind == SystemLock::ErroredState {
                lock.beneath = Some(Box::new(older.clone()));
            } else {
                lock.until = None;
                lock.beneath = older.beneath.clone();
            }
        }
        stack::set_system_lock(self.tx, &self.stack.id, &lock).await?;
        let deed = Deed::to_run("stack.system_lock", &self.stack, run)
            .with("lock", kind.as_str())
            .with("note", lock.note.as_str())
            .with("until", lock.until);
        by_gantry(self.tx, self.now, deed).await?;
        self.say(News::of_stack(&self.stack));
        self.stack.system_lock = Some(lock);
        self.after.locks = true;
        Ok(())
    }

    fn lock_note(&self, run: &Run, kind: SystemLock, goes_by_itself: bool) -> String {
        let id = &run.id;
        let tool = self.stack.settings.vendor.engine().binary();
        let kept = self.stack.manages_state;
        match kind {
            SystemLock::ErroredState if kept => format!(
                "run {id} left an errored.tfstate, which is kept: the stored state is behind what \
                 exists. Run the task `{tool} state push errored.tfstate`, and before it, if the \
                 run did not give the state's lock back, `{tool} force-unlock -force <ID>` with the \
                 ID that the stack's page shows; then unlock the stack"
            ),
            SystemLock::LostWorker if self.restored => format!(
                "the installation was restored from a backup in which run {id} was at work, or about \
                 to be, and what it has done since is not known. Make sure that its processes are \
                 dead, look at what exists, then unlock the stack. If the state is still locked, the \
                 next phase that writes fails at that lock and names its ID: the task `{tool} \
                 force-unlock -force <ID>` removes it"
            ),
            SystemLock::LostWorker if goes_by_itself => format!(
                "the worker of run {id} was lost in a write phase, and its processes may still be \
                 at work; the lock goes by itself a minute after the phase's credentials have ended. If \
                 the state's backend is still locked then, the next phase that writes fails at that \
                 lock and names its ID: the task `{tool} force-unlock -force <ID>` removes it"
            ),
            SystemLock::LostWorker => format!(
                "the worker of run {id} was lost in a write phase, and its processes may still be \
                 at work with credentials whose end is not known; make sure that they are dead, \
                 then unlock the stack. If the state's backend is still locked then, the next phase \
                 that writes fails at that lock and names its ID: the task `{tool} force-unlock \
                 -force <ID>` removes it"
            ),
            SystemLock::ErroredState => format!(
                "run {id} left an errored.tfstate, which is kept: the stored state is behind what \
                 exists. Run the task `{tool} state push errored.tfstate`, then unlock the stack"
            ),
        }
    }

    /// Locks the stack for an `errored.tfstate`, whatever its run is about to report.
    pub(crate) async fn lock_for_errored_state(&mut self, run: &Run) -> Result<(), OpError> {
        self.lock(run, run.version, SystemLock::ErroredState).await
    }

    /// Lifts a lock for a lost worker.
    pub(crate) async fn lift_lost_worker(&mut self) -> Result<(), OpError> {
        let lifted = self
            .stack
            .system_lock
            .take_if(|lock| lock.kind == SystemLock::LostWorker);
        if let Some(lock) = lifted {
            let deed = Deed::to_stack("stack.system_unlock", &self.stack)
                .with("lock", lock.kind.as_str())
                .with("run", lock.run.as_str());
            by_gantry(self.tx, self.now, deed).await?;
            self.say(News::of_stack(&self.stack));
            self.stack.system_lock = reveal(self.tx, &self.stack.id, lock).await?;
            self.freed = true;
        }
        Ok(())
    }

    /// Ends every run that waits for something: in the queue, for a worker, for a person.
    pub(crate) async fn end_waiting(&mut self, by: &str) -> Result<(), Denied> {
        self.end_waiting = false;
        for mut run in run::active(self.tx.reader(), &self.stack.id).await? {
            let by = by.to_owned();
            let event = match run.state {
                RunState::Queued | RunState::Ready => Event::Cancel { by },
                RunState::Unconfirmed => Event::Discard { by },
                _ => continue,
            };
            self.decide(&mut run, &event, None).await?;
        }
        Ok(())
    }

    /// A stack that is being deleted waits for nobody: what a run has planned meanwhile, or before,
    /// is discarded.
    async fn discard_unconfirmed(&mut self) -> Result<(), Denied> {
        for mut run in run::active(self.tx.reader(), &self.stack.id).await? {
            if run.state == RunState::Unconfirmed {
                let by = "the deletion of the stack".to_owned();
                self.decide(&mut run, &Event::Discard { by }, None).await?;
            }
        }
        Ok(())
    }

    /// Lets the next queued run go if nothing is in its way. Answers with the run that went.
    pub(crate) async fn advance(&mut self) -> Result<Option<Run>, Denied> {
        self.freed = false;
        if self.stack.blocker.is_some() {
            return Ok(None);
        }
        for mut run in run::active(self.tx.reader(), &self.stack.id).await? {
            let waits = run.state == RunState::Queued
                && (run.kind == RunKind::Destroy || !self.stack.deleting);
            if !waits {
                continue;
            }
            match self.decide_ready(&mut run).await {
                Ok(()) => return Ok(Some(run)),
                Err(Denied::Refused(_)) => continue,
                Err(failed) => return Err(failed),
            }
        }
        Ok(None)
    }

    async fn decide_ready(&mut self, run: &mut Run) -> Result<(), Denied> {
        self.decide(run, &Event::Ready, None).await
    }

    /// Lets the next run go if the stack became free, and tells the other servers. The last thing
    /// before the commit.
    pub(crate) async fn finish(mut self) -> Result<AfterCommit, OpError> {
        if self.end_waiting {
            self.end_waiting("the deletion of the stack").await?;
        }
        if self.stack.deleting {
            self.discard_unconfirmed().await?;
        }
        if self.freed {
            self.advance().await?;
        }
        if self.stack.deleting {
            self.after.delete = Some(self.stack.id.clone());
        }
        self.wake.tell_others(self.tx, &self.after.hints()).await?;
        Ok(self.after)
    }

    fn facts(&self, run: &Run) -> RunFacts {
        let stack = &self.stack;
        RunFacts {
            state: run.state,
            autodeploy: stack.settings.autodeploy,
            skip_initialization: run.skip_initialization,
            stop_requested: run.stop_requested,
            write_credentials_issued: run.write_issued,
            has_plan: run.plan_object.is_some(),
            stack: StackFacts {
                held_by_other_run: stack.blocker.as_ref().is_some_and(|id| *id != run.id),
                disabled: stack.disabled,
                deleting: stack.deleting,
                user_lock: stack.lock.as_ref().map(|lock| lock.holder.clone()),
                system_lock: stack.system_lock.as_ref().map(|lock| lock.kind),
            },
            ..RunFacts::new(run.id.clone(), run.kind, run.triggered_by_id.as_str())
        }
    }

    /// Decisions are about identifiers, since names may be equal; people read names.
    fn for_people(&self, text: String, by: Option<&Subject>) -> String {
        let text = match by {
            Some(by) => text.replace(&by.id(), &by.name),
            None => text,
        };
        match &self.stack.lock {
            Some(lock) => text.replace(&lock.holder, &lock.holder_name),
            None => text,
        }
    }
}

/// States in which a worker has something to say.
fn has_logs(state: RunState) -> bool {
    state.phase().is_some()
        || matches!(
            state,
            RunState::Preparing | RunState::PreparingApply | RunState::PreparingReplan
        )
}

/// Takes a lock away; answers with the one that was beneath it and is in force again.
pub(crate) async fn reveal(
    tx: &Tx,
    id: &StackId,
    lock: StackSystemLock,
) -> Result<Option<StackSystemLock>, OpError> {
    let beneath = lock.beneath.map(|beneath| *beneath);
    match &beneath {
        Some(beneath) => stack::set_system_lock(tx, id, beneath).await?,
        None => stack::clear_system_lock(tx, id).await?,
    }
    Ok(beneath)
}
