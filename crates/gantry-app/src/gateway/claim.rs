use std::sync::Arc;
use std::time::Duration;

use gantry_core::context;
use gantry_core::ids::{RunId, StackId, WorkerId};
use gantry_core::protocol::{Claim, Job, Source, Start, Tool};
use gantry_core::run::transition::Event;
use gantry_core::run::{Lease, Run, RunKind, RunState, SystemLock};
use gantry_core::stack::Stack;
use gantry_store::{run, stack, worker};

use super::{GatewayError, LONGEST_WAIT};
use crate::App;
use crate::run::{Deciding, Denied};

/// How many runs one look considers.
const CANDIDATES: i64 = 16;

/// Labels that begin so name files that plan may add for apply.
const CARRY_LABEL: &str = "gantry:carry:";

enum Taken {
    Job(Box<Job>),
    /// Somebody else has the stack at this very moment.
    Busy,
    Nothing,
}

impl App {
    /// Hands out a run, or waits for one.
    pub async fn run_claim(self: &Arc<Self>, message: &Claim) -> Result<Option<Job>, GatewayError> {
        if !worker::is_known(self.store.reader(), &message.worker).await? {
            return Err(GatewayError::refused(format!(
                "worker {} has not said hello, or another one has taken its place",
                message.worker
            )));
        }
        let wait = Duration::from_millis(message.wait_ms).min(LONGEST_WAIT);
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            if let Some(job) = self.look_for_work(&message.worker).await? {
                return Ok(Some(job));
            }
            let woken = tokio::time::timeout_at(deadline, self.wake.wait_for_work()).await;
            if woken.is_err() {
                return Ok(None);
            }
        }
    }

    async fn look_for_work(
        self: &Arc<Self>,
        worker: &WorkerId,
    ) -> Result<Option<Job>, GatewayError> {
        let candidates = run::claimable(self.store.reader(), CANDIDATES).await?;
        let mut busy = Vec::new();
        for (run, stack) in &candidates {
            match self.take(worker, run, stack, false).await? {
                Taken::Job(job) => {
                    if candidates.len() > 1 {
                        // One wake-up may have stood for several runs.
                        self.wake.work();
                    }
                    return Ok(Some(*job));
                }
                Taken::Busy => busy.push((run, stack)),
                Taken::Nothing => {}
            }
        }
        // Whoever had these stacks may have done something else than take the run.
        for (run, stack) in busy {
            if let Taken::Job(job) = self.take(worker, run, stack, true).await? {
                return Ok(Some(*job));
            }
        }
        Ok(None)
    }

    async fn take(
        self: &Arc<Self>,
        worker: &WorkerId,
        id: &RunId,
        stack: &StackId,
        patient: bool,
    ) -> Result<Taken, GatewayError> {
        let tx = self.store.begin().await?;
        let found = match patient {
            true => stack::find_for_update(&tx, stack).await?,
            false => stack::find_unless_locked(&tx, stack).await?,
        };
        let Some(stack) = found else {
            return Ok(Taken::Busy);
        };
        let Some(mut run) = run::find(tx.reader(), id).await? else {
            return Ok(Taken::Nothing);
        };
        let start = match run.state {
            RunState::Ready => Start::Fresh,
            RunState::Confirmed => Start::Apply,
            RunState::ReplanRequested => Start::Replan,
            _ => return Ok(Taken::Nothing),
        };
        let mut deciding = Deciding::new(self, &tx, stack);
        let url = match self.repository_url(&deciding.stack.settings.source) {
            Ok(url) => url,
            Err(error) => {
                let reason = error.to_string();
                deciding
                    .decide(&mut run, &Event::SystemFailure { reason }, None)
                    .await?;
                let after = deciding.finish().await?;
                tx.commit().await?;
                after.perform(self);
                return Ok(Taken::Nothing);
            }
        };
        match deciding.decide(&mut run, &Event::Claimed, None).await {
            Ok(()) => {}
            Err(Denied::Refused(_)) => return Ok(Taken::Nothing),
            Err(failed) => return Err(failed.into()),
        }
        let Some(fence) = stack::next_fence(&tx, &run.stack).await? else {
            return Ok(Taken::Nothing);
        };
        let until = self.lease_end();
        run::set_lease(&tx, &run.id, worker, fence, until).await?;
        run.fence = fence;
        run.worker = Some(worker.clone());
        run.lease = Some(Lease {
            worker: worker.clone(),
            until,
        });
        let overrides = self.overrides_of(tx.reader(), id).await?;
        let stack = overrides.applied(&deciding.stack);
        let contexts = self.contexts_of(tx.reader(), &[&stack]).await?;
        let contexts = contexts.first().map_or(&[][..], Vec::as_slice);
        let hooks = context::hooks(contexts, &stack.settings.hooks);
        let job = job(&run, &stack, start, url, hooks.after_run);
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        self.runs.ends_at(until);
        let (objects, folder) = (self.objects.clone(), format!("runs/{id}"));
        self.afterwards
            .spawn(async move { objects.expect_folder(&folder).await });
        Ok(Taken::Job(Box::new(job)))
    }
}

fn job(run: &Run, stack: &Stack, start: Start, url: String, after_run: Vec<String>) -> Job {
    let settings = &stack.settings;
    let pinned = run.commit.as_ref().map(|commit| commit.hash.clone());
    let carry = settings.labels.iter();
    Job {
        run: run.id.clone(),
        stack: stack.id.clone(),
        kind: run.kind,
        start,
        fence: run.fence,
        source: Source {
            url,
            branch: run.branch.clone(),
            commit: pinned.or_else(|| run.requested_commit.clone()),
            project_root: settings.source.project_root.clone().unwrap_or_default(),
            sparse_paths: settings.source.sparse_paths.clone(),
        },
        tool: match &run.tool {
            // The stack may have got another version, or another tool, since the plan was made.
            Some(pinned) => Tool {
                engine: pinned.engine,
                version: Some(pinned.version.clone()),
            },
            None => Tool {
                engine: settings.vendor.engine(),
                version: settings.vendor.version().map(str::to_owned),
            },
        },
        workspace: settings.vendor.workspace().map(str::to_owned),
        command: run.command.clone(),
        skip_initialization: run.skip_initialization,
        carry: carry
            .filter_map(|label| label.strip_prefix(CARRY_LABEL).map(str::to_owned))
            .collect(),
        autodeploy: run.kind == RunKind::Tracked && settings.autodeploy,
        after_run,
        errored_state: run.kind == RunKind::Task
            && stack
                .system_lock
                .as_ref()
                .is_some_and(|lock| lock.kind == SystemLock::ErroredState),
        managed_state: stack.manages_state,
        version: run.version,
    }
}
