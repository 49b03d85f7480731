//! What a transition asks for, beside the new state.

use serde::{Deserialize, Serialize};

/// Something to do because a run has moved. All of them are saved in the transaction that saves the
/// new state; those that reach outside of the database are done after it, and may be done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The run becomes its stack's `blocker`.
    HoldStack,
    /// The run is its stack's `blocker` no longer: the next one in the queue may become READY.
    ReleaseStack,
    /// There is something to claim.
    WakeWorkers,
    /// The worker that has the run interrupts the child: SIGINT, a grace period, then the end. Where
    /// the state stays, the request is remembered with the run (`RunFacts::stop_requested`).
    SignalWorkerStop,
    /// The stack gets a lock that no user holds.
    LockStack(SystemLock),
    /// The sealed plan goes, and the workspace that a worker keeps for it.
    DeletePlan,
    /// The destructor has done its work: the stack goes too.
    DeleteStack,
    /// The destructor has not done its work: the stack stays and is no longer being deleted.
    KeepStack,
}

impl Effect {
    /// The words of `docs/generated/run-states.md`.
    pub const fn describe(self) -> &'static str {
        match self {
            Effect::HoldStack => "hold the stack",
            Effect::ReleaseStack => "release the stack",
            Effect::WakeWorkers => "wake workers",
            Effect::SignalWorkerStop => "tell the worker to stop",
            Effect::LockStack(SystemLock::LostWorker) => "lock the stack (lost worker)",
            Effect::LockStack(SystemLock::ErroredState) => "lock the stack (errored state)",
            Effect::DeletePlan => "delete the plan",
            Effect::DeleteStack => "delete the stack",
            Effect::KeepStack => "give up the deletion of the stack",
        }
    }
}

/// Why a stack is locked although no user locked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemLock {
    /// The processes of a write phase are not known to be dead. Nothing that holds the stack starts
    /// until the worker proves it, the phase's credentials have expired, or an administrator takes
    /// over.
    LostWorker,
    /// A phase left an `errored.tfstate`: the stored state is behind the world. Only a task starts,
    /// since a task is what pushes the kept state.
    ErroredState,
}

impl SystemLock {
    pub const fn as_str(self) -> &'static str {
        match self {
            SystemLock::LostWorker => "lost_worker",
            SystemLock::ErroredState => "errored_state",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [SystemLock::LostWorker, SystemLock::ErroredState]
            .into_iter()
            .find(|lock| lock.as_str() == text)
    }
}
