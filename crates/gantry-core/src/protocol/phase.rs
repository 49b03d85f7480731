use serde::{Deserialize, Serialize};

use super::{EnvVar, MountedFile, WorkerGrant};
use crate::backend_lock::BackendLock;
use crate::run::Phase;

/// What the worker does next with a run it holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Next {
    /// Start this phase now: credentials inside are minutes old at most.
    Phase(Box<PhaseStart>),
    /// The run waits for a person, or has ended: run `after_run` when `ended`, then release.
    Release {
        ended: bool,
        env: Vec<EnvVar>,
        #[serde(default)]
        files: Vec<MountedFile>,
    },
}

/// A phase, with everything its child gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhaseStart {
    pub phase: Phase,
    /// Names the log of this phase.
    pub version: i64,
    /// In the order of the spec, later wins: computed, contexts, stack, overrides. `${NAME}` in
    /// a value is resolved by the worker.
    pub env: Vec<EnvVar>,
    /// What is mounted while this phase lasts.
    #[serde(default)]
    pub files: Vec<MountedFile>,
    /// What was issued for this phase, and for no other. Wins over everything.
    pub credentials: Vec<EnvVar>,
    /// Roles that the worker assumes itself before the child starts: their credentials join those
    /// above. A worker of a pool alone is given any.
    #[serde(default)]
    pub grants: Vec<WorkerGrant>,
    /// When the credentials end, Unix milliseconds.
    pub credentials_expire: Option<i64>,
    /// Sentences for the top of the phase's log: which identity it uses, or why it has none.
    pub notices: Vec<String>,
    pub before: Vec<String>,
    pub after: Vec<String>,
    /// Init hooks, for an initialisation that has to be repeated inside this phase.
    pub init_before: Vec<String>,
    pub init_after: Vec<String>,
    pub limits: Limits,
}

/// What a phase may take: of time, in seconds, and of the worker, in bytes and numbers. 0 is no
/// limit, of everything but `time` and `grace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub time: u64,
    /// Without a byte of output.
    pub silence: u64,
    /// Between the interrupt and the kill.
    pub grace: u64,
    /// Bytes of its log that are kept: the beginning and the end.
    pub log: u64,
    /// Bytes of all files of the run on the worker's disk.
    pub disk: u64,
    /// How many files these may be.
    pub files: u64,
    /// Bytes of memory of each child, with what it writes to `/tmp` and to its home.
    pub memory: u64,
    /// Processes and threads of each child.
    pub processes: u64,
}

impl Limits {
    /// Where nobody has said anything about what a phase may take.
    pub const MODEST: Limits = Limits {
        time: 600,
        silence: 600,
        grace: 10,
        log: 64 << 20,
        disk: 8 << 30,
        files: 500_000,
        memory: 4 << 30,
        processes: 1024,
    };
}

/// A phase's child has ended and its whole log is with the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhaseFinished {
    pub fence: i64,
    pub phase: Phase,
    pub version: i64,
    pub outcome: PhaseOutcome,
    /// An `errored.tfstate` was found and uploaded.
    pub errored_state: bool,
    /// Why a phase that writes failed: the state is locked in its own backend.
    #[serde(default)]
    pub backend_lock: Option<BackendLock>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PhaseOutcome {
    Succeeded,
    /// A plan with nothing to do.
    NoChanges,
    /// A plan with something to do; its bundle was uploaded.
    Changes,
    /// A sentence for the run's page.
    Failed {
        reason: String,
    },
    /// Ended because somebody asked for it.
    Stopped,
}

/// The worker lets go of a run; before a phase could start when `failed` says why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Released {
    pub fence: i64,
    pub failed: Option<String>,
}
