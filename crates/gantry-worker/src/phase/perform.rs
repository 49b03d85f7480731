use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::Phase;

use super::child::Wanted;
use super::outcome::status;
use super::{Failure, Running};
use crate::child::Command;
use crate::hooks::PhaseHooks;
use crate::job::AtWork;
use crate::spool::digest;
use crate::worker::blocking;

impl AtWork {
    /// A task: the command as somebody wrote it, by `sh` in the project root.
    pub(super) async fn perform(&mut self, running: &mut Running) -> Result<PhaseOutcome, Failure> {
        let Some(command) = self.job.command.clone() else {
            return Err(Failure::Because("the task has no command".into()));
        };
        self.initialized = false;
        if self.job.errored_state {
            let state = self
                .report
                .kept_state()
                .await
                .map_err(Failure::Undelivered)?;
            // Before it is there: whoever takes over must not think that the task has left it.
            self.record.given_state = Some(digest(&state));
            self.spool.record(&self.record)?;
            blocking(|| self.workspace.put_errored_state(&state))?;
        }
        let wanted = Wanted {
            view: self.workspace.perform(),
            command: Command::Shell(command),
            hooks: PhaseHooks {
                before: running.start.before.clone(),
                after: running.start.after.clone(),
            },
            capture_exports: false,
        };
        let ended = self.child(running, wanted).await?;
        match status(Phase::Perform, &ended.outcome, &self.orders.current())? {
            0 => Ok(PhaseOutcome::Succeeded),
            other => Err(Failure::Because(format!(
                "the task's command failed with exit status {other}"
            ))),
        }
    }
}
