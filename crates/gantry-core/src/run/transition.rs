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
mod refused;

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
            Event::Claimed => claimed(facts),
            Event::PhaseStarted { phase } => phase_started(facts, *phase),
            Event::PhaseFinished {
                phase,
                outcome,
                errored_state,
            } => phase_finished(facts, *phase, outcome, *errored_state),
            Event::Confirm { by } => confirm(facts, by),
            Event::Discard { by } => discard(facts, by),
            Event::Cancel { by } => cancel(facts, by),
            Event::Stop { by, note } => stop(facts, by, note.as_deref()),
            Event::Replan { by } => replan(facts, by),
            Event::Superseded { by } => superseded(facts, by),
            Event::WorkerLost { reason } => worker_lost(facts, reason),
            Event::SystemFailure { reason } => system_failure(facts, reason),
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

/// A worker took the run.
fn claimed(facts: &RunFacts) -> Answer {
    let next = match facts.state {
        Ready => Preparing,
        Confirmed => PreparingApply,
        ReplanRequested => PreparingReplan,
        Queued | Preparing | Initializing | Planning | Unconfirmed | PreparingApply | Applying
        | PreparingReplan | Performing | Destroying | Finished | Failed | Canceled | Discarded
        | Stopped => {
            return Err(Reason::OnlyFrom(&[Ready, Confirmed, ReplanRequested]));
        }
    };
    not_disabled(facts)?;
    Ok(go(next, vec![]))
}

/// The worker is about to begin a phase. Where a finished phase has led to the next one already, the
/// state stays: the announcement is what credentials are issued upon.
fn phase_started(facts: &RunFacts, phase: Phase) -> Answer {
    let expected = match facts.state {
        Preparing if facts.kind == RunKind::Task && facts.skip_initialization => Phase::Perform,
        Preparing | Initializing => Phase::Initialize,
        PreparingReplan | Planning => Phase::Plan,
        PreparingApply | Applying => Phase::Apply,
        Performing => Phase::Perform,
        Destroying => Phase::Destroy,
        Queued | Ready | Unconfirmed | Confirmed | ReplanRequested | Finished | Failed
        | Canceled | Discarded | Stopped => return Err(Reason::NoWorker),
    };
    if phase != expected {
        return Err(Reason::OtherPhase { expected });
    }
    if facts.stop_requested {
        let reason = format!("stopped before the {phase} phase began");
        return Ok(match phase {
            Phase::Perform => end(facts, Stopped, Some(reason), vec![]),
            Phase::Initialize | Phase::Plan | Phase::Apply | Phase::Destroy => {
                fail(facts, reason, vec![])
            }
        });
    }
    if facts.state == Preparing && phase.writes() {
        // A task that skips its initialisation: here begins its write phase.
        if let Err(barrier) = may_write(facts, &facts.triggered_by) {
            return Ok(fail(facts, barrier.to_string(), vec![]));
        }
    }
    Ok(go(phase.state(), vec![]))
}

/// A phase's child has ended, or was never started because its credentials could not be issued.
fn phase_finished(
    facts: &RunFacts,
    phase: Phase,
    outcome: &PhaseOutcome,
    errored_state: bool,
) -> Answer {
    match facts.state {
        Initializing | Planning | Applying | Performing | Destroying => {}
        Queued | Ready | Preparing | Unconfirmed | Confirmed | PreparingApply | ReplanRequested
        | PreparingReplan | Finished | Failed | Canceled | Discarded | Stopped => {
            return Err(Reason::NotInThatPhase);
        }
    }
    if facts.state != phase.state() {
        return Err(Reason::NotInThatPhase);
    }
    if errored_state {
        let known = match outcome {
            PhaseOutcome::Failed { reason } => reason.as_str(),
            PhaseOutcome::Succeeded | PhaseOutcome::Changes | PhaseOutcome::NoChanges => {
                "the command succeeded"
            }
        };
        let reason = format!("{known}; the {phase} phase left an errored.tfstate, which was kept");
        return Ok(fail(
            facts,
            reason,
            vec![Effect::LockStack(SystemLock::ErroredState)],
        ));
    }
    match (phase, outcome) {
        // What a free command's exit status says after an interrupt is its own affair.
        (Phase::Perform, PhaseOutcome::Succeeded | PhaseOutcome::Failed { .. })
            if facts.stop_requested =>
        {
            Ok(end(facts, Stopped, None, vec![]))
        }
        (Phase::Apply | Phase::Destroy, PhaseOutcome::Failed { reason })
            if facts.stop_requested =>
        {
            Ok(fail(facts, format!("stopped: {reason}"), vec![]))
        }
        (_, PhaseOutcome::Failed { reason }) => Ok(fail(facts, reason.clone(), vec![])),

        (Phase::Initialize, PhaseOutcome::Succeeded) => Ok(initialized(facts)),
        (Phase::Plan, PhaseOutcome::NoChanges) => Ok(end(facts, Finished, None, vec![])),
        (Phase::Plan, PhaseOutcome::Changes) => Ok(planned(facts)),
        // A stop that came too late to interrupt anything leaves a complete apply, and says so.
        (Phase::Apply | Phase::Perform | Phase::Destroy, PhaseOutcome::Succeeded) => {
            let note = facts
                .stop_requested
                .then(|| "it ended before the stop reached it".into());
            Ok(end(facts, Finished, note, vec![]))
        }

        (Phase::Plan, PhaseOutcome::Succeeded)
        | (
            Phase::Initialize | Phase::Apply | Phase::Perform | Phase::Destroy,
            PhaseOutcome::NoChanges | PhaseOutcome::Changes,
        ) => Err(Reason::OutcomeOfOtherPhase),
    }
}

