use gantry_core::credentials::access::Access;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::issuing::{Issuing, IssuingOutcome, IssuingSource};
use gantry_core::ids::{IntegrationId, RunId, SpaceId, StackId};
use gantry_core::run::{Phase, Run, RunKind, RunState};
use gantry_store::{Store, issuing, run};

use crate::databases::with_spaces;
use crate::stack;

on_both_databases!(
    a_record_comes_back_and_is_completed,
    only_a_request_for_write_marks_the_run,
    the_end_is_known_only_when_everything_ends,
    what_an_integration_gave_is_paged_for_those_who_see_it,
);

fn sample_run() -> Run {
    Run {
        id: RunId::new("run"),
        stack: StackId::new("one"),
        kind: RunKind::Tracked,
        state: RunState::Planning,
        version: 5,
        title: None,
        command: None,
        skip_initialization: false,
        requested_commit: None,
        commit: None,
        tool: None,
        branch: "main".into(),
        triggered_by: "somebody".into(),
        triggered_by_id: "api-key/1".into(),
        prioritized: false,
        metadata: None,
        worker: None,
        lease: None,
        fence: 0,
        stop_requested: false,
        write_issued: false,
        user_secrets: false,
        delta: None,
        plan_object: None,
        changes_object: None,
        created_at: 1,
        updated_at: 1,
        finished_at: None,
    }
}

async fn with_run(store: &Store) {
    with_spaces(store).await;
    stack::insert(store, &stack::sample("one", 1)).await;
    let tx = store.begin().await.unwrap();
    run::insert(&tx, &sample_run(), None).await.unwrap();
    tx.commit().await.unwrap();
}

fn record(id: &str, run_version: i64, access: Access, outcome: IssuingOutcome) -> Issuing {
    Issuing {
        id: id.into(),
        run: RunId::new("run"),
        run_version,
        stack: StackId::new("one"),
        phase: Phase::Apply,
        access,
        cloud: Cloud::Aws,
        source: Some(IssuingSource {
            kind: "attachment".into(),
            integration: Some(IntegrationId::new("a")),
            integration_name: Some("prod".into()),
        }),
        outcome,
        note: "a sentence".into(),
        role_arn: Some("arn".into()),
        external_id: Some("acme@a@one@write".into()),
        session_name: Some("run@one@acme".into()),
        decided_at: 10,
        issued_at: None,
        expires_at: Some(1_000),
        outlived: false,
    }
}

async fn insert(store: &Store, record: &Issuing) {
    let tx = store.begin().await.unwrap();
    issuing::insert(&tx, record).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_record_comes_back_and_is_completed(store: &Store) {
    with_run(store).await;
    let mut issued = record("1", 5, Access::Read, IssuingOutcome::Requested);
    let mut failed = Issuing {
        decided_at: 11,
        ..record("2", 7, Access::Read, IssuingOutcome::Requested)
    };
    let nothing = Issuing {
        decided_at: 12,
        source: None,
        role_arn: None,
        external_id: None,
        session_name: None,
        expires_at: None,
        ..record("3", 9, Access::Read, IssuingOutcome::NothingAttached)
    };
    for record in [&issued, &failed, &nothing] {
        insert(store, record).await;
    }
    let tx = store.begin().await.unwrap();
    issuing::issued(&tx, "1", 20, Some(900)).await.unwrap();
    issuing::failed(&tx, "2", "STS said no").await.unwrap();
    tx.commit().await.unwrap();

    issued.outcome = IssuingOutcome::Issued;
    issued.issued_at = Some(20);
    issued.expires_at = Some(900);
    failed.outcome = IssuingOutcome::Failed;
    failed.note = "STS said no".into();
    failed.expires_at = None;
    let found = issuing::of_run(store.reader(), &RunId::new("run")).await;
    assert_eq!(found.unwrap(), [issued, failed, nothing]);
}

async fn marked(store: &Store) -> bool {
    let run = run::find(store.reader(), &RunId::new("run")).await.unwrap();
    run.unwrap().write_issued
}

async fn only_a_request_for_write_marks_the_run(store: &Store) {
    with_run(store).await;
    insert(
        store,
        &record("1", 5, Access::Read, IssuingOutcome::Requested),
    )
    .await;
    insert(
        store,
        &record("2", 5, Access::Write, IssuingOutcome::NothingAttached),
    )
    .await;
    insert(
        store,
        &record("3", 5, Access::Write, IssuingOutcome::Conflict),
    )
    .await;
    assert!(!marked(store).await);
    insert(
        store,
        &record("4", 6, Access::Write, IssuingOutcome::Requested),
    )
    .await;
    assert!(marked(store).await);
}

async fn the_end_is_known_only_when_everything_ends(store: &Store) {
    with_run(store).await;
    let run = RunId::new("run");
    let end = async |version| {
        issuing::all_expired_at(store.reader(), &run, version)
            .await
            .unwrap()
    };
    assert_eq!(end(5).await, None);
    insert(
        store,
        &record("1", 5, Access::Write, IssuingOutcome::Requested),
    )
    .await;
    assert_eq!(end(5).await, Some(1_000));
    insert(
        store,
        &record("2", 6, Access::Write, IssuingOutcome::Issued),
    )
    .await;
    let own = record("3", 6, Access::Write, IssuingOutcome::SetByUser);
    insert(
        store,
        &Issuing {
            cloud: Cloud::Azure,
            ..own
        },
    )
    .await;
    assert_eq!(end(6).await, None);
    let forever = record("4", 7, Access::Write, IssuingOutcome::Issued);
    insert(
        store,
        &Issuing {
            expires_at: None,
            ..forever
        },
    )
    .await;
    assert_eq!(end(7).await, None);
}

async fn what_an_integration_gave_is_paged_for_those_who_see_it(store: &Store) {
    with_run(store).await;
    let tx = store.begin().await.unwrap();
    for (id, integration) in [("1", "a"), ("2", "b"), ("3", "a"), ("4", "a")] {
        let mut issued = record(id, 5, Access::Read, IssuingOutcome::Issued);
        issued.source = Some(IssuingSource {
            kind: "attachment".into(),
            integration: Some(IntegrationId::new(integration)),
            integration_name: Some(integration.into()),
        });
        issuing::insert(&tx, &issued).await.unwrap();
    }
    tx.commit().await.unwrap();
    let page = async |spaces: Option<&[SpaceId]>, before, limit| {
        let id = IntegrationId::new("a");
        let found = issuing::of_integration(store.reader(), &id, spaces, before, limit).await;
        let ids = found.unwrap().into_iter().map(|issued| issued.id);
        ids.collect::<Vec<String>>()
    };
    assert_eq!(page(None, None, 2).await, ["4", "3"]);
    assert_eq!(page(None, Some("3"), 2).await, ["1"]);
    let seen = [SpaceId::new("legacy")];
    assert_eq!(page(Some(&seen), None, 9).await, ["4", "3", "1"]);
    let other = [SpaceId::new("root")];
    assert_eq!(page(Some(&other), None, 9).await, [""; 0]);
    assert_eq!(page(Some(&[]), None, 9).await, [""; 0]);
}
