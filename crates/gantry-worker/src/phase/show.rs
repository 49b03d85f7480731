//! The plan's JSON, read from exactly the sealed bytes: in a sandbox of its own, on the clean
//! workspace, without credentials.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use gantry_core::masking::Masks;
use gantry_core::protocol::EnvVar;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::Running;
use crate::child::{self, Command, Launch, Limits, Outcome, Share};
use crate::child_env::{ChildEnv, Exports};
use crate::engine::Binary;
use crate::hooks::PhaseHooks;
use crate::job::{AtWork, Showing};
use crate::plan_json;
use crate::report::Report;
use crate::worker::{Worker, blocking, seconds};
use crate::workspace::Workspace;

/// A larger plan is not shown.
const LARGEST: usize = 256 << 20;

/// Reading may not take longer. Seconds.
const TIME: u64 = 300;

/// What encrypts a plan file decrypts it, too; nothing else of the run's environment is needed.
const NEEDED: &str = "TF_ENCRYPTION";

pub(super) struct Show {
    env: Vec<EnvVar>,
    masks: Masks,
    share: Share,
}

impl Show {
    /// What the phase that made the plan must not show, its JSON must not show either.
    pub(super) fn of(running: &Running) -> Self {
        let needed = running
            .start
            .env
            .iter()
            .filter(|variable| variable.name == NEEDED);
        Show {
            env: needed.cloned().collect(),
            masks: running.env.masks(),
            share: Share {
                output: 2 * LARGEST as u64,
                ..Share::of(&running.start.limits)
            },
        }
    }
}

impl AtWork {
    pub(super) fn show(&self, show: Show) -> Showing {
        let stop = CancellationToken::new();
        let (worker, workspace) = (self.worker.clone(), self.workspace.clone());
        let task = read(
            worker,
            workspace,
            self.tool.clone(),
            self.report.clone(),
            show,
            stop.clone(),
        );
        Showing {
            stop,
            task: tokio::spawn(task.in_current_span()),
        }
    }
}

async fn read(
    worker: Arc<Worker>,
    workspace: Arc<Workspace>,
    tool: Binary,
    report: Report,
    show: Show,
    stop: CancellationToken,
) -> Result<(), String> {
    let view = workspace.show();
    let env = ChildEnv::build(&worker.environment, &show.env, &Exports::default(), &[]);
    let launch = Launch {
        command: Command::Tool {
            arguments: tool.show(&view.plan_file()),
            changes_are_two: false,
        },
        view,
        tool: Some(tool.path.clone()),
        hooks: PhaseHooks::default(),
        environment: env.for_child(),
        steady: &[],
        capture_exports: false,
        limits: Limits {
            wall: seconds(TIME),
            silence: None,
            grace: seconds(1),
            haste: seconds(1),
            share: show.share,
        },
        processes: None,
    };
    let (sender, mut output) = mpsc::channel::<Bytes>(64);
    let collect = async {
        let mut all = Vec::new();
        while let Some(chunk) = output.recv().await {
            if all.len() <= LARGEST {
                all.extend_from_slice(&chunk);
            }
        }
        all
    };
    let (ended, all) = tokio::join!(child::run(&worker.sandbox, launch, sender, stop), collect);
    // Nothing holds the workspace any more.
    drop(workspace);
    if all.len() > LARGEST {
        return Err(format!("its JSON is longer than {LARGEST} bytes"));
    }
    if ended.outcome != (Outcome::Exited { status: 0 }) {
        let words = last_words(&all);
        let said = show.masks.mask(&words);
        return Err(format!(
            "`{} show`: {}: {said}",
            tool.engine.binary(),
            ended.outcome
        ));
    }
    let json = json(&all).ok_or("the tool printed no JSON")?;
    let mask = |text: &str| {
        let masked = show.masks.mask(text);
        matches!(masked, Cow::Owned(_)).then(|| masked.into_owned())
    };
    let masked = blocking(|| plan_json::masked(json, mask)).map_err(|error| error.to_string())?;
    report
        .plan_json(masked.into())
        .await
        .map_err(|error| error.to_string())
}

/// The line that is the plan: warnings may stand before it.
fn json(output: &[u8]) -> Option<&[u8]> {
    output
        .split(|byte| *byte == b'\n')
        .find(|line| line.starts_with(b"{\"format_version\""))
}

fn last_words(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[output.len().saturating_sub(2000)..]).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(4)..].join(" ")
}
