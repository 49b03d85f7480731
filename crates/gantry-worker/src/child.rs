//! One phase's child: started in the sandbox, supervised to its certain end.
//!
//! [`run`] returns when the child and everything it started are gone. In the sandbox that is
//! knowledge, not hope: the first process of the child's pid namespace is watched through a pidfd, and
//! the kernel reports its end only after the last process of the namespace has been reaped.
//!
//! A stop and every limit end a child the same way: SIGINT to the tool, exactly once
//! (a second one makes Terraform give up without saving), a grace period, SIGTERM, SIGKILL for all.
//! The signal goes to the tool alone, not to its providers; where the command is a shell (a task) or a
//! hook is running, everything below it gets the signal once, as from a terminal's ^C.

mod arguments;
mod end;
mod exports;
mod limit;
mod outcome;
mod output;
mod process_tree;
mod supervise;
mod usage;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use limit::{Limit, Share, Size};
pub use outcome::{Ended, Ending, Outcome, Tree};

use crate::hooks::PhaseHooks;
use crate::sandbox::{Sandbox, SandboxError};
use crate::workspace::View;

/// What a phase does between its hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The engine, `Launch::tool`, with arguments. `changes_are_two`: exit status 2 is success too
    /// (`plan -detailed-exitcode`).
    Tool {
        arguments: Vec<String>,
        changes_are_two: bool,
    },
    /// A task: text for `sh`.
    Shell(String),
    /// Only the hooks (`after_run`).
    Nothing,
    /// A program of the system by its absolute path: probes.
    Program(Vec<String>),
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the whole child, hooks included.
    pub wall: Duration,
    /// The longest time without output; `None`: any.
    pub silence: Option<Duration>,
    /// Between SIGINT and SIGTERM.
    pub grace: Duration,
    /// The same for a child that takes more than its share, and so is a burden to others meanwhile.
    pub haste: Duration,
    pub share: Share,
}

pub struct Launch {
    pub view: View,
    /// The engine's executable on the host; it is first on the child's `PATH`.
    pub tool: Option<PathBuf>,
    pub command: Command,
    pub hooks: PhaseHooks,
    /// The whole environment, except `PATH` and `HOME` (and `TMPDIR` without a sandbox), which the
    /// sandbox sets. Later entries win.
    pub environment: Vec<(String, SecretString)>,
    /// Names of variables that reach the command as they stand in `environment`, or not at all,
    /// whatever a hook exports.
    pub steady: &'static [&'static str],
    /// Report what hooks exported, for later phases (initialize). Costs nothing without hooks.
    pub capture_exports: bool,
    pub limits: Limits,
    /// Hears the numbers of the child's outermost process and of the first one inside, for a
    /// successor that has to know whether they are dead.
    pub processes: Option<mpsc::UnboundedSender<i32>>,
}

impl Launch {
    pub(crate) fn probe(program: impl IntoIterator<Item = String>) -> Self {
        Self {
            view: View::empty(),
            tool: None,
            command: Command::Program(program.into_iter().collect()),
            hooks: PhaseHooks::default(),
            environment: Vec::new(),
            steady: &[],
            capture_exports: false,
            limits: Limits {
                wall: Duration::from_secs(10),
                silence: None,
                grace: Duration::from_millis(100),
                haste: Duration::from_millis(100),
                share: Share::default(),
            },
            processes: None,
        }
    }
}

/// Runs one child to its end. `output` receives both outputs as they come, unmasked; a receiver that
/// doesn't read holds the child back, one that is gone doesn't. Cancel `stop` to end it in order.
pub async fn run(
    sandbox: &Sandbox,
    launch: Launch,
    output: mpsc::Sender<Bytes>,
    stop: CancellationToken,
) -> Ended {
    match supervise::supervise(sandbox, launch, output, stop).await {
        Ok(ended) => ended,
        Err(error) => Ended {
            outcome: Outcome::SpawnFailed {
                reason: error.to_string(),
            },
            tree: Tree::Gone,
            exports: Vec::new(),
        },
    }
}

pub(crate) struct Captured {
    pub success: bool,
    pub output: String,
}

/// Runs a short child and keeps what it said.
pub(crate) async fn capture(
    sandbox: &Sandbox,
    mut launch: Launch,
    wall: Duration,
) -> Result<Captured, SandboxError> {
    const LONGEST: usize = 64 << 10;
    launch.limits.wall = wall;
    let user = sandbox.take_user();
    if launch.view.uid.is_none() {
        launch.view.uid = user.as_ref().and_then(|user| user.uid());
    }
    let (sender, mut receiver) = mpsc::channel::<Bytes>(16);
    let reading = async {
        let mut text = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            let room = LONGEST.saturating_sub(text.len()).min(chunk.len());
            text.extend_from_slice(&chunk[..room]);
        }
        text
    };
    let (ended, text) = tokio::join!(
        supervise::supervise(sandbox, launch, sender, CancellationToken::new()),
        reading
    );
    let ended = ended?;
    let mut output = String::from_utf8_lossy(&text).into_owned();
    if output.trim().is_empty() && !matches!(ended.outcome, Outcome::Exited { .. }) {
        output = ended.outcome.to_string();
    }
    Ok(Captured {
        success: matches!(ended.outcome, Outcome::Exited { status: 0 }),
        output,
    })
}

type Argv = Vec<OsString>;
