use serde::{Deserialize, Serialize};

use super::{RunKind, RunState};
use crate::commit::Commit;
use crate::engine::PinnedTool;
use crate::ids::{RunId, StackId, WorkerId};

/// A run as it is stored. Times are epoch milliseconds.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: RunId,
    pub stack: StackId,
    pub kind: RunKind,
    pub state: RunState,
    /// Counts transitions; names the log of the state it is in.
    pub version: i64,
    pub title: Option<String>,
    /// A task's command.
    pub command: Option<String>,
    pub skip_initialization: bool,
    /// What the trigger asked for; `None` means the head of the branch.
    pub requested_commit: Option<String>,
    /// What the run is pinned to, from preparing on.
    pub commit: Option<Commit>,
    /// What it was prepared with: its plan is applied with the very same version.
    pub tool: Option<PinnedTool>,
    pub branch: String,
    /// Name of whoever triggered it, and the subject's stable identifier.
    pub triggered_by: String,
    pub triggered_by_id: String,
    /// Goes before others of its kind in the workers' queue.
    pub prioritized: bool,
    /// Opaque text of the client that triggered it.
    pub metadata: Option<String>,
    /// The worker that has or had the run last.
    pub worker: Option<WorkerId>,
    pub lease: Option<Lease>,
    /// The fence of the newest lease; stays after it ended.
    pub fence: i64,
    pub stop_requested: bool,
    /// A write credential was issued, or may have been.
    pub write_issued: bool,
    /// A write phase's child got secrets that we did not issue, and whose end we don't know.
    pub user_secrets: bool,
    pub delta: Option<RunDelta>,
    pub plan_object: Option<String>,
    pub changes_object: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub finished_at: Option<i64>,
}

/// A worker's time-limited hold on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub worker: WorkerId,
    pub until: i64,
}

/// Counts of resources in a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDelta {
    pub added: i64,
    pub changed: i64,
    pub deleted: i64,
    /// All that the plan knows of.
    pub resources: i64,
}

/// One visit to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTransition {
    pub version: i64,
    pub state: RunState,
    pub at: i64,
    pub username: Option<String>,
    pub note: Option<String>,
    pub has_logs: bool,
}
