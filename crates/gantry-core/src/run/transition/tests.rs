use std::collections::HashSet;

use super::*;
use crate::ids::RunId;
use crate::run::Effect::*;

fn run(kind: RunKind, state: RunState) -> RunFacts {
    RunFacts {
        state,
        ..RunFacts::new(RunId::new("01RUN"), kind, "alice")
    }
}

fn started(phase: Phase) -> Event {
    Event::PhaseStarted { phase }
}

fn finished(phase: Phase, outcome: PhaseOutcome) -> Event {
    Event::PhaseFinished {
        phase,
        outcome,
        errored_state: false,
    }
}

fn failed(phase: Phase) -> Event {
    finished(
        phase,
        PhaseOutcome::Failed {
            reason: "exit status 1".into(),
        },
    )
}

fn confirm_by(by: &str) -> Event {
    Event::Confirm { by: by.into() }
}

fn stop() -> Event {
    Event::Stop {
        by: "alice".into(),
        note: None,
    }
}

fn lost() -> Event {
    Event::WorkerLost {
        reason: "the worker was lost".into(),
    }
}

/// Walks from QUEUED and returns the states on the way, what a transition keeps included.
fn walk(mut facts: RunFacts, events: &[Event]) -> Vec<RunState> {
    let mut states = vec![facts.state];
    for event in events {
        facts.state = transition(&facts, event)
            .unwrap_or_else(|refused| panic!("{refused}"))
            .next;
        states.push(facts.state);
    }
    states.dedup();
    states
}

fn up_to_the_plan() -> Vec<Event> {
    vec![
        Event::Ready,
        Event::Claimed,
        started(Phase::Initialize),
        finished(Phase::Initialize, PhaseOutcome::Succeeded),
        started(Phase::Plan),
    ]
}

fn with(mut events: Vec<Event>, more: &[Event]) -> Vec<Event> {
    events.extend_from_slice(more);
    events
}

#[test]
fn a_proposed_run_ends_with_its_plan() {
    for outcome in [PhaseOutcome::Changes, PhaseOutcome::NoChanges] {
        let events = with(up_to_the_plan(), &[finished(Phase::Plan, outcome)]);
        assert_eq!(
            walk(run(RunKind::Proposed, Queued), &events),
            [Queued, Ready, Preparing, Initializing, Planning, Finished]
        );
    }
}

#[test]
fn a_tracked_run_waits_for_a_human() {
    let events = with(
        up_to_the_plan(),
        &[
            finished(Phase::Plan, PhaseOutcome::Changes),
            confirm_by("bob"),
            Event::Claimed,
            started(Phase::Apply),
            finished(Phase::Apply, PhaseOutcome::Succeeded),
        ],
    );
    assert_eq!(
        walk(run(RunKind::Tracked, Queued), &events),
        [
            Queued,
            Ready,
            Preparing,
            Initializing,
            Planning,
            Unconfirmed,
            Confirmed,
            PreparingApply,
            Applying,
            Finished
        ]
    );
}

#[test]
fn a_plan_without_changes_ends_a_tracked_and_a_destroy_run() {
    for kind in [RunKind::Tracked, RunKind::Destroy] {
        let events = with(
            up_to_the_plan(),
            &[finished(Phase::Plan, PhaseOutcome::NoChanges)],
        );
        assert_eq!(walk(run(kind, Queued), &events).last(), Some(&Finished));
    }
}

#[test]
fn a_plan_of_an_autodeployed_run_goes_on_to_apply() {
    let facts = RunFacts {
        autodeploy: true,
        ..run(RunKind::Tracked, Queued)
    };
    let events = with(
        up_to_the_plan(),
        &[
            finished(Phase::Plan, PhaseOutcome::Changes),
            started(Phase::Apply),
            finished(Phase::Apply, PhaseOutcome::Succeeded),
        ],
    );
    assert_eq!(
        walk(facts, &events),
        [
            Queued,
            Ready,
            Preparing,
            Initializing,
            Planning,
            Applying,
            Finished
        ]
    );
}

