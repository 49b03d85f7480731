use serde::{Deserialize, Serialize};

use crate::credentials::access::Access;
use crate::credentials::cloud::Cloud;
use crate::credentials::verification::VerificationOutcome;
use crate::run::Phase;

/// How long a worker may take over trying and assuming the roles of a phase, from the moment at which
/// it heard of them. When their sessions end at the latest is known by that, whatever becomes of the
/// worker.
pub const ASKING_SECONDS: u64 = 120;

/// A role that the worker assumes itself, with its own identity, for one phase. No secret is in it,
/// and none comes back to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerGrant {
    /// Names the server's record of it.
    pub id: String,
    pub cloud: Cloud,
    pub access: Access,
    pub request: WireRequest,
    /// A role that nobody has tried for this stack and pool: before it is used the worker shows that
    /// it trusts us, and only us.
    pub trial: Option<WireRequest>,
}

/// What the cloud is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRequest {
    pub role_arn: String,
    pub external_id: String,
    pub session_name: String,
    pub duration_seconds: i64,
    pub region: Option<String>,
    pub tags: Vec<(String, String)>,
}

/// What came of a phase's grants. Sent before the phase's child starts, which it does only when the
/// server has taken it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    pub fence: i64,
    pub phase: Phase,
    pub version: i64,
    pub outcomes: Vec<GrantOutcome>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantOutcome {
    /// That of the grant.
    pub id: String,
    /// What the trial showed, where there was one.
    pub trial: Option<TrialOutcome>,
    /// `None`: nothing was issued, for the reason that the trial or `failed` gives.
    pub session: Option<Session>,
    pub failed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialOutcome {
    /// As it was granted.
    pub request: WireRequest,
    pub outcome: VerificationOutcome,
    /// A sentence; empty when there is nothing to complain about.
    pub message: String,
}

/// What the cloud issued, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who the worker asked as.
    pub asked_as: Option<String>,
    /// Unix milliseconds.
    pub expires_at: Option<i64>,
}
