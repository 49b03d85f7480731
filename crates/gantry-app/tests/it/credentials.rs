use gantry_app::cloud_integration::IntegrationInput;
use gantry_app::credentials::{Decision, Failed, Issued};
use gantry_app::role::RoleInput;
use gantry_core::credentials::issuing::{Issuing, IssuingOutcome};
use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::EnvVar;
use gantry_core::run::{Phase, Run, RunKind};
use gantry_testkit::ministack::{ACCOUNT, Ministack};
use gantry_testkit::sigv4::Keys;
use gantry_testkit::sts_proxy::{Fault, StsProxy};

use crate::aws::{Aws, external_ids, input};

/// Decides in a transaction of its own, as the start of a phase does.
async fn decide(aws: &Aws, run: &Run, phase: Phase, variables: &[&str]) -> Decision {
    let stack = aws.world.read_stack(&run.stack).await;
    let store = aws.world.store().await;
    let tx = store.begin().await.unwrap();
    let decided = aws.app().decide(&tx, run, &stack, phase, variables).await;
    let decision = decided.unwrap();
    tx.commit().await.unwrap();
    decision
}

async fn issue(aws: &Aws, run: &Run, phase: Phase) -> Result<Issued, Failed> {
    let decision = decide(aws, run, phase, &[]).await;
    let issued = aws.app().mint(decision).await;
    aws.app().settle().await;
    issued
}

async fn tracked(aws: &Aws, stack: &StackId) -> Run {
    let id = aws.world.trigger(stack, RunKind::Tracked).await;
    read(aws, stack, &id).await
}

async fn read(aws: &Aws, stack: &StackId, id: &RunId) -> Run {
    aws.world.run(stack, id).await
}

async fn newest(aws: &Aws, run: &Run) -> Issuing {
    let mut all = aws.app().issued_to_run(run).await.unwrap();
    all.pop().unwrap()
}

fn value(env: &[EnvVar], name: &str) -> String {
    let found = env.iter().find(|variable| variable.name == name);
    found.unwrap().value.expose().to_owned()
}

/// Who the child would be.
async fn caller(issued: &Issued) -> String {
    let keys = Keys {
        access_key_id: value(&issued.env, "AWS_ACCESS_KEY_ID"),
        secret_access_key: value(&issued.env, "AWS_SECRET_ACCESS_KEY"),
        session_token: Some(value(&issued.env, "AWS_SESSION_TOKEN")),
    };
    Ministack::shared().caller(&keys).await.unwrap()
}

#[tokio::test]
async fn plan_reads_and_apply_writes() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let reader = aws.trusted_integration("phase-reader", &[&stack]).await;
    let writer = aws.trusted_integration("phase-writer", &[&stack]).await;
    aws.attach(&reader, &stack, true, false).await.unwrap();
    aws.attach(&writer, &stack, false, true).await.unwrap();
    let run = tracked(&aws, &stack).await;

    let plan = issue(&aws, &run, Phase::Plan).await.unwrap();
    let session = format!("{}@network@acme", run.id);
    let role = format!("arn:aws:sts::{ACCOUNT}:assumed-role");
    assert_eq!(
        caller(&plan).await,
        format!("{role}/phase-reader/{session}")
    );
    assert_eq!(plan.env.len(), 4);
    assert!(plan.env.iter().all(|variable| variable.masked));
    assert!(
        plan.notices[0].contains("read credentials of AWS"),
        "{:?}",
        plan.notices
    );
    assert_eq!(plan.notices.len(), 1, "{:?}", plan.notices);
    let record = newest(&aws, &run).await;
    assert_eq!(record.outcome, IssuingOutcome::Issued);
    assert_eq!(record.phase, Phase::Plan);
    assert_eq!(
        record.external_id,
        Some(format!("acme@{}@network@read", reader.id))
    );
    assert_eq!(record.session_name, Some(session));
    assert_eq!(record.expires_at, plan.expires_at_ms);
    assert!(record.issued_at.is_some());
    assert!(!read(&aws, &stack, &run.id).await.write_issued);

    let apply = issue(&aws, &run, Phase::Apply).await.unwrap();
    assert!(caller(&apply).await.contains("/phase-writer/"));
    assert!(read(&aws, &stack, &run.id).await.write_issued);
    let end = aws.app().credentials_end(&run.id, run.version).await;
    assert_eq!(end.unwrap(), apply.expires_at_ms);
}

#[tokio::test]
async fn without_an_attachment_the_phase_goes_on_and_says_so() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let run = tracked(&aws, &stack).await;
    // Before anybody confirms.
    let planned = issue(&aws, &run, Phase::Plan).await.unwrap();
    let ahead = planned.notices.last().unwrap();
    assert!(
        ahead.starts_with("As things stand, apply gets no AWS credentials"),
        "{ahead}"
    );
    let issued = issue(&aws, &run, Phase::Apply).await.unwrap();
    assert!(issued.env.is_empty());
    assert_eq!(issued.expires_at_ms, None);
    assert!(issued.notices[0].contains("apply gets no AWS credentials"));
    assert_eq!(
        newest(&aws, &run).await.outcome,
        IssuingOutcome::NothingAttached
    );
    assert!(!read(&aws, &stack, &run.id).await.write_issued);
    let end = aws.app().credentials_end(&run.id, run.version).await;
    assert_eq!(end.unwrap(), None);
}

