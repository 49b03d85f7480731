//! The record of a trial: whether a role trusts us, and only us.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::grant::AssumeRequest;
use crate::ids::{IntegrationId, StackId, WorkerPoolId};

/// The newest trial of one role for one stack and access. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub stack: StackId,
    pub source: VerifiedSource,
    /// `None` for a legacy role, which can't tell accesses apart.
    pub access: Option<Access>,
    /// Of what was asked; see [`fingerprint`].
    pub fingerprint: String,
    pub outcome: VerificationOutcome,
    pub message: String,
    pub checked_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifiedSource {
    Integration(IntegrationId),
    LegacyRole,
}

/// Three outcomes that matter, and never a boolean: only `Trusted` lets anything go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationOutcome {
    /// The role can be assumed with our external ID, and not without it.
    Trusted,
    /// The role can't be assumed with our external ID.
    Untrusted,
    /// The role can be assumed without our external ID.
    Open,
    /// The cloud did not say.
    Unknown,
}

impl VerificationOutcome {
    pub const ALL: [VerificationOutcome; 4] = [
        VerificationOutcome::Trusted,
        VerificationOutcome::Untrusted,
        VerificationOutcome::Open,
        VerificationOutcome::Unknown,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            VerificationOutcome::Trusted => "trusted",
            VerificationOutcome::Untrusted => "untrusted",
            VerificationOutcome::Open => "open",
            VerificationOutcome::Unknown => "unknown",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }
}

/// Everything that makes one request differ from another: a change of role, external ID, duration,
/// region, tagging or space (it is a tag) voids what was verified before. Taken of a trial's request,
/// never of a run's: that one is different every time.
pub fn fingerprint(request: &AssumeRequest) -> String {
    // No part has a line break: role ARN, external ID, region and IDs refuse them.
    let tags: Vec<String> = request
        .tags()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{}\n{}\n{}\n{}\n{}",
        request.role_arn(),
        request.external_id(),
        request.duration().seconds(),
        request.region().map_or("", |region| region.as_str()),
        tags.join(",")
    )
}

/// The same of what a worker of `pool` asks with an identity of its own: another pool has another.
pub fn fingerprint_in(pool: &WorkerPoolId, request: &AssumeRequest) -> String {
    format!("{}\nworker pool {pool}", fingerprint(request))
}
