use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::Phase;

use super::child::Wanted;
use super::outcome::status;
use super::{Failure, Running};
use crate::child::Command;
use crate::child_env::Exports;
use crate::hooks::PhaseHooks;
use crate::job::AtWork;
use crate::worker::blocking;

impl AtWork {
    pub(super) async fn initialize(
        &mut self,
        running: &mut Running,
    ) -> Result<PhaseOutcome, Failure> {
        let hooks = PhaseHooks {
            before: running.start.before.clone(),
            after: running.start.after.clone(),
        };
        self.init(running, hooks).await?;
        Ok(PhaseOutcome::Succeeded)
    }

    /// The initialisation that has to be repeated inside plan or apply, because the clean workspace
    /// is gone: with that phase's credentials, and with the init hooks again.
    pub(super) async fn repeat_initialize(
        &mut self,
        running: &mut Running,
        lock_file: Option<&[u8]>,
    ) -> Result<(), Failure> {
        running
            .log
            .say("The workspace of this run is gone from the worker: initializing again");
        if let Some(lock_file) = lock_file {
            blocking(|| self.workspace.put_lock_file(lock_file))?;
        }
        let hooks = PhaseHooks {
            before: running.start.init_before.clone(),
            after: running.start.init_after.clone(),
        };
        self.init(running, hooks)
            .await
            .map_err(|failure| match failure {
                Failure::Because(reason) => {
                    Failure::Because(format!("the repeated initialisation failed: {reason}"))
                }
                other => other,
            })?;
        running.env = self.environment(&running.start);
        Ok(())
    }

    async fn init(&mut self, running: &mut Running, hooks: PhaseHooks) -> Result<(), Failure> {
        let command = match self.job.workspace.as_deref() {
            None => Command::Tool {
                arguments: self.tool.init(),
                changes_are_two: false,
            },
            Some(name) => Command::Shell(self.tool.init_and_select(name)),
        };
        let wanted = Wanted {
            view: self.workspace.initialize(),
            command,
            hooks,
            capture_exports: true,
        };
        let ended = self.child(running, wanted).await?;
        match status(Phase::Initialize, &ended.outcome, &self.orders.current())? {
            0 => {}
            other => {
                return Err(Failure::Because(format!(
                    "`{} init` failed with exit status {other}",
                    self.tool.engine.binary()
                )));
            }
        }
        let managed = self.job.managed_state;
        self.exports
            .extend(Exports::capture(&running.env, ended.exports, managed));
        blocking(|| self.workspace.seal())?;
        if managed {
            blocking(|| self.workspace.check_managed_state())?;
        }
        self.initialized = true;
        Ok(())
    }
}