#[test]
fn a_plan_of_an_autodeployed_run_pauses_under_a_users_lock() {
    for holder in ["alice", "bob"] {
        let mut facts = RunFacts {
            autodeploy: true,
            ..run(RunKind::Tracked, Planning)
        };
        facts.stack.user_lock = Some(holder.into());
        let answer = transition(&facts, &finished(Phase::Plan, PhaseOutcome::Changes)).unwrap();
        assert_eq!(answer.next, Unconfirmed);
        assert!(answer.note.unwrap().contains(holder));
    }
}

#[test]
fn a_plan_of_a_destroy_run_is_destroyed_without_confirmation() {
    let events = with(
        up_to_the_plan(),
        &[
            finished(Phase::Plan, PhaseOutcome::Changes),
            started(Phase::Destroy),
            finished(Phase::Destroy, PhaseOutcome::Succeeded),
        ],
    );
    assert_eq!(
        walk(run(RunKind::Destroy, Queued), &events),
        [
            Queued,
            Ready,
            Preparing,
            Initializing,
            Planning,
            Destroying,
            Finished
        ]
    );
}

#[test]
fn only_a_complete_destroy_run_deletes_its_stack() {
    let done = transition(
        &run(RunKind::Destroy, Destroying),
        &finished(Phase::Destroy, PhaseOutcome::Succeeded),
    );
    assert_eq!(done.unwrap().effects, [DeleteStack, ReleaseStack]);
    let broken = transition(&run(RunKind::Destroy, Destroying), &failed(Phase::Destroy));
    assert_eq!(broken.unwrap().effects, [KeepStack, ReleaseStack]);
}

#[test]
fn a_task_performs_after_or_without_initialisation() {
    let facts = run(RunKind::Task, Queued);
    let events = [
        Event::Ready,
        Event::Claimed,
        started(Phase::Initialize),
        finished(Phase::Initialize, PhaseOutcome::Succeeded),
        started(Phase::Perform),
        finished(Phase::Perform, PhaseOutcome::Succeeded),
    ];
    assert_eq!(
        walk(facts.clone(), &events),
        [Queued, Ready, Preparing, Initializing, Performing, Finished]
    );
    let facts = RunFacts {
        skip_initialization: true,
        ..facts
    };
    let events = [
        Event::Ready,
        Event::Claimed,
        started(Phase::Perform),
        finished(Phase::Perform, PhaseOutcome::Succeeded),
    ];
    assert_eq!(
        walk(facts, &events),
        [Queued, Ready, Preparing, Performing, Finished]
    );
}

#[test]
fn a_replan_makes_a_new_plan_and_asks_again() {
    let facts = RunFacts {
        has_plan: true,
        ..run(RunKind::Tracked, Unconfirmed)
    };
    let replan = Event::Replan { by: "alice".into() };
    assert_eq!(
        transition(&facts, &replan).unwrap().effects,
        [DeletePlan, WakeWorkers]
    );
    let events = [
        replan,
        Event::Claimed,
        started(Phase::Plan),
        finished(Phase::Plan, PhaseOutcome::Changes),
    ];
    assert_eq!(
        walk(facts, &events),
        [
            Unconfirmed,
            ReplanRequested,
            PreparingReplan,
            Planning,
            Unconfirmed
        ]
    );
}

#[test]
fn only_runs_that_may_change_something_hold_the_stack() {
    for kind in [RunKind::Tracked, RunKind::Task, RunKind::Destroy] {
        let mut facts = run(kind, Queued);
        assert_eq!(
            transition(&facts, &Event::Ready).unwrap().effects,
            [HoldStack, WakeWorkers]
        );
        facts.stack.held_by_other_run = true;
        assert_eq!(
            transition(&facts, &Event::Ready).unwrap_err().reason,
            Reason::StackHeld
        );
    }
    let mut facts = run(RunKind::Proposed, Queued);
    facts.stack.held_by_other_run = true;
    facts.stack.user_lock = Some("bob".into());
    assert_eq!(
        transition(&facts, &Event::Ready).unwrap().effects,
        [WakeWorkers]
    );
}

#[test]
fn under_a_users_lock_only_the_holder_confirms() {
    let mut facts = run(RunKind::Tracked, Unconfirmed);
    facts.stack.user_lock = Some("bob".into());
    assert!(transition(&facts, &confirm_by("bob")).is_ok());
    assert_eq!(
        transition(&facts, &confirm_by("alice"))
            .unwrap_err()
            .to_string(),
        "run 01RUN is UNCONFIRMED and can't be confirmed: the stack is locked by bob, and only the \
         holder of the lock triggers or confirms"
    );
}

