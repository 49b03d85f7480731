//! From how a child ended to what is said of its phase.

use gantry_core::run::Phase;

use super::Failure;
use crate::child::{Ending, Outcome};
use crate::orders::Order;

/// The exit status of a command that ended by itself, with all hooks; otherwise why not.
pub(super) fn status(phase: Phase, outcome: &Outcome, order: &Order) -> Result<i32, Failure> {
    match outcome {
        Outcome::Exited { status } => Ok(*status),
        Outcome::Stopped(ending) => stopped(phase, *ending, order),
        Outcome::HookFailed {
            command: Some(_), ..
        }
        | Outcome::HookEndedShell {
            command: Some(_), ..
        } if matches!(phase, Phase::Apply | Phase::Destroy) => Err(Failure::Because(format!(
            "{outcome}; the state was saved before"
        ))),
        Outcome::TimeLimit { ending, .. }
        | Outcome::Silence { ending, .. }
        | Outcome::Over { ending, .. } => Err(Failure::Because(format!(
            "{outcome}{}",
            known(phase, *ending)
        ))),
        Outcome::Killed { .. } if phase.writes() => Err(Failure::Because(format!(
            "{outcome}{}",
            known(phase, Ending::Forced)
        ))),
        _ => Err(Failure::Because(outcome.to_string())),
    }
}

fn stopped(phase: Phase, ending: Ending, order: &Order) -> Result<i32, Failure> {
    // What was complete before the interrupt reached it is complete.
    if let (true, Ending::InOrder { status: Some(0) }) = (phase.writes(), ending) {
        return Ok(0);
    }
    let why = match order {
        Order::End { why } => format!("the worker had to end ({why})"),
        Order::LeaseLost { why } => format!("the worker lost the run ({why})"),
        Order::GoOn | Order::Stop if matches!(phase, Phase::Apply | Phase::Destroy) => {
            "interrupted on request".into()
        }
        Order::GoOn | Order::Stop => return Err(Failure::Stopped),
    };
    let known = known(phase, ending);
    Err(Failure::Because(format!(
        "{why} during the {phase} phase; {ending}{known}"
    )))
}

/// What can be said about the state after an interrupted write phase.
fn known(phase: Phase, ending: Ending) -> &'static str {
    match (phase, ending) {
        (Phase::Apply | Phase::Destroy, Ending::InOrder { status: Some(_) }) => {
            ", so what it had changed until then is in the state"
        }
        (Phase::Apply | Phase::Destroy, Ending::InOrder { status: None }) => {
            ", and the command had not begun"
        }
        (Phase::Apply | Phase::Destroy, Ending::Forced | Ending::Broken) => {
            ", so the state may not know of its last changes: compare it with a new plan, and see \
             whether its lock is still held"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests;
