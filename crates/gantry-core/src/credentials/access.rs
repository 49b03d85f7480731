//! The one table of the product: which access a phase of a run kind may use.

use serde::{Deserialize, Serialize};

use crate::run::{Phase, RunKind};

/// What a phase may use of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

impl Access {
    pub const ALL: [Access; 2] = [Access::Read, Access::Write];

    /// The suffix of an external ID and the word in every message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The access that `phase` of a run of `kind` uses; `None` where a run of that kind has no such
/// phase, so that nothing is ever issued for it.
///
/// It follows the phase, never an attachment's flags and never autodeploy: the plan of an
/// autodeployed run reads. An initialisation repeated inside apply is part of
/// [`Phase::Apply`], hence writes.
pub const fn required(kind: RunKind, phase: Phase) -> Option<Access> {
    use Access::{Read, Write};
    match (kind, phase) {
        (RunKind::Proposed, Phase::Initialize | Phase::Plan) => Some(Read),
        (RunKind::Proposed, Phase::Apply | Phase::Perform | Phase::Destroy) => None,

        (RunKind::Tracked, Phase::Initialize | Phase::Plan) => Some(Read),
        (RunKind::Tracked, Phase::Apply) => Some(Write),
        (RunKind::Tracked, Phase::Perform | Phase::Destroy) => None,

        (RunKind::Task, Phase::Initialize) => Some(Read),
        (RunKind::Task, Phase::Perform) => Some(Write),
        (RunKind::Task, Phase::Plan | Phase::Apply | Phase::Destroy) => None,

        (RunKind::Destroy, Phase::Initialize | Phase::Plan) => Some(Read),
        (RunKind::Destroy, Phase::Destroy) => Some(Write),
        (RunKind::Destroy, Phase::Apply | Phase::Perform) => None,
    }
}