#[test]
fn a_write_phase_does_not_begin_under_the_lock_of_another_user() {
    let mut task = run(RunKind::Task, Initializing);
    task.stack.user_lock = Some("bob".into());
    let event = finished(Phase::Initialize, PhaseOutcome::Succeeded);
    assert_eq!(transition(&task, &event).unwrap().next, Failed);
    task.stack.user_lock = Some("alice".into());
    assert_eq!(transition(&task, &event).unwrap().next, Performing);

    let mut destroy = run(RunKind::Destroy, Planning);
    destroy.stack.user_lock = Some("bob".into());
    let event = finished(Phase::Plan, PhaseOutcome::Changes);
    assert_eq!(transition(&destroy, &event).unwrap().next, Failed);
}

#[test]
fn a_disabled_stack_starts_nothing_but_a_destroy_run() {
    for kind in RunKind::ALL {
        let mut facts = run(kind, Queued);
        facts.stack.disabled = true;
        let answer = transition(&facts, &Event::Ready);
        assert_eq!(answer.is_ok(), kind == RunKind::Destroy, "{kind:?}");
    }
    let mut facts = run(RunKind::Tracked, Unconfirmed);
    facts.stack.disabled = true;
    assert_eq!(
        transition(&facts, &confirm_by("alice")).unwrap_err().reason,
        Reason::StackDisabled
    );
}

#[test]
fn a_stop_before_a_write_credential_stops() {
    for state in [
        Preparing,
        Initializing,
        Planning,
        Confirmed,
        PreparingApply,
        ReplanRequested,
    ] {
        let answer = transition(&run(RunKind::Tracked, state), &stop()).unwrap();
        assert_eq!(answer.next, Stopped, "{state}");
        assert!(answer.effects.contains(&ReleaseStack), "{state}");
    }
}

#[test]
fn a_stop_after_the_write_credential_lets_nothing_begin() {
    let facts = RunFacts {
        write_credentials_issued: true,
        ..run(RunKind::Tracked, PreparingApply)
    };
    let answer = transition(&facts, &stop()).unwrap();
    assert_eq!(
        (answer.next, answer.effects),
        (PreparingApply, vec![SignalWorkerStop])
    );
    let facts = RunFacts {
        stop_requested: true,
        ..facts
    };
    assert_eq!(
        transition(&facts, &started(Phase::Apply)).unwrap().next,
        Failed
    );
}

#[test]
fn a_stopped_apply_goes_on_until_its_child_is_dead_and_has_failed() {
    let facts = RunFacts {
        write_credentials_issued: true,
        ..run(RunKind::Tracked, Applying)
    };
    let answer = transition(&facts, &stop()).unwrap();
    assert_eq!(
        (answer.next, answer.effects),
        (Applying, vec![SignalWorkerStop])
    );
    let facts = RunFacts {
        stop_requested: true,
        ..facts
    };
    let answer = transition(&facts, &failed(Phase::Apply)).unwrap();
    assert_eq!((answer.next, answer.effects), (Failed, vec![ReleaseStack]));
    assert_eq!(answer.note.unwrap(), "stopped: exit status 1");
}

#[test]
fn a_stopped_task_holds_its_stack_until_the_child_is_dead() {
    let facts = RunFacts {
        write_credentials_issued: true,
        ..run(RunKind::Task, Performing)
    };
    assert_eq!(
        transition(&facts, &stop()).unwrap().effects,
        [SignalWorkerStop]
    );
    let facts = RunFacts {
        stop_requested: true,
        ..facts
    };
    let answer = transition(&facts, &failed(Phase::Perform)).unwrap();
    assert_eq!((answer.next, answer.effects), (Stopped, vec![ReleaseStack]));
    assert_eq!(
        transition(&facts, &started(Phase::Perform)).unwrap().next,
        Stopped
    );
}

#[test]
fn a_worker_lost_while_reading_frees_the_stack() {
    let answer = transition(&run(RunKind::Tracked, Planning), &lost()).unwrap();
    assert_eq!((answer.next, answer.effects), (Failed, vec![ReleaseStack]));
}

