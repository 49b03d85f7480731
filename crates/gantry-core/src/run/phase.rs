use serde::{Deserialize, Serialize};

use super::RunState;

/// The part of a run in which a child process works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Initialize,
    Plan,
    Apply,
    Perform,
    Destroy,
}

impl Phase {
    pub const ALL: [Phase; 5] = [
        Phase::Initialize,
        Phase::Plan,
        Phase::Apply,
        Phase::Perform,
        Phase::Destroy,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Initialize => "initialize",
            Phase::Plan => "plan",
            Phase::Apply => "apply",
            Phase::Perform => "perform",
            Phase::Destroy => "destroy",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }

    /// The state a run is in while this phase works; its logs are read under that name.
    pub const fn state(self) -> RunState {
        match self {
            Phase::Initialize => RunState::Initializing,
            Phase::Plan => RunState::Planning,
            Phase::Apply => RunState::Applying,
            Phase::Perform => RunState::Performing,
            Phase::Destroy => RunState::Destroying,
        }
    }

    /// Whether the phase may change something outside: an interrupted one is never run again by
    /// itself.
    pub const fn writes(self) -> bool {
        matches!(self, Phase::Apply | Phase::Perform | Phase::Destroy)
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
