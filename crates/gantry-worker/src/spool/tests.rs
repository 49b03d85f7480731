use std::io::Write;

use gantry_core::protocol::PhaseOutcome;

use super::*;

fn record(fence: i64) -> Record {
    Record {
        stack: None,
        run: RunId::new("RUN"),
        fence,
        project_root: String::new(),
        given_state: None,
        phase: Some(PhaseRecord {
            phase: Phase::Apply,
            version: 3,
            processes: vec![Process { pid: 7, started: 9 }],
        }),
    }
}

#[test]
fn a_successor_reads_what_was_left_in_the_order_of_leases() {
    let root = tempfile::tempdir().unwrap();
    for fence in [12, 5] {
        let spool = Spool::create(root.path(), &record(fence)).unwrap();
        spool.log(3, 0).unwrap().write_all(b"said").unwrap();
        spool.keep_errored_state(b"{}").unwrap();
        let message = PhaseFinished {
            fence,
            phase: Phase::Apply,
            version: 3,
            outcome: PhaseOutcome::Succeeded,
            errored_state: true,
            backend_lock: None,
        };
        spool.keep_finished(&message).unwrap();
        spool.settle().unwrap();
    }
    let left = Spool::left(root.path()).unwrap();
    assert_eq!(
        left.iter()
            .map(|(record, _)| record.fence)
            .collect::<Vec<_>>(),
        [5, 12]
    );
    let (found, spool) = &left[0];
    assert_eq!(*found, record(5));
    assert_eq!(spool.logs().unwrap(), [(3, 0)]);
    assert_eq!(spool.errored_state().unwrap().unwrap(), b"{}");
    assert_eq!(
        spool.finished().unwrap().unwrap().outcome,
        PhaseOutcome::Succeeded
    );
}

#[test]
fn nothing_left_is_nothing() {
    let root = tempfile::tempdir().unwrap();
    assert!(Spool::left(&root.path().join("none")).unwrap().is_empty());
    let spool = Spool::create(root.path(), &record(1)).unwrap();
    assert!(spool.finished().unwrap().is_none());
    assert!(spool.errored_state().unwrap().is_none());
    spool.remove();
    assert!(Spool::left(root.path()).unwrap().is_empty());
}
