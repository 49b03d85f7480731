//! What a worker reports.

use super::*;

/// A worker took the run.
pub(super) fn claimed(facts: &RunFacts) -> Answer {
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
pub(super) fn phase_started(facts: &RunFacts, phase: Phase) -> Answer {
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
pub(super) fn phase_finished(
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
        RunKind::Tracked if !facts.autodeploy || facts.stack.deleting => go(Unconfirmed, vec![]),
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
