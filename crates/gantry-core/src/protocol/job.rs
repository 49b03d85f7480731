use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commit::Commit;
use crate::engine::{Engine, PinnedTool};
use crate::ids::{RunId, StackId, WorkerId};
use crate::run::RunKind;

/// The first message of a worker, after it has reported what its predecessor left in the spool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    pub worker: WorkerId,
    /// The worker that had this worker's directory before. Whoever holds the directory's lock proves
    /// by saying hello that the process trees of that one are dead.
    #[serde(default)]
    pub predecessor: Option<WorkerId>,
    /// How children are isolated, in words; shown with the worker and in the log of each run.
    pub sandbox: String,
    /// `None`: cloud metadata addresses are out of reach of children. Otherwise the sentence that
    /// says why they are not filtered.
    pub metadata_unfiltered: Option<String>,
    /// Runs that it works on at a time.
    #[serde(default = "one_slot")]
    pub slots: u32,
    /// What else it says of itself, by name: shown with the worker.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

fn one_slot() -> u32 {
    1
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Welcome {
    pub lease_seconds: u64,
    /// The life that the installation lives; a restore from a backup begins another one, in which
    /// no lease of the one before counts.
    #[serde(default)]
    pub epoch: String,
}

/// Who the server takes the caller for; changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    pub protocol: u32,
    /// In words.
    pub caller: String,
}

/// Asks for work and waits for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claim {
    pub worker: WorkerId,
    pub wait_ms: u64,
    /// Set where the answer to the claim before this one was lost: the runs that the worker knows of.
    /// A run that it holds beyond those was in that answer, and is handed out again.
    #[serde(default)]
    pub holding: Option<Vec<RunId>>,
}

/// What came of a claim that found something.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Claimed {
    Run(Box<Job>),
    /// The worker was told to go, and has no run any more: it ends.
    Go,
}

/// A run, or the rest of one, held by lease.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub run: RunId,
    pub stack: StackId,
    pub kind: RunKind,
    pub start: Start,
    /// Names this lease. A later lease of the same stack has a higher number.
    pub fence: i64,
    pub source: Source,
    pub tool: Tool,
    /// Name of the Terraform workspace to select after initialize.
    pub workspace: Option<String>,
    /// A task's command.
    pub command: Option<String>,
    pub skip_initialization: bool,
    /// Globs of files that the plan phase may add for apply, beside the defaults.
    pub carry: Vec<String>,
    /// Whether an applied plan is confirmed by the plan phase itself: the worker then lets the
    /// server start apply at once and reads the plan's JSON beside it.
    pub autodeploy: bool,
    /// Hooks that run at the very end, without cloud credentials.
    pub after_run: Vec<String>,
    /// The stack is locked for an `errored.tfstate` that the server keeps; a task fetches it and
    /// puts it into the project root, where `state push` finds it.
    #[serde(default)]
    pub errored_state: bool,
    /// The server keeps the stack's state, and the variables of each phase say where: the worker
    /// writes the backend that reads them, and checks after initialize that it is in force.
    #[serde(default)]
    pub managed_state: bool,
    /// Log version of the preparing state, for what git and the worker say.
    pub version: i64,
}

/// Where in a run's life the job begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Check out, initialize, and on.
    Fresh,
    /// The plan was confirmed: apply (or destroy) it.
    Apply,
    /// A new plan on the same commit.
    Replan,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// An `https://` URL, or an absolute path below a configured root.
    pub url: String,
    pub branch: String,
    /// The commit the run is pinned to; `None` only before the first `prepared`.
    pub commit: Option<String>,
    /// Relative to the checkout; empty means its top.
    pub project_root: String,
    pub sparse_paths: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tool {
    pub engine: Engine,
    /// A version or a range of them, or `None` for the newest that the worker has. One exact
    /// version once the run has been prepared.
    pub version: Option<String>,
}

/// The checkout and the tool are there; the run is pinned to this commit and to this version of the
/// tool from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prepared {
    pub fence: i64,
    pub commit: Commit,
    pub tool: PinnedTool,
}

/// Renews the lease, and hears of a stop as soon as somebody asks for one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    pub fence: i64,
    pub wait_ms: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// Somebody asked to stop the run: interrupt the child in order.
    pub stop: bool,
}

/// The body of a `409`: the lease is gone, or the message does not fit the run's state. The worker
/// ends the child in order and keeps what it could not report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    pub reason: String,
    /// Of a log that came with a gap: where the server's copy ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_offset: Option<u64>,
}
