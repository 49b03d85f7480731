use gantry_core::credentials::access::Access;
use gantry_core::credentials::attachment::Serves;
use gantry_core::credentials::grant::{Grant, GrantError, Source};
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::credentials::role::{AssumedBy, Role};
use gantry_core::credentials::select::{Choice, Selection, select};
use gantry_core::credentials::trial::Trial;
use gantry_core::ids::StackId;
use gantry_core::run::{Phase, RunKind};

use super::*;

fn granted(setup: &Setup, kind: RunKind, phase: Phase) -> Grant {
    match select(&setup.candidates(), kind, phase) {
        Selection::Chosen(choice) => choice
            .grant(&account(), &run(), &stack(), &space(), phase)
            .unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_grant_says_everything_that_sts_is_asked() {
    let mut setup = Setup::default().attach("A", Serves::Both);
    setup.attached[0].integration.role.tag_sessions = true;
    let grant = granted(&setup, RunKind::Tracked, Phase::Apply);
    let request = grant.request();
    assert_eq!(
        request.role_arn().as_str(),
        "arn:aws:iam::111122223333:role/A"
    );
    assert_eq!(
        request.external_id().as_str(),
        "acme@0000000000000000000000000A@network@write"
    );
    assert_eq!(
        request.session_name().as_str(),
        format!("{RUN}@network@acme")
    );
    assert_eq!(request.duration().seconds(), 900);
    let tags: Vec<String> = request
        .tags()
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(
        tags,
        [
            &format!("run={RUN}"),
            "stack=network",
            "space=root",
            "phase=apply"
        ]
    );
    assert_eq!(
        (grant.access(), grant.phase()),
        (Access::Write, Phase::Apply)
    );
}

#[test]
fn sessions_are_untagged_unless_the_integration_asks() {
    let setup = Setup::default().attach("A", Serves::Both);
    assert!(
        granted(&setup, RunKind::Task, Phase::Perform)
            .request()
            .tags()
            .is_empty()
    );
}

#[test]
fn a_legacy_role_has_one_external_id() {
    let setup = Setup::default().legacy();
    for phase in [Phase::Plan, Phase::Apply] {
        let grant = granted(&setup, RunKind::Tracked, phase);
        assert_eq!(grant.request().external_id().as_str(), "acme@network");
        assert_eq!(grant.source(), &Source::LegacyRole);
    }
}

#[test]
fn a_custom_external_id_is_used_in_the_worker_and_checked_again() {
    let with = |custom: &str| Role {
        assumed_by: AssumedBy::Worker {
            custom_external_id: Some(custom.to_owned()),
        },
        ..role("A")
    };
    let grant = |role: &Role| {
        let choice = Choice {
            access: Access::Read,
            source: Source::LegacyRole,
            role,
        };
        choice.grant(&account(), &run(), &stack(), &space(), Phase::Plan)
    };
    let own = with("my-own-id");
    assert_eq!(
        grant(&own).unwrap().request().external_id().as_str(),
        "my-own-id"
    );
    let stolen = with("acme@0000000000000000000000000A@network@write");
    assert!(matches!(grant(&stolen), Err(GrantError::CustomId(_))));
}

#[test]
fn a_damaged_stack_id_gives_no_grant() {
    let role = role("A");
    let choice = Choice {
        access: Access::Read,
        source: Source::LegacyRole,
        role: &role,
    };
    let damaged = StackId::new("x@prod");
    let grant = choice.grant(&account(), &run(), &damaged, &space(), Phase::Plan);
    assert!(matches!(grant, Err(GrantError::InvalidPart(_))));
}

#[test]
fn a_trial_asks_what_the_run_would_ask() {
    let integration = integration("A");
    let tagged = Role {
        tag_sessions: true,
        ..integration.role.clone()
    };
    for (access, phase) in [(Access::Read, "plan"), (Access::Write, "apply")] {
        let trial = |role: &Role| {
            Trial::for_integration(
                &account(),
                &integration.id,
                role,
                &stack(),
                &space(),
                access,
            )
            .unwrap()
        };
        let plain = trial(&integration.role);
        let request = plain.request();
        assert_eq!(
            request.external_id().as_str(),
            format!("acme@0000000000000000000000000A@network@{access}")
        );
        assert_eq!(request.session_name().as_str(), "verify@network@acme");
        assert!(request.tags().is_empty() && !plain.tagged);

        let with_tags = trial(&tagged);
        assert!(with_tags.tagged);
        let tags = with_tags.request().tags();
        assert!(tags.contains(&("run", "verify".to_owned())), "{tags:?}");
        assert!(tags.contains(&("phase", phase.to_owned())), "{tags:?}");
    }
    let legacy = LegacyRole {
        stack: stack(),
        role: role("legacy"),
    };
    let trial = Trial::for_legacy_role(&account(), &legacy).unwrap();
    assert_eq!(trial.request().external_id().as_str(), "acme@network");
    assert_eq!(trial.access, None);
}
