use gantry_app::OpError;
use gantry_app::role::RoleInput;
use gantry_core::ids::StackId;
use gantry_testkit::sts_proxy::{Fault, StsProxy};
use serde_json::Value;

use gantry_testkit::ministack::Ministack;

use crate::aws::{AWS, Aws, refusal};

fn role(arn: &str) -> RoleInput {
    RoleInput {
        role_arn: arn.into(),
        ..RoleInput::default()
    }
}

#[tokio::test]
async fn a_stack_gets_and_loses_a_role_of_its_own() {
    let aws = Aws::start().await;
    let id = aws.world.stack("network").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let stack = aws.world.read_stack(&id).await;
    assert_eq!(app.legacy_role(&stack).await.unwrap(), None);

    let arn = aws.role("legacy", &["acme@network"]).await;
    let made = app.legacy_role_put(admin, &id, &role(&arn)).await.unwrap();
    assert_eq!(made.role.duration.seconds(), 900);
    assert_eq!(made.role.region, None);
    assert_eq!(app.legacy_role(&stack).await.unwrap().as_ref(), Some(&made));
    assert_eq!(app.verifications_of_stack(&stack).await.unwrap().len(), 1);

    let again = RoleInput {
        duration_seconds: Some(3600),
        ..role(&arn)
    };
    let changed = app.legacy_role_put(admin, &id, &again).await.unwrap();
    assert_eq!(changed.role.duration.seconds(), 3600);

    let integration = aws.trusted_integration("legacy-beside", &[&id]).await;
    let attached = aws.attach(&integration, &id, true, false).await.unwrap();
    let warnings = app.attachment_warnings(&attached).await.unwrap();
    assert!(warnings[0].contains("of its own"), "{warnings:?}");

    assert!(app.legacy_role_delete(admin, &id).await.unwrap());
    assert!(!app.legacy_role_delete(admin, &id).await.unwrap());
    assert_eq!(app.legacy_role(&stack).await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_role_is_refused_and_the_old_one_stays() {
    let aws = Aws::start().await;
    let id = aws.world.stack("network").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let arn = aws.role("legacy-wrong", &["acme@other"]).await;
    let said = refusal(app.legacy_role_put(admin, &id, &role(&arn)).await);
    assert!(
        said.contains("you need to configure trust relationship"),
        "{said}"
    );
    assert!(said.contains("acme@network"), "{said}");
    let said = refusal(app.legacy_role_put(admin, &id, &role("")).await);
    assert!(said.contains("roleArn is empty"), "{said}");
    let nowhere = app
        .legacy_role_put(admin, &StackId::new("nowhere"), &role(&arn))
        .await;
    assert!(matches!(nowhere, Err(OpError::Missing { .. })));
    let stack = aws.world.read_stack(&id).await;
    assert_eq!(app.legacy_role(&stack).await.unwrap(), None);
}

fn ids(statement: &str) -> Value {
    let statement: Value = serde_json::from_str(statement).unwrap();
    statement["Condition"]["StringEquals"]["sts:ExternalId"].clone()
}

#[tokio::test]
async fn the_statements_hold_the_ids_that_are_sent() {
    let aws = Aws::start().await;
    let id = aws.world.stack("network").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let legacy = app.legacy_trust_statement(&id, None).await.unwrap();
    assert_eq!(ids(&legacy), "acme@network");
    assert!(legacy.contains(&aws.server.arn), "{legacy}");

    let integration = aws.integration("shown", "arn:aws:iam::1:role/x").await;
    let shown = async |read, write| {
        app.external_id_for_stack(admin, AWS, &integration, &id, (read, write))
            .await
    };
    let of = |access: &str| format!("acme@{}@network@{access}", integration.id);
    let read = shown(true, false).await.unwrap();
    assert_eq!(read.external_id.as_str(), of("read"));
    assert_eq!(ids(&read.statement), of("read"));
    let both = shown(true, true).await.unwrap();
    assert_eq!(both.external_id.as_str(), of("write"));
    assert_eq!(
        ids(&both.statement),
        serde_json::json!([of("read"), of("write")])
    );
    refusal(shown(false, false).await);

    // One statement for several stacks.
    let second = aws.world.stack("storage").await;
    let stacks = [id.clone(), second.clone(), id.clone()];
    let of_stacks = async |stacks: &[StackId]| {
        let wanted = app.trust_statement_for_stacks(admin, AWS, &integration, stacks, (true, true));
        wanted.await
    };
    let several = of_stacks(&stacks).await.unwrap();
    let of_second = |access: &str| format!("acme@{}@{second}@{access}", integration.id);
    assert_eq!(
        ids(&several),
        serde_json::json!([
            of("read"),
            of("write"),
            of_second("read"),
            of_second("write")
        ])
    );
    let said = refusal(of_stacks(&[]).await);
    assert!(said.contains("1 to 50 stacks"), "{said}");
    let said = refusal(of_stacks(&[StackId::new("nowhere")]).await);
    assert_eq!(said, "there is no stack `nowhere`");

    // What is shown is what works.
    let arn = aws.role("legacy-shown", &["nobody"]).await;
    let policy = gantry_testkit::trust::document(&[serde_json::from_str(&legacy).unwrap()]);
    let changed = Ministack::shared().change_trust("legacy-shown", &policy);
    changed.await.unwrap();
    app.legacy_role_put(admin, &id, &role(&arn)).await.unwrap();
}

#[tokio::test]
async fn a_stack_is_shown_while_the_cloud_is_silent() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let id = aws.world.stack("network").await;
    proxy.break_all(Fault::Hang);
    let began = std::time::Instant::now();
    for _ in 0..5 {
        let statement = aws.app().legacy_trust_statement(&id, None).await.unwrap();
        assert_eq!(ids(&statement), "acme@network");
    }
    assert!(began.elapsed().as_secs() < 4, "{:?}", began.elapsed());
}
