//! Attaching: what is verified at STS, what is refused, and that nothing half-done stays.

use std::time::Duration;

use gantry_testkit::client::{ClientError, IntegrationInput};
use gantry_testkit::server::Builder;
use gantry_testkit::sts_proxy::Fault;
use gantry_testkit::trust;
use serde_json::json;

use crate::world::{ALWAYS_CHANGES, Access, World};

on_both_databases!(
    a_role_is_asked_with_its_id_without_one_and_with_a_stranger_s,
    a_role_that_is_missing_or_refuses_gets_the_statement_to_paste,
    a_role_that_is_open_to_a_confused_deputy_is_refused,
    sts_that_is_down_or_throttles_is_never_taken_for_a_refusal,
    sts_that_never_answers_is_given_up_in_time,
    a_stack_has_one_slot_for_each_access,
    a_change_of_the_role_is_verified_for_every_attached_stack,
);

/// What clients look for in order to try again.
const TRUST_PHRASE: &str = "you need to configure trust relationship";

async fn refused_attach(world: &World, integration: &str, stack: &str) -> String {
    match world.client.attach(integration, stack, true, false).await {
        Err(ClientError::Refused(message)) => {
            assert_eq!(
                attachment(world, integration, stack).await,
                None,
                "after: {message}"
            );
            message
        }
        other => panic!("attaching was not refused: {other:?}"),
    }
}

async fn attachment(world: &World, integration: &str, stack: &str) -> Option<(bool, bool)> {
    let answer = world
        .client
        .query(
            "query($id:ID!,$stack:ID!){awsIntegration(id:$id){attachedStack(id:$stack){read write}}}",
            json!({"id": integration, "stack": stack}),
        )
        .await
        .unwrap();
    let found = &answer["awsIntegration"]["attachedStack"];
    Some((found["read"].as_bool()?, found["write"].as_bool()?))
}

async fn a_role_is_asked_with_its_id_without_one_and_with_a_stranger_s(builder: Builder) {
    let world = World::of(builder).await;
    let stack = world.plain_stack("asked", ALWAYS_CHANGES).await;
    let integration = world
        .integration("asked", &stack, &[Access::Read, Access::Write])
        .await;
    world.server.proxy().forget_calls();
    world
        .client
        .attach(&integration, &stack, true, true)
        .await
        .unwrap();
    let calls: Vec<_> = world
        .server
        .proxy()
        .calls()
        .into_iter()
        .filter(|call| call.action == "AssumeRole")
        .collect();
    let mut ids: Vec<String> = calls
        .iter()
        .map(|call| {
            call.external_id
                .clone()
                .unwrap_or_else(|| "none".to_owned())
        })
        .map(|id| {
            if id.starts_with("gantry-probe-") {
                "probe".to_owned()
            } else {
                id
            }
        })
        .collect();
    ids.sort();
    let of = |access| format!("acme@{integration}@{stack}@{access}");
    assert_eq!(
        ids,
        [
            of("read"),
            of("write"),
            "none".to_owned(),
            "probe".to_owned()
        ]
    );
    for call in &calls {
        assert_eq!(call.session_name.as_deref(), Some("verify@asked@acme"));
        assert_eq!(call.duration, Some(900));
        assert!(
            call.policy
                .as_deref()
                .is_some_and(|policy| policy.contains("Deny")),
            "{call:?}"
        );
        assert_eq!(call.tags, [], "tagging is off");
    }
}

