//! What a worker asks for and reports ([`gantry_core::protocol`]).
//!
//! Every message names the fence of the lease it was given under. One with an older number is
//! refused, whatever it says; one that came before is answered as it was, or as things stand now.

mod backend_lock;
pub(crate) mod caller;
mod claim;
mod finished;
mod hello;
mod issued;

use std::sync::Arc;
use std::time::Duration;

use gantry_core::caller::Caller;
use gantry_core::commit::Commit;
use gantry_core::ids::RunId;
use gantry_core::protocol::{Heartbeat, HeartbeatAnswer, Next, Prepared, Released};
use gantry_core::run::transition::Event;
use gantry_core::run::{Phase, Run, RunKind, RunState};
use gantry_core::stack::Stack;
use gantry_store::{Reader, StoreError, Tx, run, stack};

use crate::run::{Deciding, Denied};
use crate::{App, OpError};

pub use caller::NoCaller;

/// No request is held back for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why a worker's message had no effect.
#[derive(Debug)]
pub enum GatewayError {
    /// The lease is gone, or the message does not fit the run's state.
    Refused {
        reason: String,
        /// Of a log that came with a gap.
        expected_offset: Option<u64>,
    },
    /// The message itself can't be read.
    Malformed(String),
    /// Our fault; the same message may be understood later.
    Failed(OpError),
}

impl GatewayError {
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        GatewayError::Refused {
            reason: reason.into(),
            expected_offset: None,
        }
    }

    pub(crate) fn stale(run: &RunId, fence: i64) -> Self {
        Self::refused(format!("the lease {fence} of run {run} is not the newest"))
    }
}

impl From<OpError> for GatewayError {
    fn from(error: OpError) -> Self {
        GatewayError::Failed(error)
    }
}

impl From<gantry_store::StoreError> for GatewayError {
    fn from(error: gantry_store::StoreError) -> Self {
        GatewayError::Failed(error.into())
    }
}

impl From<Denied> for GatewayError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(reason) => GatewayError::refused(reason),
            Denied::Failed(error) => GatewayError::Failed(error),
        }
    }
}

impl App {
    /// The run, if `fence` is that of its newest lease, and a worker of this caller has or had it.
    pub(crate) async fn held_run(
        &self,
        caller: &Caller,
        id: &RunId,
        fence: i64,
    ) -> Result<Run, GatewayError> {
        let found = run::find(self.store.reader(), id).await?;
        if let Some(run) = &found {
            name_stack(run);
        }
        let run = check_lease(found, id, fence)?;
        self.expect_own(caller, &run).await?;
        Ok(run)
    }

    /// Locks a stack for decisions about its runs.
    pub(crate) async fn deciding<'a>(
        &'a self,
        tx: &'a Tx,
        id: &gantry_core::ids::StackId,
    ) -> Result<Deciding<'a>, GatewayError> {
        let stack = stack::find_for_update(tx, id).await?;
        let stack = stack.ok_or_else(|| GatewayError::refused(format!("stack {id} is gone")))?;
        Ok(Deciding::new(self, tx, stack))
    }

    /// Renews the lease, and waits for somebody to ask for a stop.
    pub async fn run_heartbeat(
        &self,
        caller: &Caller,
        id: &RunId,
        message: &Heartbeat,
    ) -> Result<HeartbeatAnswer, GatewayError> {
        let held = self.held_run(caller, id, message.fence).await?;
        if let Some(worker) = &held.worker {
            self.note_seen(worker).await?;
        }
        let wait = Duration::from_millis(message.wait_ms).min(LONGEST_WAIT);
        let mut changes = self.wake.listen();
        let until = self.lease_end() + wait.as_millis() as i64;
        let tx = self.store.begin().await?;
        let renewed = run::renew(&tx, id, message.fence, until).await?;
        tx.commit().await?;
        if !renewed {
            return Err(GatewayError::stale(id, message.fence));
        }
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let run = leased(self.store.reader(), id, message.fence).await?;
            self.expect_own(caller, &run).await?;
            if run.lease.is_none() {
                return Err(GatewayError::stale(id, message.fence));
            }
            if run.stop_requested {
                return Ok(HeartbeatAnswer { stop: true });
            }
            let changed = changes.changed(id);
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Ok(HeartbeatAnswer { stop: false });
            }
        }
    }

    /// The checkout is there: pins the run to its commit and starts the phase that comes first.
    pub async fn run_prepared(
        self: &Arc<Self>,
        caller: &Caller,
        id: &RunId,
        message: &Prepared,
    ) -> Result<Next, GatewayError> {
        let found = self.held_run(caller, id, message.fence).await?;
        let tx = self.store.begin().await?;
        let mut deciding = self.deciding(&tx, &found.stack).await?;
        let mut run = leased(tx.reader(), id, message.fence).await?;
        if run.state.is_terminal() {
            return self.let_go(&run, &deciding.stack).await;
        }
        let Some(phase) = first_phase(&run) else {
            return Err(GatewayError::refused(format!(
                "run {id} is {} and was prepared long ago",
                run.state
            )));
        };
        if let Err(reason) = pin(&mut run, message) {
            let event = Event::SystemFailure { reason };
            deciding.death_proven = true;
            deciding.decide(&mut run, &event, None).await?;
        } else if run.state == RunState::Preparing && run.requested_commit.is_none() {
            match run.kind {
                RunKind::Proposed => crate::run::supersede_older(&mut deciding, &run).await?,
                RunKind::Tracked | RunKind::Task | RunKind::Destroy => {
                    note_head(&tx, &deciding.stack, &message.commit).await?;
                }
            }
        }
        let opening = if run.state.is_terminal() {
            None
        } else {
            self.open_phase(&mut deciding, &mut run, phase).await?
        };
        let stack = deciding.stack.clone();
        let after = deciding.finish().await?;
        tx.commit().await?;
        after.perform(self);
        match opening {
            Some(opening) => self.start_phase(opening).await,
            None => self.let_go(&run, &stack).await,
        }
    }

    /// The worker lets go of a run, which may have ended.
    pub async fn run_released(
        self: &Arc<Self>,
        caller: &Caller,
        id: &RunId,
        message: &Released,
    ) -> Result<(), GatewayError> {
        // The run may be gone with its stack: a destroy run is.
        let Some(found) = run::find(self.store.reader(), id).await? else {
            self.runs.tails.forget(id);
            return Ok(());
        };
        name_stack(&found);
        if found.fence != message.fence {
            return Err(GatewayError::stale(id, message.fence));
        }
        self.expect_own(caller, &found).await?;
        // Whoever lets go says that nothing of the run is at work any more.
        let reason = match &message.failed {
            Some(reason) => reason.clone(),
            None => "the worker let go of the run before it had ended".into(),
        };
        let event = Event::SystemFailure { reason };
        self.end_lease(&found, event, true).await
    }

    /// Ends a lease. If its run is at work, `event` is what that means for it.
    pub(crate) async fn end_lease(
        self: &Arc<Self>,
        found: &Run,
        event: Event,
        death_proven: bool,
    ) -> Result<(), GatewayError> {
        let id = &found.id;
        let logs = self.seal_logs(id).await?;
        let tx = self.store.begin().await?;
        let mut deciding = self.deciding(&tx, &found.stack).await?;
        deciding.death_proven = death_proven;
        let mut run = leased(tx.reader(), id, found.fence).await?;
        self.record_logs(&tx, id, &logs).await?;
        // It may have been renewed since somebody found it ended.
        let renewed = !death_proven
            && run
                .lease
                .as_ref()
                .is_some_and(|lease| self.lease_holds(lease.until));
        if !renewed {
            let lock = deciding.stack.system_lock.as_ref();
            if death_proven && lock.is_some_and(|lock| lock.run == *id) {
                deciding.lift_lost_worker().await?;
            }
            if run.lease.is_some() && is_at_work(run.state) {
                tracing::warn!(run.id = %id, stack.slug = %run.stack, ?event, "the lease of a run at work has ended");
                deciding.decide(&mut run, &event, None).await?;
            }
            run::end_lease(&tx, id, run.fence).await?;
        }
        let after = deciding.finish().await?;
        tx.commit().await?;
        self.forget_logs(id, logs);
        after.perform(self);
        Ok(())
    }
}

