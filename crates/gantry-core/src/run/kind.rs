use serde::{Deserialize, Serialize};

/// What a run is for. The names on the wire are those of the contract's `RunType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunKind {
    /// Previews, never changes anything.
    Proposed,
    /// May change things, after confirmation or by autodeploy.
    Tracked,
    /// One free command with write access.
    Task,
    /// The stack destructor.
    Destroy,
}

impl RunKind {
    pub const ALL: [RunKind; 4] = [
        RunKind::Proposed,
        RunKind::Tracked,
        RunKind::Task,
        RunKind::Destroy,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            RunKind::Proposed => "PROPOSED",
            RunKind::Tracked => "TRACKED",
            RunKind::Task => "TASK",
            RunKind::Destroy => "DESTROY",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a run of this kind holds its stack from READY to its end.
    pub const fn holds_stack(self) -> bool {
        !matches!(self, RunKind::Proposed)
    }
}