async fn a_role_that_is_missing_or_refuses_gets_the_statement_to_paste(builder: Builder) {
    let world = World::of(builder).await;
    let stack = world.plain_stack("refusing", ALWAYS_CHANGES).await;
    let missing = IntegrationInput::new("missing", &world.role_arn("missing"));
    let missing = world.client.create_integration(&missing).await.unwrap();
    let message = refused_attach(&world, &missing, &stack).await;
    for part in [
        TRUST_PHRASE,
        &format!("acme@{missing}@{stack}@read"),
        "sts:ExternalId",
    ] {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }

    // A role that wants another ID.
    let arn = world.role("other", &["somebody-else"]).await;
    let other = IntegrationInput::new("other", &arn);
    let other = world.client.create_integration(&other).await.unwrap();
    let message = refused_attach(&world, &other, &stack).await;
    assert!(message.contains(TRUST_PHRASE), "{message}");
    assert!(message.contains(&world.server.identity().arn), "{message}");

    // The statement works as it is.
    let start = message.find("{").expect("a statement");
    let end = message.rfind("}").expect("a statement");
    let statement: serde_json::Value = serde_json::from_str(&message[start..=end]).unwrap();
    let name = world.role_name("other");
    world
        .ministack()
        .change_trust(&name, &trust::document(&[statement]))
        .await
        .unwrap();
    world
        .client
        .attach(&other, &stack, true, false)
        .await
        .unwrap();
    assert_eq!(
        attachment(&world, &other, &stack).await,
        Some((true, false))
    );
}

async fn a_role_that_is_open_to_a_confused_deputy_is_refused(builder: Builder) {
    let world = World::of(builder).await;
    let stack = world.plain_stack("open", ALWAYS_CHANGES).await;
    let principal = &world.server.identity().arn;
    let any_id = json!({"StringLike": {"sts:ExternalId": "*"}});
    for (name, policy) in [
        ("open-to-all", trust::open(principal)),
        (
            "open-to-any-id",
            trust::document(&[trust::statement(principal, any_id)]),
        ),
    ] {
        let arn = world
            .ministack()
            .create_role(&world.role_name(name), &policy)
            .await
            .unwrap();
        let input = IntegrationInput::new(name, &arn);
        let integration = world.client.create_integration(&input).await.unwrap();
        let message = refused_attach(&world, &integration, &stack).await;
        assert!(message.contains("confused deputy"), "{message}");
        // Trying again would not help, so clients must not be told to.
        assert!(!message.contains(TRUST_PHRASE), "{message}");
    }
}

async fn sts_that_is_down_or_throttles_is_never_taken_for_a_refusal(builder: Builder) {
    let world = World::of(builder).await;
    let stack = world.plain_stack("unknown", ALWAYS_CHANGES).await;
    let integration = world.integration("unknown", &stack, &[Access::Read]).await;
    let faults = [
        Fault::throttling(),
        Fault::unavailable(),
        Fault::Disconnect,
        Fault::Body {
            status: 200,
            body: "<html>captive portal</html>",
        },
    ];
    for fault in faults {
        // Only the requests that must be refused break: the dangerous half.
        let broken = fault.clone();
        world.server.proxy().break_when(move |call| {
            let right = call
                .external_id
                .as_deref()
                .is_some_and(|id| id.ends_with("@read"));
            (call.action == "AssumeRole" && !right).then(|| broken.clone())
        });
        let message = refused_attach(&world, &integration, &stack).await;
        assert!(
            message.contains("try again") || message.contains("not known"),
            "{fault:?}: {message}"
        );
        assert!(!message.contains(TRUST_PHRASE), "{fault:?}: {message}");
    }
    world.server.proxy().heal();
    world
        .client
        .attach(&integration, &stack, true, false)
        .await
        .unwrap();
}

async fn sts_that_never_answers_is_given_up_in_time(builder: Builder) {
    let world = World::of(builder).await;
    let stack = world.plain_stack("slow", ALWAYS_CHANGES).await;
    let integration = world.integration("slow", &stack, &[Access::Read]).await;
    world.server.proxy().break_all(Fault::Hang);
    let begin = std::time::Instant::now();
    let message = refused_attach(&world, &integration, &stack).await;
    assert!(message.contains("try again"), "{message}");
    // Clients give up after 60 s, and then send the request a second time.
    assert!(
        begin.elapsed() < Duration::from_secs(55),
        "{:?}",
        begin.elapsed()
    );
}