/// Reads a run whose newest lease has the number `fence`.
pub(crate) async fn leased(
    reader: Reader<'_>,
    id: &RunId,
    fence: i64,
) -> Result<Run, GatewayError> {
    check_lease(run::find(reader, id).await?, id, fence)
}

/// Of the run that a message is about: once, since it is written as often as it is said.
fn name_stack(run: &Run) {
    tracing::Span::current().record("stack.slug", run.stack.as_str());
}

pub(crate) fn check_lease(found: Option<Run>, id: &RunId, fence: i64) -> Result<Run, GatewayError> {
    let run = found.ok_or_else(|| GatewayError::refused(format!("run {id} is gone")))?;
    if run.fence == fence && run.worker.is_some() {
        Ok(run)
    } else {
        Err(GatewayError::stale(id, fence))
    }
}

/// The phase that begins when the checkout is there; also when that was said before, and the answer
/// was lost.
fn first_phase(run: &Run) -> Option<Phase> {
    match run.state {
        RunState::Preparing if run.kind == RunKind::Task && run.skip_initialization => {
            Some(Phase::Perform)
        }
        RunState::Preparing | RunState::Initializing => Some(Phase::Initialize),
        RunState::PreparingReplan | RunState::Planning => Some(Phase::Plan),
        RunState::PreparingApply | RunState::Applying => Some(Phase::Apply),
        RunState::Performing if run.skip_initialization => Some(Phase::Perform),
        _ => None,
    }
}

/// What was approved is what is applied: a run never changes its commit, nor its tool.
fn pin(run: &mut Run, message: &Prepared) -> Result<(), String> {
    let hash = &message.commit.hash;
    let wanted = run.commit.as_ref().map(|commit| &commit.hash);
    match wanted.or(run.requested_commit.as_ref()) {
        Some(wanted) if wanted != hash => {
            return Err(format!(
                "the checkout is at commit {hash}, and the run is pinned to {wanted}"
            ));
        }
        Some(_) | None => {}
    }
    match &run.tool {
        Some(pinned) if *pinned != message.tool => {
            return Err(format!(
                "the worker has {}, and the run is pinned to {pinned}",
                message.tool
            ));
        }
        Some(_) => {}
        None => run.tool = Some(message.tool.clone()),
    }
    if run.title.is_none() {
        run.title = message.commit.message.lines().next().map(str::to_owned);
    }
    if run.commit.is_none() {
        run.commit = Some(message.commit.clone());
    }
    Ok(())
}

/// Whether a worker has to do with a run in this state.
pub(crate) fn is_at_work(state: RunState) -> bool {
    state.phase().is_some()
        || matches!(
            state,
            RunState::Preparing | RunState::PreparingApply | RunState::PreparingReplan
        )
}

/// A run on the head of the branch has seen what the head is.
async fn note_head(tx: &Tx, stack: &Stack, head: &Commit) -> Result<(), StoreError> {
    if stack.pinned_commit().is_none() && stack.tracked_commit.as_ref() != Some(head) {
        stack::set_tracked_commit(tx, &stack.id, Some(head), None).await?;
    }
    Ok(())
}
