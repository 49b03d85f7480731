use std::sync::Arc;

use gantry_core::caller::Caller;
use gantry_core::ids::RunId;
use gantry_core::protocol::{self, Next, PhaseFinished};
use gantry_core::run::transition::{Event, PhaseOutcome};
use gantry_core::run::{Phase, Run, RunDelta};
use gantry_store::{StoreError, Tx, run};

use super::{GatewayError, backend_lock, leased};
use crate::App;

/// What a report means for the run as it stands.
enum Report {
    /// It ends the phase that is at work.
    Fresh,
    /// It came before, and its answer was lost.
    Repeated,
    /// The run has ended meanwhile: somebody stopped it, or its worker was counted as lost.
    TooLate,
    Odd,
}

impl App {
    /// A phase's child has ended. Where the same worker goes on, the answer holds the next phase's
    /// credentials.
    pub async fn run_phase_finished(
        self: &Arc<Self>,
        caller: &Caller,
        id: &RunId,
        message: &PhaseFinished,
    ) -> Result<Next, GatewayError> {
        let found = self.held_run(caller, id, message.fence).await?;
        let tx = self.store.begin().await?;
        let mut deciding = self.deciding(&tx, &found.stack).await?;
        let mut run = leased(tx.reader(), id, message.fence).await?;
        let errored_state = message.errored_state && run.kind.holds_stack();
        match report(&run, message) {
            Report::Fresh => {
                let mut outcome = outcome(&run, message);
                if let (PhaseOutcome::Failed { reason }, Some(lock)) =
                    (&mut outcome, &message.backend_lock)
                    && let Some(left) = backend_lock::trace(&deciding, lock).await?
                {
                    reason.push_str(&left);
                }
                let event = Event::PhaseFinished {
                    phase: message.phase,
                    outcome,
                    errored_state,
                };
                deciding.decide(&mut run, &event, None).await?;
                if run.state.is_terminal() {
                    heard(&tx, &mut run).await?;
                }
                if message.outcome == protocol::PhaseOutcome::NoChanges && run.delta.is_none() {
                    let nothing = RunDelta::default();
                    run::set_delta(&tx, id, &nothing).await?;
                }
            }
            Report::Repeated => {}
            Report::TooLate => {
                heard(&tx, &mut run).await?;
                // A report is proof that the child is dead.
                let lock = deciding.stack.system_lock.as_ref();
                if lock.is_some_and(|lock| lock.run == *id) {
                    deciding.lift_lost_worker().await?;
                }
                if errored_state {
                    deciding.lock_for_errored_state(&run).await?;
                }
            }
            Report::Odd => {
                return Err(GatewayError::refused(format!(
                    "run {id} is {} in version {}, and can't end its {} phase of version {}",
                    run.state, run.version, message.phase, message.version
                )));
            }
        }
        let opening = match run.state.phase() {
            Some(phase) => self.open_phase(&mut deciding, &mut run, phase).await?,
            None => None,
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
}

/// A stop that was asked for was heard: further heartbeats are held back again, and nothing more is
/// awaited of the log.
async fn heard(tx: &Tx, run: &mut Run) -> Result<(), StoreError> {
    if run.stop_requested {
        run.stop_requested = false;
        run::save(tx, run, run.version).await?;
    }
    Ok(())
}

fn report(run: &Run, message: &PhaseFinished) -> Report {
    if run.state == message.phase.state() && run.version == message.version {
        Report::Fresh
    } else if run.state.is_terminal() {
        Report::TooLate
    } else if run.version == message.version + 1 {
        Report::Repeated
    } else {
        Report::Odd
    }
}

fn outcome(run: &Run, message: &PhaseFinished) -> PhaseOutcome {
    match &message.outcome {
        protocol::PhaseOutcome::Succeeded => PhaseOutcome::Succeeded,
        protocol::PhaseOutcome::NoChanges => PhaseOutcome::NoChanges,
        // Only what was stored can be applied.
        protocol::PhaseOutcome::Changes
            if message.phase == Phase::Plan
                && run.kind.holds_stack()
                && run.plan_object.is_none() =>
        {
            PhaseOutcome::Failed {
                reason: "the plan did not reach the server".into(),
            }
        }
        protocol::PhaseOutcome::Changes => PhaseOutcome::Changes,
        protocol::PhaseOutcome::Failed { reason } => PhaseOutcome::Failed {
            reason: reason.clone(),
        },
        protocol::PhaseOutcome::Stopped => PhaseOutcome::Failed {
            reason: if run.stop_requested {
                "the command was interrupted and has ended".into()
            } else {
                "the worker ended the command, since it had to end itself".into()
            },
        },
    }
}
