//! The record of what a phase was issued, and why not. It names identities and holds no secret.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::cloud::Cloud;
use crate::ids::{IntegrationId, RunId, StackId};
use crate::run::Phase;

/// One decision about one cloud, at the start of one phase. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuing {
    /// A ULID.
    pub id: String,
    pub run: RunId,
    /// The run's version when the phase began: a phase that is repeated is a visit of its own.
    pub run_version: i64,
    pub stack: StackId,
    pub phase: Phase,
    pub access: Access,
    pub cloud: Cloud,
    /// Where the role comes from; `None` when no role was chosen.
    pub source: Option<IssuingSource>,
    pub outcome: IssuingOutcome,
    /// The sentence that the run page shows.
    pub note: String,
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub decided_at: i64,
    pub issued_at: Option<i64>,
    /// While the outcome is [`IssuingOutcome::Requested`] the latest moment that is possible.
    pub expires_at: Option<i64>,
    /// The phase went on after they had ended.
    pub outlived: bool,
}

/// Text of its time: it stays when the integration is renamed or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuingSource {
    /// `attachment`, `legacy role` or `auto-attach`.
    pub kind: String,
    pub integration: Option<IntegrationId>,
    pub integration_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuingOutcome {
    /// The cloud is being asked. A record that stays so belongs to a server that died meanwhile.
    Requested,
    Issued,
    /// The cloud was asked and gave nothing; the phase failed.
    Failed,
    /// Nothing is attached; the phase went on without.
    NothingAttached,
    /// The user brought credentials of their own; the phase went on with those.
    SetByUser,
    /// Two candidates; the phase failed.
    Conflict,
    /// Only a worker could have assumed the role; the phase failed.
    WorkerSideUnavailable,
    /// The request could not be made at all; the phase failed.
    Refused,
}

impl IssuingOutcome {
    pub const ALL: [IssuingOutcome; 8] = [
        IssuingOutcome::Requested,
        IssuingOutcome::Issued,
        IssuingOutcome::Failed,
        IssuingOutcome::NothingAttached,
        IssuingOutcome::SetByUser,
        IssuingOutcome::Conflict,
        IssuingOutcome::WorkerSideUnavailable,
        IssuingOutcome::Refused,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            IssuingOutcome::Requested => "requested",
            IssuingOutcome::Issued => "issued",
            IssuingOutcome::Failed => "failed",
            IssuingOutcome::NothingAttached => "nothing_attached",
            IssuingOutcome::SetByUser => "set_by_user",
            IssuingOutcome::Conflict => "conflict",
            IssuingOutcome::WorkerSideUnavailable => "worker_side_unavailable",
            IssuingOutcome::Refused => "refused",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }
}
