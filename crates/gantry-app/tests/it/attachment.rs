use std::time::{Duration, Instant};

use gantry_app::cloud_integration::IntegrationInput;
use gantry_app::role::RoleInput;
use gantry_core::credentials::access::Access;
use gantry_core::credentials::verification::VerificationOutcome;
use gantry_core::ids::StackId;
use gantry_testkit::ministack::Ministack;
use gantry_testkit::sts_proxy::{Fault, StsProxy};

use crate::aws::{AWS, Aws, input, refusal};

/// Terraform retries an attach on this.
const TRUST: &str = "you need to configure trust relationship";

#[tokio::test]
async fn read_and_write_come_from_two_integrations() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let reader = aws.trusted_integration("two-reader", &[&stack]).await;
    let writer = aws.trusted_integration("two-writer", &[&stack]).await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let read = aws.attach(&reader, &stack, true, false).await.unwrap();
    aws.attach(&writer, &stack, false, true).await.unwrap();

    let found = app.attachment_of(admin, AWS, &reader.id, &stack).await;
    assert_eq!(found.unwrap().as_ref(), Some(&read));
    let nowhere = StackId::new("nowhere");
    let found = app.attachment_of(admin, AWS, &reader.id, &nowhere).await;
    assert_eq!(found.unwrap(), None);

    let stack = aws.world.read_stack(&stack).await;
    let verified = app.verifications_of_stack(&stack).await.unwrap();
    assert_eq!(verified.len(), 2);
    assert!(
        verified
            .iter()
            .all(|v| v.outcome == VerificationOutcome::Trusted)
    );
    let mut accesses: Vec<_> = verified.iter().filter_map(|v| v.access).collect();
    accesses.sort();
    assert_eq!(accesses, [Access::Read, Access::Write]);
}

#[tokio::test]
async fn what_no_waiting_can_help_is_refused_at_once() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("at-once", &[&stack]).await;
    let began = Instant::now();

    let said = refusal(aws.attach(&integration, &stack, false, false).await);
    assert!(said.contains("read, write or both"), "{said}");
    let nowhere = StackId::new("nowhere");
    let said = refusal(aws.attach(&integration, &nowhere, true, false).await);
    assert_eq!(said, "there is no stack `nowhere`");

    let first = aws.attach(&integration, &stack, true, false).await.unwrap();
    let again = aws.attach(&integration, &stack, true, false).await.unwrap();
    assert_eq!(again, first);
    let said = refusal(aws.attach(&integration, &stack, true, true).await);
    let id = first.attachment.id.as_str();
    assert!(said.contains(id) && said.contains("already"), "{said}");
    assert!(began.elapsed() < Duration::from_secs(9));

    let (app, admin) = (aws.app(), &aws.world.admin);
    let id = &first.attachment.id;
    let said = refusal(app.attachment_update(admin, AWS, id, (false, false)).await);
    assert!(said.contains("read, write or both"), "{said}");
    app.integration_delete(admin, AWS, &integration.id)
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_taken_slot_is_waited_for_and_then_named() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let first = aws.trusted_integration("slot-first", &[&stack]).await;
    let second = aws.trusted_integration("slot-second", &[&stack]).await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let held = aws.attach(&first, &stack, true, true).await.unwrap();
    let held = &held.attachment.id;

    let began = Instant::now();
    let refused = aws.attach(&second, &stack, true, false).await;
    let waited = began.elapsed();
    let said = refusal(refused);
    assert!(
        said.contains(held.as_str()) && said.contains("slot-first"),
        "{said}"
    );
    assert!(waited >= Duration::from_secs(10), "{waited:?}");
    assert!(waited < Duration::from_secs(13), "{waited:?}");

    // Both replaced at once, as a client does that replaces an attachment.
    let began = Instant::now();
    let (attached, detached) = tokio::join!(aws.attach(&second, &stack, true, false), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.integration_detach(admin, AWS, held).await
    });
    attached.unwrap();
    assert!(detached.unwrap().is_some());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        app.integration_detach(admin, AWS, held).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn an_attachment_gives_up_a_slot_by_an_update_too() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let first = aws.trusted_integration("gives-first", &[&stack]).await;
    let second = aws.trusted_integration("gives-second", &[&stack]).await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let held = aws.attach(&first, &stack, true, true).await.unwrap();
    let id = &held.attachment.id;
    let (attached, updated) = tokio::join!(aws.attach(&second, &stack, false, true), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.attachment_update(admin, AWS, id, (true, false)).await
    });
    attached.unwrap();
    assert!(!updated.unwrap().attachment.serves.write());
}

#[tokio::test]
async fn a_role_that_does_not_trust_us_is_not_attached() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let arn = aws.role("distrusting", &["somebody-else"]).await;
    let integration = aws.integration("distrusting", &arn).await;
    let said = refusal(aws.attach(&integration, &stack, true, false).await);
    let id = format!("acme@{}@network@read", integration.id);
    assert!(said.contains(TRUST), "{said}");
    assert!(
        said.contains(&id) && said.contains("sts:ExternalId"),
        "{said}"
    );

    let open = aws.open_role("distrusting-open").await;
    let integration = aws.integration("open", &open).await;
    let said = refusal(aws.attach(&integration, &stack, true, false).await);
    assert!(said.contains("confused deputy"), "{said}");
    assert!(!said.contains(TRUST), "{said}");

    let missing = "arn:aws:iam::111122223333:role/missing";
    let integration = aws.integration("missing", missing).await;
    let said = refusal(aws.attach(&integration, &stack, true, false).await);
    assert!(said.contains("missing"), "{said}");

    let (app, admin) = (aws.app(), &aws.world.admin);
    let found = app.attachment_of(admin, AWS, &integration.id, &stack).await;
    assert_eq!(found.unwrap(), None);
    let stack = aws.world.read_stack(&stack).await;
    assert_eq!(app.verifications_of_stack(&stack).await.unwrap(), []);
}

