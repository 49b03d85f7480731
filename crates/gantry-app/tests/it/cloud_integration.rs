use std::time::Duration;

use gantry_app::cloud_integration::IntegrationInput;
use gantry_app::role::RoleInput;
use gantry_app::{OpError, Subject, Who};
use gantry_core::ids::{IntegrationId, RunId, SpaceId, StackId};
use gantry_core::run::{Phase, RunKind};

use crate::aws::{AWS, Aws, external_ids, input, refusal};

const ROLE: &str = "arn:aws:iam::111122223333:role/whatever";

#[tokio::test]
async fn an_integration_reads_back_with_its_defaults() {
    let aws = Aws::start().await;
    let made = aws.integration("prod", ROLE).await;
    assert_eq!(made.space, SpaceId::new("legacy"));
    assert_eq!(made.role.duration.seconds(), 900);
    let (app, admin) = (aws.app(), &aws.world.admin);
    let found = app.integration(admin, AWS, &made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    let found = app.integration_by_name(admin, AWS, "prod").await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    let found = app.integration_by_name(admin, AWS, "PROD").await.unwrap();
    assert_eq!(found, None);
    assert_eq!(app.integrations(admin, AWS).await.unwrap(), [made]);
}

#[tokio::test]
async fn an_update_replaces_everything_but_the_space() {
    let aws = Aws::start().await;
    let made = aws
        .create(&IntegrationInput {
            labels: vec!["a".into()],
            space: Some("root".into()),
            autoattach_enabled: true,
            role: RoleInput {
                role_arn: ROLE.into(),
                duration_seconds: Some(3600),
                region: Some("eu-west-1".into()),
                tag_sessions: Some(true),
                ..RoleInput::default()
            },
            ..input("prod", ROLE)
        })
        .await
        .unwrap();
    let (app, admin) = (aws.app(), &aws.world.admin);
    let updated = aws.update(&made, input("renamed", ROLE));
    let updated = updated.await.unwrap();
    assert_eq!(updated.id, made.id);
    assert_eq!(updated.name, "renamed");
    assert_eq!(updated.space, SpaceId::new("root"));
    assert_eq!(updated.labels, Vec::<String>::new());
    assert!(!updated.autoattach_enabled && !updated.role.tag_sessions);
    assert_eq!(updated.role.duration.seconds(), 900);
    assert_eq!(updated.role.region, None);
    let stored = app.integration(admin, AWS, &made.id).await.unwrap();
    assert_eq!(stored, Some(updated));
}

#[tokio::test]
async fn each_wrong_input_is_named_and_nothing_is_stored() {
    let aws = Aws::start().await;
    let role = |role: RoleInput| IntegrationInput {
        role,
        ..input("prod", ROLE)
    };
    let wrong = [
        (input("", ROLE), "name:"),
        (input("  ", ROLE), "name:"),
        (input("a\nb", ROLE), "name:"),
        (input(&"n".repeat(300), ROLE), "name:"),
        (input("prod", ""), "roleArn is empty"),
        (input("prod", "arn: x"), "roleArn"),
        (
            IntegrationInput {
                space: Some("nowhere".into()),
                ..input("prod", ROLE)
            },
            "there is no space `nowhere`",
        ),
        (
            IntegrationInput {
                labels: vec!["a\u{7}".into()],
                ..input("prod", ROLE)
            },
            "label",
        ),
        (
            role(RoleInput {
                role_arn: ROLE.into(),
                external_id: Some("my-own".into()),
                ..RoleInput::default()
            }),
            "credentials are generated in the worker",
        ),
        (
            role(RoleInput {
                role_arn: ROLE.into(),
                duration_seconds: Some(43_201),
                ..RoleInput::default()
            }),
            "durationSeconds is 43201",
        ),
    ];
    for (input, expected) in wrong {
        let said = refusal(aws.create(&input).await);
        assert!(said.contains(expected), "{said:?} lacks {expected:?}");
    }
    let (app, admin) = (aws.app(), &aws.world.admin);
    assert_eq!(app.integrations(admin, AWS).await.unwrap(), []);

    aws.integration("prod", ROLE).await;
    let other = aws.integration("other", ROLE).await;
    let said = refusal(aws.create(&input("prod", ROLE)).await);
    assert!(said.contains("\"prod\" already"), "{said}");
    let renamed = aws.update(&other, input("prod", ROLE));
    let said = refusal(renamed.await);
    assert!(said.contains("\"prod\" already"), "{said}");
}

#[tokio::test]
async fn an_attached_integration_is_not_deleted() {
    let aws = Aws::start().await;
    let (one, two) = (aws.world.stack("one").await, aws.world.stack("two").await);
    let integration = aws.trusted_integration("deleted", &[&one, &two]).await;
    let (app, admin) = (aws.app(), &aws.world.admin);
    let attached = aws.attach(&integration, &one, true, true).await.unwrap();
    aws.attach(&integration, &two, true, false).await.unwrap();

    let said = refusal(app.integration_delete(admin, AWS, &integration.id).await);
    assert!(said.contains("the stacks one and two"), "{said}");
    let detached = app.integration_detach(admin, AWS, &attached.attachment.id);
    detached.await.unwrap();
    let said = refusal(app.integration_delete(admin, AWS, &integration.id).await);
    assert!(said.contains("the stack two"), "{said}");

    let free = aws.integration("free", ROLE).await;
    let deleted = app.integration_delete(admin, AWS, &free.id).await.unwrap();
    assert_eq!(deleted.as_ref(), Some(&free));
    let again = app.integration_delete(admin, AWS, &free.id).await.unwrap();
    assert_eq!(again, None);
}

#[tokio::test]
async fn a_new_role_is_tried_for_every_attached_stack() {
    let aws = Aws::start().await;
    let (one, two) = (aws.world.stack("one").await, aws.world.stack("two").await);
    let integration = aws.trusted_integration("moving", &[&one, &two]).await;
    aws.attach(&integration, &one, true, true).await.unwrap();
    aws.attach(&integration, &two, true, false).await.unwrap();
    let (app, admin) = (aws.app(), &aws.world.admin);

    let open = aws.open_role("moving-open").await;
    let update = aws.update(&integration, input("moving", &open));
    let said = refusal(update.await);
    assert!(said.contains("one"), "{said}");
    assert!(
        !said.contains("you need to configure trust relationship"),
        "{said}"
    );
    let stored = app.integration(admin, AWS, &integration.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&integration));

    // The new role trusts one stack only, and learns of the other a moment later.
    let ids = external_ids(&integration, &[&one, &two]);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let next = aws.role("moving-next", &ids[..2]).await;
    let next_input = input("moving", &next);
    let update = aws.update(&integration, next_input);
    let (updated, ()) = tokio::join!(update, async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        aws.trust("moving-next", &ids).await;
    });
    assert_eq!(updated.unwrap().role.arn.as_str(), next);
}

