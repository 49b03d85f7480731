use std::sync::Arc;
use std::time::Duration;

use gantry_core::caller::Caller;
use gantry_core::context;
use gantry_core::ids::{RunId, StackId, WorkerId, WorkerPoolId};
use gantry_core::protocol::{Claim, Claimed, Job, Source, Start, Tool};
use gantry_core::run::transition::Event;
use gantry_core::run::{Lease, Run, RunKind, RunState, SystemLock};
use gantry_core::stack::Stack;
use gantry_store::worker::standing::{self, Duty, Standing};
use gantry_store::{Reader, run, stack, worker};

use super::{GatewayError, LONGEST_WAIT};
use crate::run::{Deciding, Denied};
use crate::{App, OpError};

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
    /// Hands out a run, or waits for one; or tells the worker that it is time to go.
    pub async fn run_claim(
        self: &Arc<Self>,
        caller: &Caller,
        message: &Claim,
    ) -> Result<Option<Claimed>, GatewayError> {
        let worker = &message.worker;
        self.expect_bound(caller, worker).await?;
        self.standing(worker).await?;
        self.note_seen(worker).await?;
        if let Some(holding) = &message.holding
            && let Some(job) = self.hand_out_again(worker, holding).await?
        {
            return Ok(Some(Claimed::Run(Box::new(job))));
        }
        let wait = Duration::from_millis(message.wait_ms).min(LONGEST_WAIT);
        let deadline = tokio::time::Instant::now() + wait;
        let mut orders = self.wake.listen_to_workers();
        // A wake-up that this worker makes no use of is somebody else's.
        let mut woken = false;
        loop {
            // An answer could be cut off with the connection, and its run would have a holder that
            // never heard of it.
            if self.wake.is_ending() {
                return Err(OpError::Unavailable("this server is ending".into()).into());
            }
            let Standing { pool, duty, runs } = self.standing(worker).await?;
            let line = self.wake.line(pool.as_ref());
            if duty == Duty::Take && !line.has_idler(runs) {
                let turn = line.turn();
                let found = self.look_for_work(worker, pool.as_ref()).await?;
                turn.done();
                if let Some(job) = found {
                    return Ok(Some(Claimed::Run(Box::new(job))));
                }
            } else if woken {
                self.wake.work(pool.as_ref());
            }
            if duty == Duty::Go && runs == 0 {
                self.has_gone(worker).await?;
                self.say_workers(pool.as_ref()).await;
                return Ok(Some(Claimed::Go));
            }
            let work = async {
                match duty {
                    Duty::Take => line.wait(runs).await,
                    Duty::TakeNothing | Duty::Go => std::future::pending().await,
                }
            };
            woken = tokio::select! {
                () = work => true,
                _ = orders.changed() => false,
                () = self.wake.ended() => false,
                () = tokio::time::sleep_until(deadline) => return Ok(None),
            };
        }
    }

    async fn standing(&self, worker: &WorkerId) -> Result<Standing, GatewayError> {
        let standing = standing::of(self.store.reader(), worker).await?;
        standing.ok_or_else(|| {
            GatewayError::refused(format!(
                "worker {worker} has not said hello, or another one has taken its place"
            ))
        })
    }

    /// A worker that was told to go does when it has no run any more.
    async fn has_gone(&self, worker: &WorkerId) -> Result<(), GatewayError> {
        let tx = self.store.begin().await?;
        worker::set_gone(&tx, worker, self.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(worker.id = %worker, "the worker has no run any more, and goes as it was told");
        Ok(())
    }

    /// A run that this worker holds and does not know of: the answer that carried it was lost.
    async fn hand_out_again(
        &self,
        worker: &WorkerId,
        holding: &[RunId],
    ) -> Result<Option<Job>, GatewayError> {
        let held = run::held_by(self.store.reader(), worker).await?;
        let lost = held.into_iter().find_map(|run| {
            let start = match run.state {
                RunState::Preparing => Start::Fresh,
                RunState::PreparingApply => Start::Apply,
                RunState::PreparingReplan => Start::Replan,
                _ => return None,
            };
            (!holding.contains(&run.id)).then_some((run, start))
        });
        let Some((run, start)) = lost else {
            return Ok(None);
        };
        let Some(stack) = stack::find(self.store.reader(), &run.stack).await? else {
            return Ok(None);
        };
        let Ok(url) = self.repository_url(&stack.settings.source) else {
            return Ok(None);
        };
        let job = self
            .job_of(self.store.reader(), &run, &stack, start, url)
            .await?;
        let tx = self.store.begin().await?;
        let renewed = run::renew(&tx, &run.id, run.fence, self.lease_end()).await?;
        tx.commit().await?;
        tracing::info!(run.id = %run.id, worker.id = %worker, "handed out again: the answer was lost");
        Ok(renewed.then_some(job))
    }

    async fn job_of(
        &self,
        reader: Reader<'_>,
        run: &Run,
        stack: &Stack,
        start: Start,
        url: String,
    ) -> Result<Job, GatewayError> {
        let overrides = self.overrides_of(reader, &run.id).await?;
        let stack = overrides.applied(stack);
        let contexts = self.contexts_of(reader, &[&stack]).await?;
        let contexts = contexts.first().map_or(&[][..], Vec::as_slice);
        let hooks = context::hooks(contexts, &stack.settings.hooks);
        Ok(job(run, &stack, start, url, hooks.after_run))
    }

    async fn look_for_work(
        self: &Arc<Self>,
        worker: &WorkerId,
        pool: Option<&WorkerPoolId>,
    ) -> Result<Option<Job>, GatewayError> {
        let candidates = run::claimable(self.store.reader(), pool, CANDIDATES).await?;
        let mut busy = Vec::new();
        for (run, stack) in &candidates {
            match self.take(worker, run, stack, false).await? {
                Taken::Job(job) => {
                    if candidates.len() > 1 {
                        // One wake-up may have stood for several runs.
                        self.wake.work(pool);
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
        // The stack may have got another pool, and the worker another order, since somebody looked.
        match standing::of(tx.reader(), worker).await? {
            Some(Standing {
                pool,
                duty: Duty::Take,
                ..
            }) if pool == stack.settings.worker_pool => {}
            Some(_) | None => {
                self.wake.work(stack.settings.worker_pool.as_ref());
                return Ok(Taken::Nothing);
            }
        }
        let waited = self.clock.now() - run.updated_at;
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
        let job = self
            .job_of(tx.reader(), &run, &deciding.stack, start, url)
            .await?;
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        self.runs.ends_at(until);
        self.metrics.claims.inc();
        self.metrics
            .claim_wait
            .observe(waited.max(0) as f64 / 1000.0);
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
