use crate::ids::RunId;
use crate::run::{RunKind, RunState, SystemLock};

/// What a transition is decided upon: read in the transaction that saves the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    pub id: RunId,
    pub kind: RunKind,
    pub state: RunState,
    /// The subject that triggered the run; compared with the holder of a lock.
    pub triggered_by: String,
    /// Apply without confirmation.
    pub autodeploy: bool,
    /// A task that goes to its command at once.
    pub skip_initialization: bool,
    /// Somebody asked for a stop in a state that stays.
    pub stop_requested: bool,
    /// A write credential was issued for this run. Set in the transaction that issues.
    pub write_credentials_issued: bool,
    /// A sealed plan of this run is stored.
    pub has_plan: bool,
    pub stack: StackFacts,
}

/// What the run's stack says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackFacts {
    /// Its `blocker` is a run other than this one.
    pub held_by_other_run: bool,
    pub disabled: bool,
    /// It goes as soon as nothing holds it.
    pub deleting: bool,
    /// The subject that holds the user's lock.
    pub user_lock: Option<String>,
    /// The gravest lock that no user holds.
    pub system_lock: Option<SystemLock>,
}

impl RunFacts {
    /// A fresh run, on a stack that nothing is in the way of.
    pub fn new(id: RunId, kind: RunKind, triggered_by: impl Into<String>) -> Self {
        Self {
            id,
            kind,
            state: RunState::Queued,
            triggered_by: triggered_by.into(),
            autodeploy: false,
            skip_initialization: false,
            stop_requested: false,
            write_credentials_issued: false,
            has_plan: false,
            stack: StackFacts::default(),
        }
    }
}