#[tokio::test]
async fn what_is_not_sent_to_aws_is_changed_without_asking() {
    let aws = Aws::start().await;
    let stack = aws.world.stack("one").await;
    let integration = aws.trusted_integration("labelled", &[&stack]).await;
    aws.attach(&integration, &stack, true, true).await.unwrap();
    // Would be refused if it were tried.
    aws.trust("labelled", &["somebody-else"]).await;
    let renamed = IntegrationInput {
        labels: vec!["a".into()],
        ..input("labelled anew", integration.role.arn.as_str())
    };
    let updated = aws.update(&integration, renamed);
    assert_eq!(updated.await.unwrap().labels, ["a"]);
}

#[tokio::test]
async fn an_integration_stays_where_its_stacks_see_it() {
    let aws = Aws::start().await;
    let mut draft = aws.world.draft("one");
    draft.space = Some("root".into());
    let stack = aws.world.stack_of(draft).await;
    let hidden = aws.trusted_integration("hidden", &[&stack]).await;
    let said = refusal(aws.attach(&hidden, &stack, true, false).await);
    assert!(
        said.contains("`legacy`") && said.contains("`root`"),
        "{said}"
    );

    let arn = hidden.role.arn.as_str();
    let to = |space: &str| IntegrationInput {
        space: Some(space.into()),
        ..input("hidden", arn)
    };
    let moved = aws.update(&hidden, to("root"));
    moved.await.unwrap();
    aws.attach(&hidden, &stack, true, false).await.unwrap();
    let back = aws.update(&hidden, to("legacy"));
    let said = refusal(back.await);
    assert!(said.contains("the stack one"), "{said}");
}

#[tokio::test]
async fn the_token_of_a_read_phase_only_reads() {
    let aws = Aws::start().await;
    let integration = aws.integration("prod", ROLE).await;
    let token = |space: &str| {
        Subject::new(
            Who::Run {
                run: RunId::new("01JD8Z5K3V9QW2XH7N4M6R0TBC"),
                kind: RunKind::Tracked,
                stack: StackId::new("one"),
                space: SpaceId::new(space),
                phase: Phase::Plan,
                administrative: true,
            },
            "a run",
        )
    };
    let (app, id) = (aws.app(), &integration.id);
    let found = app.integration(&token("legacy"), AWS, id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&integration));
    let deleted = app.integration_delete(&token("legacy"), AWS, id).await;
    assert!(matches!(deleted, Err(OpError::Forbidden(_))), "{deleted:?}");
    let other = input("x", ROLE);
    let token_of_stack = token("legacy");
    let made = app.integration_create(&token_of_stack, AWS, &other);
    assert!(matches!(made.await, Err(OpError::Forbidden(_))));
    let elsewhere = app.integration(&token("root"), AWS, id).await.unwrap();
    assert_eq!(elsewhere, None);
    let token_elsewhere = token("root");
    let update = app.integration_update(&token_elsewhere, AWS, id, &other);
    assert!(matches!(update.await, Err(OpError::Missing { .. })));
    let gone = IntegrationId::new("01JD8Z5K3V9QW2XH7N4M6R0TBD");
    assert_eq!(
        app.integration(&aws.world.admin, AWS, &gone).await.unwrap(),
        None
    );
}
