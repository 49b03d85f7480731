use super::Event;
use crate::ids::RunId;
use crate::run::{Phase, RunKind, RunState, SystemLock};

/// The run can't be moved so. The sentence is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("run {run} is {from} and can't {}: {reason}", .event.verb())]
pub struct Refused {
    pub run: RunId,
    pub from: RunState,
    pub event: Event,
    pub reason: Reason,
}

/// Why an event was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("only {} run can", one_of(.0))]
    OnlyFrom(&'static [RunState]),
    #[error("it has ended")]
    Ended,
    #[error("cancel or discard it instead")]
    CancelInstead,
    #[error("discard it instead")]
    DiscardInstead,
    #[error("stop it instead")]
    StopInstead,
    #[error("only a proposed run can")]
    OnlyProposed,
    #[error("a run of kind {} has no such state", .kind.as_str())]
    NotOfThisKind { kind: RunKind },
    #[error("no worker has it")]
    NoWorker,
    #[error("its phase now is {expected}")]
    OtherPhase { expected: Phase },
    #[error("it is not in that phase")]
    NotInThatPhase,
    #[error("only a plan ends with or without changes, and every plan does")]
    OutcomeOfOtherPhase,
    #[error("write credentials were issued for it already")]
    WriteCredentialsIssued,
    #[error("another run holds the stack")]
    StackHeld,
    #[error("the stack is being deleted")]
    StackDeleting,
    #[error("the stack is disabled; enable it first")]
    StackDisabled,
    #[error(
        "the stack is locked by {holder}, and only the holder of the lock triggers or confirms"
    )]
    StackLocked { holder: String },
    #[error(
        "the stack is locked: {}",
        match .0 {
            SystemLock::LostWorker => "the processes of a lost worker are not known to be dead; an \
                administrator may take over",
            SystemLock::ErroredState => "a phase left an errored.tfstate; restore it with the task \
                shown on that run's page, then unlock the stack",
        }
    )]
    StackLockedBySystem(SystemLock),
}

fn one_of(states: &[RunState]) -> String {
    let mut text = String::new();
    for (index, state) in states.iter().enumerate() {
        text.push_str(match index {
            0 if matches!(state, RunState::Unconfirmed) => "an ",
            0 => "a ",
            last if last + 1 == states.len() => " or ",
            _ => ", ",
        });
        text.push_str(state.as_str());
    }
    text
}