#[tokio::test]
async fn credentials_of_the_user_are_left_alone() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("left-alone", &[&stack]).await;
    aws.attach(&integration, &stack, true, true).await.unwrap();
    let run = tracked(&aws, &stack).await;
    proxy.forget_calls();
    let decision = decide(&aws, &run, Phase::Apply, &["TF_LOG", "AWS_PROFILE"]).await;
    assert_eq!(decision.refused(), None);
    let issued = aws.app().mint(decision).await.unwrap();
    assert!(issued.env.is_empty());
    assert!(issued.notices[0].contains("AWS_PROFILE"));
    assert_eq!(newest(&aws, &run).await.outcome, IssuingOutcome::SetByUser);
    assert!(proxy.calls().is_empty());
}

#[tokio::test]
async fn an_attachment_wins_over_the_role_of_the_stack() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let own = RoleInput {
        role_arn: aws.role("own", &["acme@network"]).await,
        ..RoleInput::default()
    };
    app.legacy_role_put(admin, &stack, &own).await.unwrap();
    let reader = aws.trusted_integration("own-reader", &[&stack]).await;
    aws.attach(&reader, &stack, true, false).await.unwrap();
    let run = tracked(&aws, &stack).await;
    let plan = issue(&aws, &run, Phase::Plan).await.unwrap();
    assert!(caller(&plan).await.contains("/own-reader/"));
    let apply = issue(&aws, &run, Phase::Apply).await.unwrap();
    assert!(caller(&apply).await.contains("/own/"));
    let record = newest(&aws, &run).await;
    assert_eq!(record.external_id.as_deref(), Some("acme@network"));
    assert_eq!(record.source.unwrap().kind, "legacy role");
}

#[tokio::test]
async fn a_refusal_fails_the_phase_and_stands_on_record() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("changed-mind", &[&stack]).await;
    aws.attach(&integration, &stack, true, true).await.unwrap();
    aws.trust("changed-mind", &["somebody-else"]).await;
    let run = tracked(&aws, &stack).await;
    let failed = issue(&aws, &run, Phase::Plan).await.unwrap_err();
    assert!(failed.reason.starts_with("plan did not get"), "{failed}");
    assert!(failed.reason.contains("changed-mind"), "{failed}");
    let record = newest(&aws, &run).await;
    assert_eq!(record.outcome, IssuingOutcome::Failed);
    assert_eq!(record.note, failed.reason);
    assert_eq!(record.expires_at, None);
}

#[tokio::test]
async fn what_a_worker_should_assume_fails_with_that_reason() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let integration = aws
        .create(&IntegrationInput {
            role: RoleInput {
                role_arn: "arn:aws:iam::111122223333:role/in-worker".into(),
                generate_credentials_in_worker: true,
                ..RoleInput::default()
            },
            ..input("in worker", "")
        })
        .await
        .unwrap();
    aws.attach(&integration, &stack, true, true).await.unwrap();
    let run = tracked(&aws, &stack).await;
    let decision = decide(&aws, &run, Phase::Plan, &[]).await;
    assert!(decision.refused().unwrap().contains("private worker pool"));
    let failed = aws.app().mint(decision).await.unwrap_err();
    assert!(failed.reason.contains("private worker pool"), "{failed}");
    let record = newest(&aws, &run).await;
    assert_eq!(record.outcome, IssuingOutcome::WorkerSideUnavailable);

    // What is shown beforehand follows the stack's pool.
    let explained = async || {
        let stack = aws.world.read_stack(&stack).await;
        let previews = aws.app().credentials_preview(&stack).await.unwrap();
        let texts = previews.into_iter().map(|preview| preview.explanation);
        texts.collect::<Vec<_>>().join("; ")
    };
    assert!(explained().await.contains("private worker pool"));
    let pool = aws.world.pool("builders").await;
    let mut draft = aws.world.draft("network");
    draft.worker_pool = Some(pool.to_string());
    let changed = aws
        .app()
        .stack_update(&aws.world.admin, &stack, draft)
        .await;
    changed.unwrap();
    let after = explained().await;
    assert!(!after.contains("private worker pool"), "{after}");
}

async fn labelled(aws: &Aws, name: &str, label: &str) -> StackId {
    let mut draft = aws.world.draft(name);
    draft.labels = vec![label.into()];
    aws.world.stack_of(draft).await
}

fn attaching_itself(name: &str, arn: &str, label: &str) -> IntegrationInput {
    IntegrationInput {
        labels: vec![format!("autoattach:{label}")],
        autoattach_enabled: true,
        ..input(name, arn)
    }
}

