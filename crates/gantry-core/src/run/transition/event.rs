use crate::run::Phase;

/// What may happen to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The run's turn has come: its stack is free, or it needs none. The scheduler offers this to
    /// the queued runs of a stack in order and takes the first that is not refused.
    Ready,
    /// A worker took the run.
    Claimed,
    /// The worker is about to begin a phase.
    PhaseStarted {
        phase: Phase,
    },
    /// A phase has ended. `errored_state`: it left an `errored.tfstate`, by now sealed and kept.
    PhaseFinished {
        phase: Phase,
        outcome: PhaseOutcome,
        errored_state: bool,
    },
    Confirm {
        by: String,
    },
    Discard {
        by: String,
    },
    Cancel {
        by: String,
    },
    Stop {
        by: String,
        note: Option<String>,
    },
    Replan {
        by: String,
    },
    /// `by`: what came later, such as a commit.
    Superseded {
        by: String,
    },
    /// The lease ran out, or the worker said that it is going.
    WorkerLost {
        reason: String,
    },
    /// The installation was restored from a backup that has the run as it was then.
    Restored {
        reason: String,
    },
    /// A fault that is no phase's: the checkout failed, a stored plan can't be read.
    SystemFailure {
        reason: String,
    },
}

/// How a phase ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhaseOutcome {
    /// Of every phase but plan.
    Succeeded,
    /// Of plan: `-detailed-exitcode` 0.
    NoChanges,
    /// Of plan: `-detailed-exitcode` 2. A change of outputs alone is one.
    Changes,
    Failed {
        reason: String,
    },
}

impl Event {
    /// What the run can't do, in the sentence of a refusal.
    pub(super) fn verb(&self) -> String {
        match self {
            Event::Ready => "become READY".into(),
            Event::Claimed => "be claimed".into(),
            Event::PhaseStarted { phase } => format!("start its {phase} phase"),
            Event::PhaseFinished { phase, .. } => format!("finish its {phase} phase"),
            Event::Confirm { .. } => "be confirmed".into(),
            Event::Discard { .. } => "be discarded".into(),
            Event::Cancel { .. } => "be canceled".into(),
            Event::Stop { .. } => "be stopped".into(),
            Event::Replan { .. } => "be planned again".into(),
            Event::Superseded { .. } => "be superseded".into(),
            Event::WorkerLost { .. } => "lose its worker".into(),
            Event::SystemFailure { .. } => "fail".into(),
            Event::Restored { .. } => "come back from a backup".into(),
        }
    }
}
