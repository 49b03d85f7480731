use gantry_core::protocol::PhaseOutcome;

use super::child::Wanted;
use super::outcome::status;
use super::{Failure, Running};
use crate::child::Command;
use crate::hooks::PhaseHooks;
use crate::job::{AtWork, Bundle};
use crate::worker::blocking;
use crate::workspace::{CarriedFile, WorkspaceError};

impl AtWork {
    /// Apply and destroy: the saved plan, as it is, on the clean workspace.
    pub(super) async fn apply(&mut self, running: &mut Running) -> Result<PhaseOutcome, Failure> {
        let applied = self.apply_plan(running).await;
        // Whatever happened: what was planned is shown.
        if let Err(reason) = self.shown().await {
            running
                .log
                .say(&format!("The plan's JSON can't be shown: {reason}"));
        }
        applied
    }

    async fn apply_plan(&mut self, running: &mut Running) -> Result<PhaseOutcome, Failure> {
        let carried = match self.plan.take() {
            Some(carried) => carried,
            None => self.fetch_plan(running).await?,
        };
        // The workspace is used up by this.
        self.initialized = false;
        let view = blocking(|| {
            let view = self.workspace.apply(&carried)?;
            // Also in place of what came along with the plan.
            self.workspace.mount(&running.mounted)?;
            Ok::<_, WorkspaceError>(view)
        })?;
        let arguments = self.tool.apply(&view.plan_file());
        let wanted = Wanted {
            view,
            command: Command::Tool {
                arguments,
                changes_are_two: false,
            },
            hooks: PhaseHooks {
                before: running.start.before.clone(),
                after: running.start.after.clone(),
            },
            capture_exports: false,
        };
        let ended = self.child(running, wanted).await?;
        let phase = running.start.phase;
        match status(phase, &ended.outcome, &self.orders.current())? {
            0 => Ok(PhaseOutcome::Succeeded),
            _ if running.heard.stale() => Err(Failure::Because(
                "the state has changed since this plan, so it was not applied: trigger a new run"
                    .into(),
            )),
            other => Err(Failure::Because(format!(
                "`{} apply` failed with exit status {other}",
                self.tool.engine.binary()
            ))),
        }
    }

    /// Takes up a plan of an earlier lease, and initializes where the clean workspace is gone.
    async fn fetch_plan(&mut self, running: &mut Running) -> Result<Vec<CarriedFile>, Failure> {
        let sealed = self
            .report
            .saved_plan()
            .await
            .map_err(Failure::Undelivered)?;
        let bundle = Bundle::unpack(&sealed)?;
        if !self.initialized {
            self.repeat_initialize(running, bundle.lock_file.as_deref())
                .await?;
        }
        blocking(|| {
            self.workspace.put_plan(&bundle.plan)?;
            let carried = bundle.carried.iter();
            let carried = carried.map(|(path, content)| (path.as_path(), content.as_slice()));
            Ok(self.workspace.put_carried(carried)?)
        })
    }
}
