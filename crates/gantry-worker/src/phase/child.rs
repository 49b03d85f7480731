mod heard;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gantry_core::protocol::{self, PhaseStart};
use gantry_core::run::Phase;
use gantry_core::utc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(super) use heard::Heard;

use super::{Failure, Running};
use crate::child::{self, Command, Ended, Launch, Limits, Outcome, Share};
use crate::child_env::MANAGED_STATE;
use crate::hooks::PhaseHooks;
use crate::job::AtWork;
use crate::orders::Order;
use crate::spool::Process;
use crate::takeover;
use crate::worker::seconds;
use crate::workspace::View;

/// Chunks of output between the child and its log.
const UNREAD: usize = 64;

/// A child that has to be run.
pub(super) struct Wanted {
    pub view: View,
    pub command: Command,
    pub hooks: PhaseHooks,
    pub capture_exports: bool,
}

impl AtWork {
    /// Runs a child of the phase to its end, and writes what it says into the phase's log.
    pub(super) async fn child(
        &mut self,
        running: &mut Running,
        wanted: Wanted,
    ) -> Result<Ended, Failure> {
        if let Some(failure) = self.not_even_started(running) {
            return Err(failure);
        }
        if running.start.phase.writes() {
            self.worker.metadata_unreachable().await?;
        }
        let limits = running.start.limits;
        let (processes, mut started) = mpsc::unbounded_channel();
        let launch = Launch {
            view: wanted.view.with_files(&running.mounted.beside),
            tool: Some(self.tool.path.clone()),
            command: wanted.command,
            hooks: wanted.hooks,
            environment: running.env.for_child(),
            steady: match self.job.managed_state {
                true => &MANAGED_STATE,
                false => &[],
            },
            capture_exports: wanted.capture_exports,
            limits: Limits {
                wall: running
                    .until
                    .saturating_duration_since(tokio::time::Instant::now()),
                silence: (limits.silence > 0).then(|| seconds(limits.silence)),
                grace: seconds(limits.grace),
                haste: haste(running.start.phase, &limits),
                share: Share::of(&limits),
            },
            processes: Some(processes),
        };
        let (sender, mut output) = mpsc::channel(UNREAD);
        let stop = CancellationToken::new();
        let sandbox = self.worker.sandbox.clone();
        let child = child::run(&sandbox, launch, sender, stop.clone());
        let mut child = std::pin::pin!(child);
        let mut ended = None;
        let mut listening = true;
        let mut expiry = Expiry::of(&running.start);
        while listening || ended.is_none() {
            tokio::select! {
                chunk = output.recv(), if listening => match chunk {
                    Some(chunk) => {
                        running.heard.listen(&chunk);
                        running.log.write(&chunk);
                    }
                    None => listening = false,
                },
                Some(pid) = started.recv() => self.record_process(pid),
                outcome = &mut child, if ended.is_none() => ended = Some(outcome),
                _ = self.orders.interrupted(), if !stop.is_cancelled() => stop.cancel(),
                () = expiry.passed() => {
                    running.log.say(&format!(
                        "WARNING: the credentials of this phase ended at {} while it was still \
                         running; what it asks of the cloud from now on is refused",
                        utc::show(expiry.at)
                    ));
                    expiry.pending = false;
                }
            }
        }
        running.heard.pause();
        match ended {
            Some(mut ended) => {
                // The limit is the whole phase's, of which this child got what was left.
                if let Outcome::TimeLimit { limit, .. } = &mut ended.outcome {
                    *limit = seconds(limits.time);
                }
                Ok(ended)
            }
            None => Err(Failure::Because("the phase's child was lost".into())),
        }
    }

    fn record_process(&mut self, pid: i32) {
        let (Some(phase), Some(started)) = (&mut self.record.phase, takeover::started(pid)) else {
            return;
        };
        phase.processes.push(Process { pid, started });
        if let Err(error) = self.spool.record(&self.record) {
            tracing::warn!(run.id = %self.job.run, %error, "a process can't be recorded");
        }
    }

    fn not_even_started(&self, running: &Running) -> Option<Failure> {
        let phase = running.start.phase;
        match self.orders.current() {
            Order::GoOn => None,
            Order::Stop if phase.writes() => Some(Failure::Because(format!(
                "stopped before the {phase} phase's command began"
            ))),
            Order::Stop => Some(Failure::Stopped),
            Order::End { why } | Order::LeaseLost { why } => Some(Failure::Because(format!(
                "the worker had to end before the {phase} phase's command began: {why}"
            ))),
        }
    }
}

/// What reads has nothing to lose.
fn haste(phase: Phase, limits: &protocol::Limits) -> Duration {
    match phase.writes() {
        true => seconds(limits.grace),
        false => seconds(limits.grace).min(Duration::from_secs(2)),
    }
}

/// The end of the phase's credentials.
struct Expiry {
    at: i64,
    pending: bool,
}

impl Expiry {
    fn of(start: &PhaseStart) -> Self {
        Expiry {
            at: start.credentials_expire.unwrap_or_default(),
            pending: start.credentials_expire.is_some(),
        }
    }

    async fn passed(&self) {
        if !self.pending {
            return std::future::pending().await;
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let left = u64::try_from(self.at).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(left).saturating_sub(now)).await;
    }
}
