use std::time::Duration;

use super::*;
use crate::hooks::{HookName, When};

fn reason(phase: Phase, outcome: Outcome, order: Order) -> String {
    match status(phase, &outcome, &order) {
        Err(Failure::Because(reason)) => reason,
        Err(Failure::Stopped) => "STOPPED".into(),
        Err(Failure::Undelivered(_)) => "UNDELIVERED".into(),
        Ok(status) => format!("STATUS {status}"),
    }
}

const IN_ORDER: Ending = Ending::InOrder { status: Some(1) };

#[test]
fn a_stop_ends_a_reading_phase_and_fails_a_writing_one() {
    let stopped = || Outcome::Stopped(IN_ORDER);
    assert_eq!(reason(Phase::Plan, stopped(), Order::Stop), "STOPPED");
    assert_eq!(reason(Phase::Perform, stopped(), Order::Stop), "STOPPED");
    assert_eq!(
        reason(Phase::Apply, stopped(), Order::Stop),
        "interrupted on request during the apply phase; it ended in order, so what it had changed \
         until then is in the state"
    );
    assert!(
        reason(
            Phase::Destroy,
            Outcome::Stopped(Ending::Forced),
            Order::Stop
        )
        .contains("may not")
    );
    let complete = Outcome::Stopped(Ending::InOrder { status: Some(0) });
    assert_eq!(reason(Phase::Apply, complete, Order::Stop), "STATUS 0");
}

#[test]
fn the_end_of_the_worker_is_named() {
    let end = Order::End {
        why: "the server is gone".into(),
    };
    assert_eq!(
        reason(Phase::Plan, Outcome::Stopped(IN_ORDER), end),
        "the worker had to end (the server is gone) during the plan phase; it ended in order"
    );
}

#[test]
fn a_failing_hook_after_apply_says_that_the_state_was_saved() {
    let hook = HookName {
        when: When::After,
        index: 0,
    };
    let outcome = Outcome::HookFailed {
        hook,
        status: 3,
        command: Some(0),
    };
    let said = reason(Phase::Apply, outcome, Order::GoOn);
    assert!(said.ends_with("; the state was saved before"), "{said}");
}

#[test]
fn limits_are_named() {
    let limit = Duration::from_secs(90);
    let outcome = Outcome::Silence {
        limit,
        ending: IN_ORDER,
    };
    let said = reason(Phase::Plan, outcome, Order::GoOn);
    assert_eq!(
        said,
        "the phase reached its silence limit: it wrote nothing for 90 s; it ended in order"
    );
}