#[test]
fn a_worker_lost_while_writing_leaves_the_stack_locked() {
    for (kind, state) in [
        (RunKind::Tracked, Applying),
        (RunKind::Task, Performing),
        (RunKind::Destroy, Destroying),
    ] {
        // Whether credentials were issued does not matter: the user's own may have been used.
        let answer = transition(&run(kind, state), &lost()).unwrap();
        assert_eq!(answer.next, Failed);
        assert_eq!(answer.effects[0], LockStack(SystemLock::LostWorker));
        assert_eq!(answer.effects.last(), Some(&ReleaseStack));
    }
}

#[test]
fn an_errored_state_fails_the_run_and_locks_the_stack() {
    let event = Event::PhaseFinished {
        phase: Phase::Apply,
        outcome: PhaseOutcome::Succeeded,
        errored_state: true,
    };
    let answer = transition(&run(RunKind::Tracked, Applying), &event).unwrap();
    assert_eq!(answer.next, Failed);
    assert_eq!(
        answer.effects,
        [LockStack(SystemLock::ErroredState), ReleaseStack]
    );
}

#[test]
fn only_a_task_starts_on_a_stack_with_an_errored_state() {
    for kind in RunKind::ALL {
        let mut facts = run(kind, Queued);
        facts.stack.system_lock = Some(SystemLock::ErroredState);
        let goes = transition(&facts, &Event::Ready).is_ok();
        assert_eq!(
            goes,
            matches!(kind, RunKind::Task | RunKind::Proposed),
            "{kind:?}"
        );
    }
}

#[test]
fn a_newer_commit_supersedes_proposed_runs_only() {
    let event = Event::Superseded {
        by: "commit 1234567".into(),
    };
    assert_eq!(
        transition(&run(RunKind::Proposed, Queued), &event)
            .unwrap()
            .next,
        Canceled
    );
    let answer = transition(&run(RunKind::Proposed, Planning), &event).unwrap();
    assert_eq!(
        (answer.next, answer.effects),
        (Stopped, vec![SignalWorkerStop])
    );
    for kind in [RunKind::Tracked, RunKind::Task, RunKind::Destroy] {
        assert!(transition(&run(kind, Queued), &event).is_err());
    }
}

#[test]
fn refusals_are_sentences() {
    for (kind, state, event, sentence) in [
        (
            RunKind::Tracked,
            Finished,
            confirm_by("alice"),
            "run 01RUN is FINISHED and can't be confirmed: only an UNCONFIRMED run can",
        ),
        (
            RunKind::Tracked,
            Applying,
            Event::Discard { by: "alice".into() },
            "run 01RUN is APPLYING and can't be discarded: stop it instead",
        ),
        (
            RunKind::Tracked,
            Failed,
            Event::Discard { by: "alice".into() },
            "run 01RUN is FAILED and can't be discarded: only a QUEUED, READY or UNCONFIRMED run can",
        ),
        (
            RunKind::Task,
            Queued,
            stop(),
            "run 01RUN is QUEUED and can't be stopped: cancel or discard it instead",
        ),
        (
            RunKind::Proposed,
            Planning,
            started(Phase::Apply),
            "run 01RUN is PLANNING and can't start its apply phase: its phase now is plan",
        ),
    ] {
        assert_eq!(
            transition(&run(kind, state), &event)
                .unwrap_err()
                .to_string(),
            sentence
        );
    }
}

/// Every event, with each of its answers.
fn all_events() -> Vec<Event> {
    let mut events = vec![
        Event::Ready,
        Event::Claimed,
        confirm_by("alice"),
        Event::Discard { by: "alice".into() },
        Event::Cancel { by: "alice".into() },
        stop(),
        Event::Replan { by: "alice".into() },
        Event::Superseded {
            by: "a newer commit".into(),
        },
        lost(),
        Event::SystemFailure {
            reason: "a fault".into(),
        },
    ];
    for phase in Phase::ALL {
        events.push(started(phase));
        for errored_state in [false, true] {
            for outcome in [
                PhaseOutcome::Succeeded,
                PhaseOutcome::NoChanges,
                PhaseOutcome::Changes,
                PhaseOutcome::Failed {
                    reason: "exit status 1".into(),
                },
            ] {
                events.push(Event::PhaseFinished {
                    phase,
                    outcome,
                    errored_state,
                });
            }
        }
    }
    events
}