#[tokio::test]
async fn an_integration_that_attaches_itself_is_tried_before_its_first_use() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = labelled(&aws, "network", "prod").await;
    let arn = aws.open_role("itself").await;
    let integration = aws.create(&attaching_itself("itself", &arn, "prod")).await;
    let integration = integration.unwrap();
    let run = tracked(&aws, &stack).await;

    let failed = issue(&aws, &run, Phase::Plan).await.unwrap_err();
    assert!(failed.reason.contains("confused deputy"), "{failed}");
    assert_eq!(newest(&aws, &run).await.outcome, IssuingOutcome::Failed);

    let ids = external_ids(&integration, &[&stack]);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    aws.trust("itself", &ids).await;
    let plan = issue(&aws, &run, Phase::Plan).await.unwrap();
    assert!(caller(&plan).await.contains("/itself/"));
    assert!(
        plan.notices[0].contains("automatically"),
        "{:?}",
        plan.notices
    );
    proxy.forget_calls();
    issue(&aws, &run, Phase::Plan).await.unwrap();
    assert_eq!(proxy.calls().len(), 1);
    // The other access is another question.
    proxy.forget_calls();
    issue(&aws, &run, Phase::Apply).await.unwrap();
    assert_eq!(proxy.calls().len(), 4);
}

#[tokio::test]
async fn two_that_attach_themselves_are_a_conflict() {
    let aws = Aws::start().await;
    let stack = labelled(&aws, "network", "prod").await;
    for name in ["first", "second"] {
        let made = attaching_itself(name, "arn:aws:iam::1:role/x", "prod");
        aws.create(&made).await.unwrap();
    }
    let other = attaching_itself("other", "arn:aws:iam::1:role/x", "staging");
    aws.create(&other).await.unwrap();
    let run = tracked(&aws, &stack).await;
    let failed = issue(&aws, &run, Phase::Plan).await.unwrap_err();
    assert!(
        failed.reason.contains("\"first\"") && failed.reason.contains("\"second\""),
        "{failed}"
    );
    assert!(!failed.reason.contains("other"), "{failed}");
    assert_eq!(newest(&aws, &run).await.outcome, IssuingOutcome::Conflict);

    // The stack's page says the same beforehand.
    let stack = aws.world.read_stack(&stack).await;
    let previews = aws.app().credentials_preview(&stack).await.unwrap();
    let plan = previews
        .iter()
        .find(|preview| preview.kind == RunKind::Tracked && preview.phase == Phase::Plan);
    assert_eq!(plan.unwrap().explanation, failed.reason);
    assert!(plan.unwrap().fails);
}

#[tokio::test]
async fn an_integration_out_of_sight_does_not_attach_itself() {
    let aws = Aws::start().await;
    let mut draft = aws.world.draft("network");
    draft.labels = vec!["prod".into()];
    draft.space = Some("root".into());
    let stack = aws.world.stack_of(draft).await;
    let hidden = attaching_itself("hidden", "arn:aws:iam::1:role/x", "prod");
    aws.create(&hidden).await.unwrap();
    let run = tracked(&aws, &stack).await;
    issue(&aws, &run, Phase::Plan).await.unwrap();
    assert_eq!(
        newest(&aws, &run).await.outcome,
        IssuingOutcome::NothingAttached
    );
}

#[tokio::test]
async fn a_phase_that_the_run_does_not_have_gets_nothing() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("no-phase", &[&stack]).await;
    aws.attach(&integration, &stack, true, true).await.unwrap();
    let id = aws.world.trigger(&stack, RunKind::Proposed).await;
    let run = read(&aws, &stack, &id).await;
    let stack = aws.world.read_stack(&stack).await;
    let store = aws.world.store().await;
    let tx = store.begin().await.unwrap();
    let decided = aws.app().decide(&tx, &run, &stack, Phase::Apply, &[]).await;
    assert!(decided.is_err());
}

#[tokio::test]
async fn an_unanswered_request_leaves_the_latest_possible_end_on_record() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("unanswered-phase", &[&stack]).await;
    aws.attach(&integration, &stack, true, true).await.unwrap();
    let run = tracked(&aws, &stack).await;
    proxy.break_all(Fault::Hang);
    let decision = decide(&aws, &run, Phase::Apply, &[]).await;
    // The server dies while it asks.
    let asking = aws.app().mint(decision);
    let died = tokio::time::timeout(std::time::Duration::from_millis(200), asking).await;
    assert!(died.is_err());
    let record = newest(&aws, &run).await;
    assert_eq!(record.outcome, IssuingOutcome::Requested);
    let lasts = record.expires_at.unwrap() - record.decided_at;
    assert_eq!(lasts, 960_000);
    let end = aws.app().credentials_end(&run.id, run.version).await;
    assert_eq!(end.unwrap(), record.expires_at);
    assert!(read(&aws, &stack, &run.id).await.write_issued);
}
