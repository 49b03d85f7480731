//! The state machine of a run: what may happen to it, and what follows.
//!
//! One pure function, [`transition`]. Whoever calls it has read the facts in the transaction that
//! saves the answer; nothing else in the product decides where a run goes. It is tabulated in
//! `docs/generated/run-states.md`.
//!
//! No match over states has a wildcard arm, so that the compiler asks about a new state in every
//! place that has to know it.

mod event;
mod facts;
mod person;
mod refused;
mod worker;

pub use event::{Event, PhaseOutcome};
pub use facts::{RunFacts, StackFacts};
pub use refused::{Reason, Refused};

use super::{Effect, Phase, RunKind, RunState, SystemLock};
use RunState::*;

/// Where the run goes, what has to be done, and what the history says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// May be the state the run is in: then only the effects count.
    pub next: RunState,
    pub effects: Vec<Effect>,
    /// Who or why, where the event says so; shown in the run's history.
    pub note: Option<String>,
}

/// Moves the run of `facts` by `event`, or says why it can't be moved so.
pub fn transition(facts: &RunFacts, event: &Event) -> Result<Transition, Refused> {
    let answer = if facts.state.is_terminal() {
        Err(ended(event))
    } else if !passes_through(facts.kind, facts.state) {
        // Only a fault of ours leads here; the way out is to fail.
        match event {
            Event::SystemFailure { reason } => Ok(fail(facts, reason.clone(), vec![])),
            _ => Err(Reason::NotOfThisKind { kind: facts.kind }),
        }
    } else {
        match event {
            Event::Ready => ready(facts),
            Event::Claimed => worker::claimed(facts),
            Event::PhaseStarted { phase } => worker::phase_started(facts, *phase),
            Event::PhaseFinished {
                phase,
                outcome,
                errored_state,
            } => worker::phase_finished(facts, *phase, outcome, *errored_state),
            Event::Confirm { by } => person::confirm(facts, by),
            Event::Discard { by } => person::discard(facts, by),
            Event::Cancel { by } => person::cancel(facts, by),
            Event::Stop { by, note } => person::stop(facts, by, note.as_deref()),
            Event::Replan { by } => person::replan(facts, by),
            Event::Superseded { by } => superseded(facts, by),
            Event::WorkerLost { reason } => worker_lost(facts, reason),
            Event::SystemFailure { reason } => system_failure(facts, reason),
            Event::Restored { reason } => restored(facts, reason),
        }
    };
    answer.map_err(|reason| Refused {
        run: facts.id.clone(),
        from: facts.state,
        event: event.clone(),
        reason,
    })
}

type Answer = Result<Transition, Reason>;

/// The stack became free for this run, or it needs none.
fn ready(facts: &RunFacts) -> Answer {
    match facts.state {
        Queued => {}
        Ready | Preparing | Initializing | Planning | Unconfirmed | Confirmed | PreparingApply
        | Applying | ReplanRequested | PreparingReplan | Performing | Destroying | Finished
        | Failed | Canceled | Discarded | Stopped => return Err(Reason::OnlyFrom(&[Queued])),
    }
    not_disabled(facts)?;
    if !facts.kind.holds_stack() {
        // A proposed run never waits for a stack's blocker or lock.
        return Ok(go(Ready, vec![Effect::WakeWorkers]));
    }
    if facts.stack.held_by_other_run {
        return Err(Reason::StackHeld);
    }
    // A tracked run may plan under a user's lock: it will wait for the holder in UNCONFIRMED. A task
    // and a destroy run have no such place, so they wait here.
    match facts.kind {
        RunKind::Proposed => {}
        RunKind::Tracked => not_locked_by_system(facts)?,
        RunKind::Task | RunKind::Destroy => may_write(facts, &facts.triggered_by)?,
    }
    Ok(go(Ready, vec![Effect::HoldStack, Effect::WakeWorkers]))
}

fn superseded(facts: &RunFacts, by: &str) -> Answer {
    match facts.kind {
        RunKind::Proposed => {}
        RunKind::Tracked | RunKind::Task | RunKind::Destroy => return Err(Reason::OnlyProposed),
    }
    let note = Some(format!("superseded by {by}"));
    match facts.state {
        Queued | Ready => Ok(end(facts, Canceled, note, vec![])),
        Preparing | Initializing | Planning => {
            Ok(end(facts, Stopped, note, vec![Effect::SignalWorkerStop]))
        }
        Unconfirmed | Confirmed | PreparingApply | Applying | ReplanRequested | PreparingReplan
        | Performing | Destroying => Err(Reason::NotOfThisKind { kind: facts.kind }),
        Finished | Failed | Canceled | Discarded | Stopped => Err(Reason::Ended),
    }
}

fn worker_lost(facts: &RunFacts, reason: &str) -> Answer {
    if worker_has(facts.state) {
        Ok(fail(facts, reason.to_owned(), lock_unless_harmless(facts)))
    } else {
        Err(Reason::NoWorker)
    }
}

/// A fault of the installation, or a reason found outside of a phase's child, such as a repository
/// that can't be read.
fn system_failure(facts: &RunFacts, reason: &str) -> Answer {
    let mut effects = Vec::new();
    if worker_has(facts.state) {
        effects.push(Effect::SignalWorkerStop);
        effects.extend(lock_unless_harmless(facts));
    }
    Ok(fail(facts, reason.to_owned(), effects))
}

