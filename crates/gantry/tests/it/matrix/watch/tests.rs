use super::{Seen, violations};

/// What a build that always takes write would send while it plans.
fn recording(kind: &str, state: &str, access: &str) -> Seen {
    let run = "01JZZZZZZZZZZZZZZZZZZZZZZZ";
    Seen {
        stack: "shop".to_owned(),
        run: run.to_owned(),
        kind: kind.to_owned(),
        state: state.to_owned(),
        external_id: format!("acme@01JAAAAAAAAAAAAAAAAAAAAAAA@shop@{access}"),
        session_name: format!("{run}@shop@acme"),
    }
}

#[test]
fn the_right_recordings_pass() {
    let right = [
        recording("TRACKED", "INITIALIZING", "read"),
        recording("TRACKED", "PLANNING", "read"),
        recording("TRACKED", "APPLYING", "write"),
        recording("TASK", "PERFORMING", "write"),
        recording("DESTROY", "DESTROYING", "write"),
        Seen {
            external_id: "acme@shop".to_owned(),
            ..recording("TRACKED", "PLANNING", "read")
        },
    ];
    assert_eq!(violations(&right), Vec::<String>::new());
}

#[test]
fn an_early_write_is_noticed_in_every_state_and_kind() {
    for kind in ["PROPOSED", "TRACKED", "TASK", "DESTROY"] {
        for state in [
            "QUEUED",
            "READY",
            "PREPARING",
            "INITIALIZING",
            "PLANNING",
            "UNCONFIRMED",
            "CONFIRMED",
            "PREPARING_APPLY",
            "FINISHED",
            "",
        ] {
            let found = violations(&[recording(kind, state, "write")]);
            assert_eq!(found.len(), 1, "{kind} {state}");
        }
    }
}

#[test]
fn a_proposed_run_never_writes_whatever_its_state_says() {
    assert_eq!(
        violations(&[recording("PROPOSED", "APPLYING", "write")]).len(),
        1
    );
}

#[test]
fn read_in_a_writing_phase_is_noticed() {
    assert_eq!(
        violations(&[recording("TRACKED", "APPLYING", "read")]).len(),
        1
    );
}

#[test]
fn foreign_and_malformed_ids_are_noticed() {
    for id in [
        "",
        "other@x@shop@read",
        "acme@x@shop@admin",
        "acme@x@shop@read@more",
    ] {
        let one = Seen {
            external_id: id.to_owned(),
            ..recording("TRACKED", "PLANNING", "read")
        };
        assert_eq!(violations(&[one]).len(), 1, "{id}");
    }
    let other = recording("TRACKED", "PLANNING", "read");
    let one = Seen {
        session_name: "somebody".to_owned(),
        ..other
    };
    assert_eq!(violations(&[one]).len(), 1);
}
