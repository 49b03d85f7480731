use async_graphql::Enum;
use gantry_core::run;

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum RunType {
    Destroy,
    Proposed,
    Task,
    Testing,
    Tracked,
}

impl From<run::RunKind> for RunType {
    fn from(kind: run::RunKind) -> Self {
        match kind {
            run::RunKind::Destroy => RunType::Destroy,
            run::RunKind::Proposed => RunType::Proposed,
            run::RunKind::Task => RunType::Task,
            run::RunKind::Tracked => RunType::Tracked,
        }
    }
}

/// Also states that no run is ever in yet: clients name them.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum RunState {
    None,
    Queued,
    Ready,
    Preparing,
    PreparingApply,
    PreparingReplan,
    Initializing,
    Planning,
    Unconfirmed,
    Confirmed,
    Applying,
    Performing,
    Destroying,
    ReplanRequested,
    PendingReview,
    Pending,
    Finished,
    Failed,
    Canceled,
    Discarded,
    Stopped,
    Skipped,
}

impl RunState {
    /// The state, if a run can be in it.
    pub(super) fn known(self) -> Option<run::RunState> {
        run::RunState::ALL
            .into_iter()
            .find(|state| RunState::from(*state) == self)
    }
}

impl From<run::RunState> for RunState {
    fn from(state: run::RunState) -> Self {
        match state {
            run::RunState::Queued => RunState::Queued,
            run::RunState::Ready => RunState::Ready,
            run::RunState::Preparing => RunState::Preparing,
            run::RunState::Initializing => RunState::Initializing,
            run::RunState::Planning => RunState::Planning,
            run::RunState::Unconfirmed => RunState::Unconfirmed,
            run::RunState::Confirmed => RunState::Confirmed,
            run::RunState::PreparingApply => RunState::PreparingApply,
            run::RunState::Applying => RunState::Applying,
            run::RunState::ReplanRequested => RunState::ReplanRequested,
            run::RunState::PreparingReplan => RunState::PreparingReplan,
            run::RunState::Performing => RunState::Performing,
            run::RunState::Destroying => RunState::Destroying,
            run::RunState::Finished => RunState::Finished,
            run::RunState::Failed => RunState::Failed,
            run::RunState::Canceled => RunState::Canceled,
            run::RunState::Discarded => RunState::Discarded,
            run::RunState::Stopped => RunState::Stopped,
        }
    }
}