/// All facts there are, two users and each lock included.
fn all_facts() -> impl Iterator<Item = RunFacts> {
    RunKind::ALL.into_iter().flat_map(|kind| {
        RunState::ALL.into_iter().flat_map(move |state| {
            (0..256u32).flat_map(move |bits| {
                let bit = move |index: u32| bits >> index & 1 == 1;
                [None, Some("alice"), Some("bob")]
                    .into_iter()
                    .flat_map(move |holder| {
                        [
                            None,
                            Some(SystemLock::LostWorker),
                            Some(SystemLock::ErroredState),
                        ]
                        .into_iter()
                        .map(move |system_lock| RunFacts {
                            autodeploy: bit(0),
                            skip_initialization: bit(1),
                            stop_requested: bit(2),
                            write_credentials_issued: bit(3),
                            has_plan: bit(4),
                            stack: StackFacts {
                                held_by_other_run: bit(5),
                                disabled: bit(6),
                                deleting: bit(7),
                                user_lock: holder.map(str::to_owned),
                                system_lock,
                            },
                            ..run(kind, state)
                        })
                    })
            })
        })
    })
}

#[test]
fn over_all_facts_and_events() {
    let events = all_events();
    for facts in all_facts() {
        for event in &events {
            let Ok(answer) = transition(&facts, event) else {
                continue;
            };
            let case = || format!("{facts:?} {event:?} {answer:?}");
            assert!(
                !facts.state.is_terminal(),
                "leaves a terminal state: {}",
                case()
            );
            assert!(
                passes_through(facts.kind, answer.next),
                "a foreign state: {}",
                case()
            );

            // The stack is held from READY to the end, by those that hold it, and no longer.
            let held = facts.kind.holds_stack() && facts.state != Queued;
            let releases = answer.effects.contains(&ReleaseStack);
            assert_eq!(releases, held && answer.next.is_terminal(), "{}", case());

            // A plan outlives nothing.
            if facts.has_plan && answer.next.is_terminal() {
                assert!(answer.effects.contains(&DeletePlan), "{}", case());
            }

            // The ways into a write phase: no other, and none under a lock that forbids it.
            let writes = |state: RunState| state.phase().is_some_and(Phase::writes);
            if writes(answer.next) && !writes(facts.state) {
                assert!(facts.kind != RunKind::Proposed, "{}", case());
                assert!(
                    facts.state == PreparingApply
                        || facts.state == Preparing && facts.skip_initialization
                        || facts.state == Initializing && facts.kind == RunKind::Task
                        || facts.state == Planning && facts.autodeploy
                        || facts.state == Planning && facts.kind == RunKind::Destroy,
                    "{}",
                    case()
                );
                assert!(
                    !facts.stop_requested || facts.state != PreparingApply,
                    "{}",
                    case()
                );
                if facts.state != PreparingApply {
                    assert_ne!(facts.stack.user_lock.as_deref(), Some("bob"), "{}", case());
                    assert_ne!(
                        facts.stack.system_lock,
                        Some(SystemLock::LostWorker),
                        "{}",
                        case()
                    );
                }
            }
        }
    }
}

#[test]
fn every_state_has_a_way_to_an_end_and_a_way_in() {
    let events = all_events();
    for kind in RunKind::ALL {
        let next = |state: RunState| -> HashSet<RunState> {
            let mut next = HashSet::new();
            for (autodeploy, skip_initialization) in [(false, true), (true, false)] {
                let facts = RunFacts {
                    autodeploy,
                    skip_initialization,
                    ..run(kind, state)
                };
                next.extend(
                    events
                        .iter()
                        .filter_map(|event| Some(transition(&facts, event).ok()?.next)),
                );
            }
            next
        };
        let mut reached = HashSet::from([Queued]);
        let mut border = vec![Queued];
        while let Some(state) = border.pop() {
            for found in next(state) {
                if reached.insert(found) {
                    border.push(found);
                }
            }
        }
        let expected: HashSet<_> = RunState::ALL
            .into_iter()
            .filter(|state| passes_through(kind, *state))
            .collect();
        assert_eq!(reached, expected, "{kind:?}");
        for state in expected.into_iter().filter(|state| !state.is_terminal()) {
            assert!(
                next(state).iter().any(|next| next.is_terminal()),
                "{kind:?} {state}"
            );
        }
    }
}