async fn a_stack_has_one_slot_for_each_access(builder: Builder) {
    let world = World::of(builder).await;
    let client = &world.client;
    let stack = world.plain_stack("slots", ALWAYS_CHANGES).await;
    let both = [Access::Read, Access::Write];
    let reader = world.integration("slots-reader", &stack, &both).await;
    let writer = world.integration("slots-writer", &stack, &both).await;
    let third = world.integration("slots-third", &stack, &both).await;
    let first = client.attach(&reader, &stack, true, false).await.unwrap();
    // The same again is the same.
    assert_eq!(
        client.attach(&reader, &stack, true, false).await.unwrap(),
        first
    );
    // With other flags it is an update, and the message says of what.
    let message = refusal(client.attach(&reader, &stack, true, true).await);
    assert!(message.contains(&first), "{message}");
    let second = client.attach(&writer, &stack, false, true).await.unwrap();

    for (read, write, in_the_way) in [
        (true, false, "slots-reader"),
        (false, true, "slots-writer"),
        (true, true, "slots-"),
    ] {
        let message = refusal(client.attach(&third, &stack, read, write).await);
        assert!(message.contains(in_the_way), "{message}");
    }
    let message = refusal(client.attach(&third, &stack, false, false).await);
    assert!(
        message.contains("read") && message.contains("write"),
        "{message}"
    );
    let update = "mutation($id:ID!,$read:Boolean!,$write:Boolean!){\
                  awsIntegrationAttachmentUpdate(id:$id,read:$read,write:$write){id}}";
    let neither = json!({"id": second, "read": false, "write": false});
    client.refusal(update, neither).await;
    let taken = json!({"id": second, "read": true, "write": true});
    let message = client.refusal(update, taken).await;
    assert!(message.contains("slots-reader"), "{message}");
    assert_eq!(attachment(&world, &third, &stack).await, None);
    assert_eq!(
        attachment(&world, &writer, &stack).await,
        Some((false, true))
    );

    // A slot that becomes free meanwhile is taken: clients replace attachments in parallel.
    let (attached, ()) = tokio::join!(client.attach(&third, &stack, true, false), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        client.detach(&first).await.unwrap();
    });
    attached.unwrap();
    assert_eq!(
        attachment(&world, &third, &stack).await,
        Some((true, false))
    );

    // What is attached can't be deleted.
    let delete = "mutation($id:ID!){awsIntegrationDelete(id:$id){id}}";
    let message = client.refusal(delete, json!({"id": writer})).await;
    assert!(message.contains(&stack), "{message}");
}

async fn a_change_of_the_role_is_verified_for_every_attached_stack(builder: Builder) {
    let world = World::of(builder).await;
    let client = &world.client;
    let stack = world.plain_stack("changing", ALWAYS_CHANGES).await;
    let integration = world.integration("changing", &stack, &[Access::Read]).await;
    client
        .attach(&integration, &stack, true, false)
        .await
        .unwrap();
    let open = trust::open(&world.server.identity().arn);
    let arn = world
        .ministack()
        .create_role(&world.role_name("wide"), &open)
        .await
        .unwrap();
    let wide = IntegrationInput::new("changing", &arn);
    let message = refusal(client.update_integration(&integration, &wide).await);
    assert!(
        message.contains(&stack) && message.contains("confused deputy"),
        "{message}"
    );
    let answer = client
        .query(
            "query($id:ID!){awsIntegration(id:$id){roleArn}}",
            json!({"id": integration}),
        )
        .await
        .unwrap();
    assert_eq!(
        answer["awsIntegration"]["roleArn"],
        world.role_arn("changing").as_str()
    );
}

pub fn refusal<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    match answer {
        Err(ClientError::Refused(message)) => message,
        other => panic!("this was not refused: {other:?}"),
    }
}