#[tokio::test]
async fn a_cloud_that_does_not_answer_proves_nothing() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("unanswered", &[&stack]).await;
    // The right ID is accepted; whether others are too is not known.
    proxy.break_when(|call| {
        let ours = call.external_id.as_deref().unwrap_or_default();
        (!ours.starts_with("acme@")).then(Fault::throttling)
    });
    let said = refusal(aws.attach(&integration, &stack, true, true).await);
    assert!(said.contains("try again"), "{said}");
    assert!(!said.contains(TRUST), "{said}");
    proxy.heal();
    aws.attach(&integration, &stack, true, true).await.unwrap();
}

#[tokio::test]
async fn what_only_a_worker_can_assume_is_stored_untried_with_a_warning() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = aws.world.stack("network").await;
    let integration = aws
        .create(&IntegrationInput {
            role: RoleInput {
                role_arn: "arn:aws:iam::111122223333:role/in-worker".into(),
                generate_credentials_in_worker: true,
                external_id: Some("my-own".into()),
                ..RoleInput::default()
            },
            ..input("in worker", "")
        })
        .await
        .unwrap();
    let attached = aws.attach(&integration, &stack, true, true).await.unwrap();
    assert!(proxy.calls().is_empty());
    let warnings = aws.app().attachment_warnings(&attached).await.unwrap();
    assert!(warnings[0].contains("private worker pool"), "{warnings:?}");
    assert!(warnings[1].contains("can't tell"), "{warnings:?}");
}

#[tokio::test]
async fn each_request_carries_its_own_access_and_the_probes_carry_none() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("requests", &[&stack]).await;
    proxy.forget_calls();
    aws.attach(&integration, &stack, true, true).await.unwrap();
    let calls = proxy.calls();
    let sent = |id: &str| {
        let same = calls
            .iter()
            .filter(|call| call.external_id.as_deref() == Some(id));
        same.count()
    };
    let id = &integration.id;
    assert_eq!(sent(&format!("acme@{id}@network@read")), 1);
    assert_eq!(sent(&format!("acme@{id}@network@write")), 1);
    assert!(calls.iter().any(|call| call.external_id.is_none()));
    let name = Some("verify@network@acme".to_owned());
    assert!(
        calls.iter().all(|call| call.session_name == name),
        "{calls:?}"
    );
    assert!(calls.iter().all(|call| call.policy.is_some()));
}

#[tokio::test]
async fn what_was_tried_is_what_is_attached() {
    let proxy = StsProxy::start(&Ministack::shared().endpoint()).unwrap();
    let aws = Aws::through(proxy.endpoint()).await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("swapped", &[&stack]).await;
    let open = aws.open_role("swapped-open").await;
    // Somebody exchanges the role while the first one is being tried.
    proxy.break_all(Fault::Delay(Duration::from_millis(500)));
    let (attached, updated) = tokio::join!(aws.attach(&integration, &stack, true, false), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        aws.update(&integration, input("swapped", &open)).await
    });
    updated.unwrap();
    let said = refusal(attached);
    assert!(said.contains("confused deputy"), "{said}");
}

#[tokio::test]
async fn a_role_is_tried_when_somebody_asks_and_what_is_attached_is_remembered() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("network").await;
    let integration = aws.trusted_integration("tried", &[&stack]).await;
    let other = aws.world.stack("stranger").await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let id = &integration.id;
    let tried = app.integration_verify(admin, AWS, id, &stack, (true, true));
    let outcomes: Vec<_> = tried.await.unwrap().iter().map(|v| v.outcome).collect();
    assert_eq!(outcomes, [VerificationOutcome::Trusted; 2]);
    let tried = app.integration_verify(admin, AWS, id, &other, (true, false));
    let tried = tried.await.unwrap();
    assert_eq!(tried[0].outcome, VerificationOutcome::Untrusted);
    assert!(tried[0].message.contains(TRUST), "{}", tried[0].message);
    // It is attached nowhere, so there is nothing to remember.
    let both = [stack.clone(), other];
    assert_eq!(app.verifications_of_stacks(&both).await.unwrap(), []);

    aws.attach(&integration, &stack, true, false).await.unwrap();
    let tried = app.integration_verify(admin, AWS, id, &stack, (true, true));
    assert_eq!(tried.await.unwrap().len(), 2);
    let known = app.verifications_of_stacks(&both).await.unwrap();
    let known: Vec<_> = known.iter().map(|v| v.access).collect();
    assert_eq!(known, [Some(Access::Read)]);
    let said = refusal(
        app.integration_verify(admin, AWS, id, &stack, (false, false))
            .await,
    );
    assert!(said.contains("read, write or both"), "{said}");

    let ids = std::slice::from_ref(id);
    let listed = app.attachments_of_integrations(admin, AWS, ids).await;
    let listed = listed.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].attached.attachment.stack, stack);
    let nobody = crate::world::outsider();
    let listed = app.attachments_of_integrations(&nobody, AWS, ids).await;
    assert!(listed.unwrap().is_empty());
}