fn initialized(facts: &RunFacts) -> Transition {
    match facts.kind {
        RunKind::Proposed | RunKind::Tracked | RunKind::Destroy => go(Planning, vec![]),
        RunKind::Task => match may_write(facts, &facts.triggered_by) {
            Ok(()) => go(Performing, vec![]),
            Err(barrier) => fail(facts, barrier.to_string(), vec![]),
        },
    }
}

/// The plan has changes.
fn planned(facts: &RunFacts) -> Transition {
    match facts.kind {
        RunKind::Proposed | RunKind::Task => end(facts, Finished, None, vec![]),
        RunKind::Tracked if !facts.autodeploy => go(Unconfirmed, vec![]),
        // Autodeploy pauses under any lock of a user, the trigger's own included: who locks wants
        // to look.
        RunKind::Tracked => match (
            may_write(facts, &facts.triggered_by),
            &facts.stack.user_lock,
        ) {
            (Ok(()), None) => go(Applying, vec![]),
            (Ok(()), Some(holder)) => Transition {
                note: Some(
                    Reason::StackLocked {
                        holder: holder.clone(),
                    }
                    .to_string(),
                ),
                ..go(Unconfirmed, vec![])
            },
            (Err(barrier), _) => Transition {
                note: Some(barrier.to_string()),
                ..go(Unconfirmed, vec![])
            },
        },
        RunKind::Destroy => match may_write(facts, &facts.triggered_by) {
            Ok(()) => go(Destroying, vec![]),
            Err(barrier) => fail(facts, barrier.to_string(), vec![]),
        },
    }
}

fn confirm(facts: &RunFacts, by: &str) -> Answer {
    only_unconfirmed(facts)?;
    may_write(facts, by)?;
    Ok(Transition {
        note: Some(format!("confirmed by {by}")),
        ..go(Confirmed, vec![Effect::WakeWorkers])
    })
}

fn replan(facts: &RunFacts, by: &str) -> Answer {
    only_unconfirmed(facts)?;
    may_write(facts, by)?;
    let mut effects = Vec::new();
    if facts.has_plan {
        effects.push(Effect::DeletePlan);
    }
    effects.push(Effect::WakeWorkers);
    Ok(Transition {
        note: Some(format!("asked for by {by}")),
        ..go(ReplanRequested, effects)
    })
}

fn only_unconfirmed(facts: &RunFacts) -> Result<(), Reason> {
    match facts.state {
        Unconfirmed => Ok(()),
        Queued | Ready | Preparing | Initializing | Planning | Confirmed | PreparingApply
        | Applying | ReplanRequested | PreparingReplan | Performing | Destroying | Finished
        | Failed | Canceled | Discarded | Stopped => Err(Reason::OnlyFrom(&[Unconfirmed])),
    }
}

fn discard(facts: &RunFacts, by: &str) -> Answer {
    match facts.state {
        Queued | Ready | Unconfirmed => Ok(end(
            facts,
            Discarded,
            Some(format!("discarded by {by}")),
            vec![],
        )),
        Preparing | Initializing | Planning | Confirmed | PreparingApply | Applying
        | ReplanRequested | PreparingReplan | Performing | Destroying => Err(Reason::StopInstead),
        Finished | Failed | Canceled | Discarded | Stopped => {
            Err(Reason::OnlyFrom(&[Queued, Ready, Unconfirmed]))
        }
    }
}

fn cancel(facts: &RunFacts, by: &str) -> Answer {
    match facts.state {
        Queued | Ready => Ok(end(
            facts,
            Canceled,
            Some(format!("canceled by {by}")),
            vec![],
        )),
        Unconfirmed => Err(Reason::DiscardInstead),
        Preparing | Initializing | Planning | Confirmed | PreparingApply | Applying
        | ReplanRequested | PreparingReplan | Performing | Destroying => Err(Reason::StopInstead),
        Finished | Failed | Canceled | Discarded | Stopped => {
            Err(Reason::OnlyFrom(&[Queued, Ready]))
        }
    }
}

fn stop(facts: &RunFacts, by: &str, note: Option<&str>) -> Answer {
    let note = Some(match note {
        Some(note) if !note.is_empty() => format!("stopped by {by}: {note}"),
        _ => format!("stopped by {by}"),
    });
    match facts.state {
        Queued | Ready => Err(Reason::CancelInstead),
        Unconfirmed => Err(Reason::DiscardInstead),
        Preparing | Initializing | Planning => {
            Ok(end(facts, Stopped, note, vec![Effect::SignalWorkerStop]))
        }
        Confirmed | ReplanRequested if !facts.write_credentials_issued => {
            Ok(end(facts, Stopped, note, vec![]))
        }
        PreparingApply | PreparingReplan if !facts.write_credentials_issued => {
            Ok(end(facts, Stopped, note, vec![Effect::SignalWorkerStop]))
        }
        // No worker is at it that could be told.
        Confirmed | ReplanRequested => Err(Reason::WriteCredentialsIssued),
        // The stack stays held until the worker has reported that the child is dead.
        PreparingApply | PreparingReplan | Applying | Performing | Destroying => Ok(Transition {
            note,
            ..go(facts.state, vec![Effect::SignalWorkerStop])
        }),
        Finished | Failed | Canceled | Discarded | Stopped => Err(Reason::Ended),
    }
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
        | Event::SystemFailure { .. } => Reason::Ended,
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
