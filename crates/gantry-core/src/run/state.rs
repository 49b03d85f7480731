use serde::{Deserialize, Serialize};

use super::Phase;

/// Where a run stands. The names are those of the contract's `RunState`; states of later parts of
/// the product (review, dependencies) are added with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunState {
    Queued,
    Ready,
    Preparing,
    Initializing,
    Planning,
    Unconfirmed,
    Confirmed,
    PreparingApply,
    Applying,
    ReplanRequested,
    PreparingReplan,
    Performing,
    Destroying,
    Finished,
    Failed,
    Canceled,
    Discarded,
    Stopped,
}

impl RunState {
    pub const ALL: [RunState; 18] = [
        RunState::Queued,
        RunState::Ready,
        RunState::Preparing,
        RunState::Initializing,
        RunState::Planning,
        RunState::Unconfirmed,
        RunState::Confirmed,
        RunState::PreparingApply,
        RunState::Applying,
        RunState::ReplanRequested,
        RunState::PreparingReplan,
        RunState::Performing,
        RunState::Destroying,
        RunState::Finished,
        RunState::Failed,
        RunState::Canceled,
        RunState::Discarded,
        RunState::Stopped,
    ];

    /// The next who moves the run is a worker that claims it.
    pub const fn waits_for_worker(self) -> bool {
        matches!(
            self,
            RunState::Ready | RunState::Confirmed | RunState::ReplanRequested
        )
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            RunState::Queued => "QUEUED",
            RunState::Ready => "READY",
            RunState::Preparing => "PREPARING",
            RunState::Initializing => "INITIALIZING",
            RunState::Planning => "PLANNING",
            RunState::Unconfirmed => "UNCONFIRMED",
            RunState::Confirmed => "CONFIRMED",
            RunState::PreparingApply => "PREPARING_APPLY",
            RunState::Applying => "APPLYING",
            RunState::ReplanRequested => "REPLAN_REQUESTED",
            RunState::PreparingReplan => "PREPARING_REPLAN",
            RunState::Performing => "PERFORMING",
            RunState::Destroying => "DESTROYING",
            RunState::Finished => "FINISHED",
            RunState::Failed => "FAILED",
            RunState::Canceled => "CANCELED",
            RunState::Discarded => "DISCARDED",
            RunState::Stopped => "STOPPED",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// No event moves a run out of a terminal state.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            RunState::Finished
                | RunState::Failed
                | RunState::Canceled
                | RunState::Discarded
                | RunState::Stopped
        )
    }

    /// A worker may claim a run in these states.
    pub const fn is_claimable(self) -> bool {
        matches!(
            self,
            RunState::Ready | RunState::Confirmed | RunState::ReplanRequested
        )
    }

    /// The phase whose child works in this state.
    pub const fn phase(self) -> Option<Phase> {
        match self {
            RunState::Initializing => Some(Phase::Initialize),
            RunState::Planning => Some(Phase::Plan),
            RunState::Applying => Some(Phase::Apply),
            RunState::Performing => Some(Phase::Perform),
            RunState::Destroying => Some(Phase::Destroy),
            _ => None,
        }
    }
}

impl std::fmt::Display for RunState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
