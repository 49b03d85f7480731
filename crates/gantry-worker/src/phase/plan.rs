use gantry_core::engine::Engine;
use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::{Phase, RunKind};
use tracing::Instrument as _;

use super::child::Wanted;
use super::outcome::status;
use super::show::Show;
use super::{Failure, Running};
use crate::child::Command;
use crate::hooks::PhaseHooks;
use crate::job::{AtWork, Bundle};
use crate::plan_file;
use crate::worker::blocking;
use crate::workspace::{CarriedFile, Carry, Workspace};

/// A larger plan file is refused.
const LARGEST_PLAN: u64 = 256 << 20;

impl AtWork {
    pub(super) async fn plan(&mut self, running: &mut Running) -> Result<PhaseOutcome, Failure> {
        if !self.initialized {
            self.repeat_initialize(running, None).await?;
        }
        let view = blocking(|| self.workspace.plan())?;
        let destroy = self.job.kind == RunKind::Destroy;
        let arguments = self.tool.plan(&view.plan_file(), destroy);
        let wanted = Wanted {
            view,
            command: Command::Tool {
                arguments,
                changes_are_two: true,
            },
            hooks: PhaseHooks {
                before: running.start.before.clone(),
                after: running.start.after.clone(),
            },
            capture_exports: false,
        };
        let ended = self.child(running, wanted).await?;
        match status(Phase::Plan, &ended.outcome, &self.orders.current())? {
            0 => Ok(PhaseOutcome::NoChanges),
            2 => self.changes(running).await,
            other => Err(Failure::Because(format!(
                "`{} plan` failed with exit status {other}",
                self.tool.engine.binary()
            ))),
        }
    }

    /// Checks what plan has left, puts it out of reach, and sends it.
    async fn changes(&mut self, running: &mut Running) -> Result<PhaseOutcome, Failure> {
        let workspace = running.env.workspace();
        let (bundle, carried) = blocking(|| self.seal_plan(workspace))?;
        self.plan = Some(carried);
        let showing = self.show(Show::of(running));
        // Where nobody has to read it first, it is read beside the phase that follows.
        let at_once = self.job.kind == RunKind::Destroy
            || (self.job.kind == RunKind::Tracked && self.job.autodeploy);
        let report = self.report.clone();
        let sending = async move { report.plan(bundle).await };
        running.sending = Some(tokio::spawn(sending.in_current_span()));
        self.showing = Some(showing);
        if !at_once {
            self.shown()
                .await
                .map_err(|reason| Failure::Because(format!("the plan can't be shown: {reason}")))?;
        }
        Ok(PhaseOutcome::Changes)
    }

    /// `chosen`: the Terraform workspace that the phase's environment names.
    fn seal_plan(&self, chosen: Option<&str>) -> Result<(bytes::Bytes, Vec<CarriedFile>), Failure> {
        let workspace: &Workspace = &self.workspace;
        let engine = match self.tool.engine {
            Engine::Terraform => plan_file::Engine::Terraform,
            Engine::OpenTofu => plan_file::Engine::OpenTofu,
        };
        let plan = workspace.take_plan_file(LARGEST_PLAN)?;
        let plan = workspace.check_plan(&plan, engine, chosen)?;
        workspace.put_plan(&plan)?;
        let carry = Carry::new(self.job.carry.iter().map(String::as_str))?;
        let carried = workspace.collect_carried(&carry)?;
        let mut bundle = Bundle {
            plan,
            lock_file: workspace.lock_file()?,
            carried: Vec::new(),
        };
        for file in &carried {
            bundle
                .carried
                .push((file.path.clone(), workspace.read_carried(file)?));
        }
        Ok((bundle.pack()?, carried))
    }
}
