//! What people ask for.

use super::*;

pub(super) fn confirm(facts: &RunFacts, by: &str) -> Answer {
    only_unconfirmed(facts)?;
    not_deleting(facts)?;
    may_write(facts, by)?;
    Ok(Transition {
        note: Some(format!("confirmed by {by}")),
        ..go(Confirmed, vec![Effect::WakeWorkers])
    })
}

pub(super) fn replan(facts: &RunFacts, by: &str) -> Answer {
    only_unconfirmed(facts)?;
    not_deleting(facts)?;
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

pub(super) fn discard(facts: &RunFacts, by: &str) -> Answer {
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

pub(super) fn cancel(facts: &RunFacts, by: &str) -> Answer {
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

pub(super) fn stop(facts: &RunFacts, by: &str, note: Option<&str>) -> Answer {
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
