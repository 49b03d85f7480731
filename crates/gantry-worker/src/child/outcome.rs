use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::Limit;
use crate::hooks::HookName;

/// How a child ended, and what is known of its process tree.
pub struct Ended {
    pub outcome: Outcome,
    pub tree: Tree,
    /// What the hooks exported, when the launch asked for it: variables that are new or have another
    /// value than the launch gave them. Reserved and phase-env names are still in it.
    pub exports: Vec<(String, SecretString)>,
}

/// Whether every process of the child is known to be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    Gone,
    /// Without a sandbox a process may have left its session and live on.
    Unknown,
}

/// `Display` is the sentence for the run's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command ended by itself with this status; all hooks succeeded.
    Exited { status: i32 },
    /// A signal that wasn't ours ended the command: out of memory, a crash.
    Killed { signal: i32 },
    /// A hook failed. `command` is the command's status if it ran: then only what comes after failed.
    HookFailed {
        hook: HookName,
        status: i32,
        command: Option<i32>,
    },
    /// The shell ended (`exit`, `exec`, a syntax error) without doing all that follows.
    HookEndedShell {
        hook: Option<HookName>,
        status: i32,
        command: Option<i32>,
    },
    /// Ended because of a stop request.
    Stopped(Ending),
    /// Ended at the wall-clock limit.
    TimeLimit { limit: Duration, ending: Ending },
    /// Ended because it wrote nothing for that long.
    Silence { limit: Duration, ending: Ending },
    /// Ended because it took more of its worker than it may.
    Over { limit: Limit, ending: Ending },
    /// The command never started.
    SpawnFailed { reason: String },
}

/// How a child that we asked to end did so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Within the grace period, with this status of the command (`None`: it hadn't run).
    InOrder { status: Option<i32> },
    /// It had to be killed: what it was doing is unknown.
    Forced,
    /// Nobody asked it to, but what stood in its way ended it.
    Broken,
}

impl Outcome {
    /// How a child ended at a limit before anybody could ask it to: it failed there. What succeeded
    /// all the same did succeed.
    pub(super) fn at(
        self,
        limit: impl FnOnce(Signalled) -> Option<Limit>,
        changes_are_two: bool,
    ) -> Self {
        let ending = match &self {
            Outcome::Exited { status: 0 } => return self,
            Outcome::Exited { status: 2 } if changes_are_two => return self,
            Outcome::Exited { status } => Ending::InOrder {
                status: Some(*status),
            },
            Outcome::Killed { .. }
            | Outcome::HookFailed { .. }
            | Outcome::HookEndedShell { .. }
            | Outcome::SpawnFailed { .. } => Ending::Broken,
            Outcome::Stopped(_)
            | Outcome::TimeLimit { .. }
            | Outcome::Silence { .. }
            | Outcome::Over { .. } => return self,
        };
        let too_long = match &self {
            Outcome::Killed { signal } => *signal == libc::SIGXFSZ,
            Outcome::HookFailed { status, .. } | Outcome::HookEndedShell { status, .. } => {
                *status == 128 + libc::SIGXFSZ
            }
            _ => false,
        };
        match limit(Signalled { too_long }) {
            Some(limit) => Outcome::Over { limit, ending },
            None => self,
        }
    }
}

/// What the way in which a child ended says about limits.
pub(super) struct Signalled {
    /// A file would have become longer than any may be.
    pub too_long: bool,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::InOrder { .. } => f.write_str("it ended in order"),
            Ending::Forced => f.write_str("it did not end in its grace period and was killed"),
            Ending::Broken => f.write_str("its command or a hook did not survive that"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Exited { status } => write!(f, "the command ended with exit status {status}"),
            Outcome::Killed { signal } => {
                write!(f, "the command was killed by signal {signal}")?;
                match *signal {
                    libc::SIGKILL => f.write_str(" (the machine may be out of memory)"),
                    _ => Ok(()),
                }
            }
            Outcome::HookFailed {
                hook,
                status,
                command: None,
            } => {
                write!(
                    f,
                    "{hook} failed with exit status {status}; the command was not started"
                )
            }
            Outcome::HookFailed {
                hook,
                status,
                command: Some(_),
            } => {
                write!(
                    f,
                    "the command succeeded, but {hook} failed with exit status {status}"
                )
            }
            Outcome::HookEndedShell {
                hook: None, status, ..
            } => write!(
                f,
                "a hook ended the shell: no hook was started (exit status {status}); \
                 the hooks may not be valid for sh"
            ),
            Outcome::HookEndedShell {
                hook: Some(hook),
                status,
                command: None,
            } => write!(
                f,
                "a hook ended the shell: {hook} exited with status {status} and the command was not started"
            ),
            Outcome::HookEndedShell {
                hook: Some(hook),
                status,
                command: Some(_),
            } => write!(
                f,
                "a hook ended the shell: the command succeeded, but {hook} exited with status {status} \
                 and what follows it was not started"
            ),
            Outcome::Stopped(ending) => write!(f, "stopped on request; {ending}"),
            Outcome::TimeLimit { limit, ending } => {
                write!(
                    f,
                    "the phase reached its time limit of {}; {ending}",
                    seconds(*limit)
                )
            }
            Outcome::Silence { limit, ending } => {
                write!(
                    f,
                    "the phase reached its silence limit: it wrote nothing for {}; {ending}",
                    seconds(*limit)
                )
            }
            Outcome::Over { limit, ending } => write!(f, "the phase reached {limit}; {ending}"),
            Outcome::SpawnFailed { reason } => {
                write!(f, "the command could not be started: {reason}")
            }
        }
    }
}

fn seconds(limit: Duration) -> String {
    match limit.as_secs() {
        0 => format!("{} ms", limit.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