/// The run is known as it was when the backup was taken; it may have gone on since, to its end and
/// past an apply. Nothing of it is taken up again.
fn restored(facts: &RunFacts, reason: &str) -> Answer {
    let note = Some(reason.to_owned());
    Ok(match facts.state {
        Queued | Ready => end(facts, Canceled, note, vec![]),
        Unconfirmed => end(facts, Discarded, note, vec![]),
        Confirmed | ReplanRequested | Preparing | Initializing | Planning | PreparingApply
        | Applying | PreparingReplan | Performing | Destroying => {
            let lock = Effect::LockStack(SystemLock::LostWorker);
            let lock = facts.kind.holds_stack().then_some(lock);
            end(facts, Failed, note, lock.into_iter().collect())
        }
        Finished | Failed | Canceled | Discarded | Stopped => return Err(Reason::Ended),
    })
}

/// Nothing may start on the stack while a process with write credentials may be alive.
fn lock_unless_harmless(facts: &RunFacts) -> Vec<Effect> {
    let in_write_phase = facts.state.phase().is_some_and(Phase::writes);
    if in_write_phase || facts.write_credentials_issued {
        vec![Effect::LockStack(SystemLock::LostWorker)]
    } else {
        vec![]
    }
}

fn worker_has(state: RunState) -> bool {
    match state {
        Preparing | Initializing | Planning | PreparingApply | Applying | PreparingReplan
        | Performing | Destroying => true,
        Queued | Ready | Unconfirmed | Confirmed | ReplanRequested | Finished | Failed
        | Canceled | Discarded | Stopped => false,
    }
}

/// Whether a run of `kind` is ever in `state`.
pub fn passes_through(kind: RunKind, state: RunState) -> bool {
    use RunKind::{Destroy, Proposed, Task, Tracked};
    match state {
        Queued | Ready | Preparing | Initializing => true,
        Planning => matches!(kind, Proposed | Tracked | Destroy),
        Unconfirmed | Confirmed | PreparingApply | Applying | ReplanRequested | PreparingReplan => {
            kind == Tracked
        }
        Performing => kind == Task,
        Destroying => kind == Destroy,
        Finished | Failed | Canceled | Discarded | Stopped => true,
    }
}

/// The answer of a run that has ended: the sentence says what would have been needed.
fn ended(event: &Event) -> Reason {
    match event {
        Event::Ready => Reason::OnlyFrom(&[Queued]),
        Event::Claimed => Reason::OnlyFrom(&[Ready, Confirmed, ReplanRequested]),
        Event::Confirm { .. } | Event::Replan { .. } => Reason::OnlyFrom(&[Unconfirmed]),
        Event::Discard { .. } => Reason::OnlyFrom(&[Queued, Ready, Unconfirmed]),
        Event::Cancel { .. } => Reason::OnlyFrom(&[Queued, Ready]),
        Event::PhaseStarted { .. }
        | Event::PhaseFinished { .. }
        | Event::Stop { .. }
        | Event::Superseded { .. }
        | Event::WorkerLost { .. }
        | Event::SystemFailure { .. }
        | Event::Restored { .. } => Reason::Ended,
    }
}

fn not_deleting(facts: &RunFacts) -> Result<(), Reason> {
    match facts.stack.deleting {
        true => Err(Reason::StackDeleting),
        false => Ok(()),
    }
}

/// A disabled stack starts nothing, except a destroy run that somebody asked for.
fn not_disabled(facts: &RunFacts) -> Result<(), Reason> {
    if facts.stack.disabled && facts.kind != RunKind::Destroy {
        return Err(Reason::StackDisabled);
    }
    Ok(())
}

fn not_locked_by_system(facts: &RunFacts) -> Result<(), Reason> {
    match facts.stack.system_lock {
        Some(SystemLock::ErroredState) if facts.kind == RunKind::Task => Ok(()),
        Some(lock) => Err(Reason::StackLockedBySystem(lock)),
        None => Ok(()),
    }
}

/// Whether a write phase may be decided upon now, by `subject`.
fn may_write(facts: &RunFacts, subject: &str) -> Result<(), Reason> {
    not_disabled(facts)?;
    not_locked_by_system(facts)?;
    match &facts.stack.user_lock {
        Some(holder) if holder != subject => Err(Reason::StackLocked {
            holder: holder.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

fn go(next: RunState, effects: Vec<Effect>) -> Transition {
    Transition {
        next,
        effects,
        note: None,
    }
}

fn fail(facts: &RunFacts, reason: String, effects: Vec<Effect>) -> Transition {
    end(facts, Failed, Some(reason), effects)
}

/// Ends the run. The lock, if any, comes before the release: the next run must not slip between.
fn end(
    facts: &RunFacts,
    next: RunState,
    note: Option<String>,
    mut effects: Vec<Effect>,
) -> Transition {
    if facts.has_plan {
        effects.push(Effect::DeletePlan);
    }
    if facts.kind == RunKind::Destroy {
        effects.push(if next == Finished {
            Effect::DeleteStack
        } else {
            Effect::KeepStack
        });
    }
    if facts.kind.holds_stack() && facts.state != Queued {
        effects.push(Effect::ReleaseStack);
    }
    Transition {
        next,
        effects,
        note,
    }
}

#[cfg(test)]
mod tests;
