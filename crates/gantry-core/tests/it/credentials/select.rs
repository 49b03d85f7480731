use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::external_id::{ExternalId, ParsedExternalId};
use gantry_core::credentials::select::{Selection, select};
use gantry_core::run::{Phase, RunKind};

use super::*;

/// Every set-up that attachments, legacy role and auto-attach can form, well-formed or not.
fn all_setups() -> Vec<Setup> {
    let attachments: [&[(&str, Serves)]; 7] = [
        &[],
        &[("A", Serves::Read)],
        &[("A", Serves::Write)],
        &[("A", Serves::Both)],
        &[("A", Serves::Read), ("B", Serves::Write)],
        &[("A", Serves::Both), ("B", Serves::Write)],
        &[
            ("A", Serves::Both),
            ("B", Serves::Both),
            ("C", Serves::Read),
        ],
    ];
    let mut setups = Vec::new();
    for attached in attachments {
        for legacy in [false, true] {
            for auto in [&[][..], &["D"], &["D", "E"]] {
                let mut setup = Setup::default();
                for (name, serves) in attached {
                    setup = setup.attach(name, *serves);
                }
                if legacy {
                    setup = setup.legacy();
                }
                for name in auto {
                    setup = setup.auto(name);
                }
                setups.push(setup);
            }
        }
    }
    setups
}

/// Written without the table that the product uses.
fn may_write(kind: RunKind, phase: Phase) -> bool {
    matches!(
        (kind, phase),
        (RunKind::Tracked, Phase::Apply)
            | (RunKind::Task, Phase::Perform)
            | (RunKind::Destroy, Phase::Destroy)
    )
}

#[test]
fn a_write_external_id_comes_only_from_a_phase_that_writes() {
    let mut written = 0;
    for setup in all_setups() {
        for kind in RunKind::ALL {
            for phase in Phase::ALL {
                let Selection::Chosen(choice) = select(&setup.candidates(), kind, phase) else {
                    continue;
                };
                let grant = choice
                    .grant(&account(), &run(), &stack(), &space(), phase)
                    .unwrap();
                let id = grant.request().external_id().as_str();
                if id.ends_with("@write") {
                    assert!(may_write(kind, phase), "{kind:?} {phase}: {id}");
                    written += 1;
                }
                if let Some(ParsedExternalId::Integration { access, .. }) = ExternalId::parse(id) {
                    assert_eq!(access, grant.access(), "{kind:?} {phase}: {id}");
                }
            }
        }
    }
    assert!(written > 0);
}

#[test]
fn a_proposed_run_has_no_writing_phase_whatever_is_attached() {
    for setup in all_setups() {
        for phase in [Phase::Apply, Phase::Perform, Phase::Destroy] {
            let selection = select(&setup.candidates(), RunKind::Proposed, phase);
            assert_eq!(selection, Selection::NoSuchPhase);
            assert!(selection.fails_phase());
        }
    }
}

#[test]
fn one_variable_of_the_user_stops_every_issuing_of_that_cloud() {
    for setup in all_setups() {
        let setup = setup.variable("TF_VAR_x").variable("AWS_PROFILE");
        let selection = select(&setup.candidates(), RunKind::Tracked, Phase::Apply);
        assert_eq!(
            selection,
            Selection::SetByUser {
                variable: "AWS_PROFILE"
            }
        );
        assert!(
            selection
                .explain(Cloud::Aws, Phase::Apply)
                .contains("AWS_PROFILE")
        );
    }
    let setup = Setup::default()
        .attach("A", Serves::Both)
        .variable("ARM_CLIENT_ID");
    let selection = select(&setup.candidates(), RunKind::Tracked, Phase::Apply);
    assert!(matches!(selection, Selection::Chosen(_)), "{selection:?}");
}

#[test]
fn each_outcome_has_a_sentence_that_names_the_thing() {
    let explain = |setup: &Setup| {
        select(&setup.candidates(), RunKind::Tracked, Phase::Apply)
            .explain(Cloud::Aws, Phase::Apply)
    };
    assert_eq!(
        explain(&Setup::default().attach("A", Serves::Read)),
        "apply gets no AWS credentials: nothing is attached to this stack for write"
    );
    assert_eq!(
        explain(&Setup::default().attach("A", Serves::Both)),
        "apply gets write credentials of AWS from the integration \"A\""
    );
    let conflict = explain(&Setup::default().auto("D").auto("E"));
    assert!(
        conflict.contains("\"D\"") && conflict.contains("\"E\""),
        "{conflict}"
    );
    let worker = explain(&Setup::default().attach("A", Serves::Both).worker_side());
    assert!(
        worker.contains("\"A\"") && worker.contains("in the worker"),
        "{worker}"
    );
}
