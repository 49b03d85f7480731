//! Input that is wrong: one clear sentence, and nothing stays behind.

use gantry_testkit::client::{Client, IntegrationInput, RunView, StackInput};
use serde_json::json;

use crate::cloud_integration::refusal;
use crate::world::{ALWAYS_CHANGES, World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn integrations() {
    let world = World::start().await;
    let client = &world.client;
    let good = IntegrationInput::new("good", "arn:aws:iam::111122223333:role/x");
    let cases = [
        (
            IntegrationInput {
                role_arn: String::new(),
                ..good.clone()
            },
            "roleArn",
        ),
        (
            IntegrationInput {
                role_arn: "arn:aws:iam::1:role/a b".into(),
                ..good.clone()
            },
            "roleArn",
        ),
        (
            IntegrationInput {
                role_arn: "arn\u{7}".into(),
                ..good.clone()
            },
            "roleArn",
        ),
        (
            IntegrationInput {
                duration: 899,
                ..good.clone()
            },
            "899",
        ),
        (
            IntegrationInput {
                duration: 43_201,
                ..good.clone()
            },
            "43201",
        ),
        (
            IntegrationInput {
                external_id: "mine".into(),
                ..good.clone()
            },
            "external ID",
        ),
        (
            IntegrationInput {
                external_id: "ACME@x".into(),
                in_worker: true,
                ..good.clone()
            },
            "external ID",
        ),
        (
            IntegrationInput {
                external_id: "other@integration@stack@write".into(),
                in_worker: true,
                ..good.clone()
            },
            "external ID",
        ),
        (
            IntegrationInput {
                name: String::new(),
                ..good.clone()
            },
            "name",
        ),
    ];
    for (input, names) in cases {
        let message = refusal(client.create_integration(&input).await);
        assert!(message.contains(names), "{input:?}: {message}");
    }
    let answer = client
        .query("{awsIntegrations{id}}", json!({}))
        .await
        .unwrap();
    assert_eq!(answer["awsIntegrations"], json!([]));

    // Any other text is stored: STS is the judge when it is attached.
    client
        .create_integration(&IntegrationInput {
            role_arn: "not-an-arn".into(),
            ..good.clone()
        })
        .await
        .unwrap();
    let message = refusal(client.create_integration(&good).await);
    assert!(message.contains("good"), "names are unique: {message}");

    let id = client
        .create_integration(&IntegrationInput {
            name: "b".into(),
            ..good
        })
        .await
        .unwrap();
    let message = refusal(client.attach(&id, "no-such-stack", true, false).await);
    assert!(message.contains("no-such-stack"), "{message}");
    let stack = world.plain_stack("there", ALWAYS_CHANGES).await;
    let message = refusal(
        client
            .attach("01JAAAAAAAAAAAAAAAAAAAAAAA", &stack, true, false)
            .await,
    );
    assert!(message.contains("01JAAAAAAAAAAAAAAAAAAAAAAA"), "{message}");
    let message = refusal(client.set_legacy_role(&stack, "").await);
    assert!(message.contains("roleArn"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_slugs_of_stacks() {
    let world = World::start().await;
    let client = &world.client;
    let repository = world.repository("names", &[("main.tf", ALWAYS_CHANGES)]);
    let named = |name: &str| StackInput::new(name, repository.path());
    let slugged = |slug: &str| StackInput {
        slug: Some(slug.to_owned()),
        ..named("any")
    };

    // A name is made into a slug.
    let long = "x".repeat(200);
    for (name, slug) in [
        ("Shop, EU *@* (1)", "shop-eu-1"),
        (long.as_str(), &"x".repeat(63)),
        ("Größe", "gr-e"),
    ] {
        assert_eq!(client.create_stack(&named(name)).await.unwrap(), slug);
    }
    for (name, names) in [
        ("shop EU 1", "shop-eu-1"),
        (&"z".repeat(300), "300"),
        ("@@@", "@@@"),
        ("", "name"),
        ("Read", "read"),
        ("write!", "write"),
    ] {
        let message = refusal(client.create_stack(&named(name)).await);
        assert!(message.contains(names), "{name}: {message}");
    }
    // A slug is taken as it is or refused.
    for slug in [
        "read",
        "write",
        "x@prod",
        "PROD",
        "prod-",
        "-prod",
        "a*b",
        "a/b",
        &"y".repeat(64),
    ] {
        let message = refusal(client.create_stack(&slugged(slug)).await);
        assert!(message.contains(slug), "{slug}: {message}");
    }
    let answer = client.query("{stacks{id}}", json!({})).await.unwrap();
    assert_eq!(
        answer["stacks"].as_array().map(Vec::len),
        Some(3),
        "{answer}"
    );

    let managed = StackInput {
        manage_state: true,
        terraform: json!({"workspace": "prod"}),
        ..named("managed")
    };
    let message = refusal(client.create_stack(&managed).await);
    assert!(
        message.starts_with("vendorConfig.terraform.workspace `prod`"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_variables() {
    let world = World::start().await;
    let stack = world.plain_stack("variables", ALWAYS_CHANGES).await;
    for name in [
        "PATH",
        "LD_PRELOAD",
        "TF_DATA_DIR",
        "SPACELIFT_API_TOKEN",
        "BASH_ENV",
        "AWS_EC2_METADATA_DISABLED",
        "not a name",
        "",
    ] {
        let message = refusal(world.client.set_variable(&stack, name, "x", false).await);
        assert!(message.contains(name), "{name}: {message}");
    }
    let config = world.client.stack(&stack, "config{id}").await.unwrap();
    assert_eq!(
        config["config"].as_array().map(Vec::len),
        Some(2),
        "{config}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_or_branch_that_is_not_there() {
    let world = World::start().await;
    let client = &world.client;
    let outside = tempfile::tempdir().unwrap();
    let message = refusal(
        client
            .create_stack(&StackInput::new("outside", outside.path()))
            .await,
    );
    assert!(message.contains("source.local_roots"), "{message}");

    let gone = world.server.repositories().join("gone");
    let message = match client.create_stack(&StackInput::new("gone", &gone)).await {
        Err(error) => error.to_string(),
        Ok(stack) => failed(client, &stack, None).await.reason().to_owned(),
    };
    assert!(message.contains("gone"), "{message}");

    let repository = world.repository("there", &[("main.tf", ALWAYS_CHANGES)]);
    let input = StackInput {
        branch: "nowhere".into(),
        ..StackInput::new("branch", repository.path())
    };
    let message = match client.create_stack(&input).await {
        Err(error) => error.to_string(),
        Ok(stack) => match client.trigger(&stack, "TRACKED", None).await {
            Err(error) => error.to_string(),
            Ok(run) => client
                .wait_for_end(&stack, &run)
                .await
                .unwrap()
                .reason()
                .to_owned(),
        },
    };
    assert!(message.contains("nowhere"), "{message}");

    let mut input = StackInput::new("rootless", repository.path());
    input.project_root = Some("infra/prod".into());
    let stack = world.stack(&input).await;
    let view = failed(client, &stack, None).await;
    assert!(view.reason().contains("infra/prod"), "{}", view.reason());
    let message = match client
        .trigger(&stack, "TRACKED", Some(&"a".repeat(40)))
        .await
    {
        Err(error) => error.to_string(),
        Ok(run) => client
            .wait_for_end(&stack, &run)
            .await
            .unwrap()
            .reason()
            .to_owned(),
    };
    assert!(message.contains("aaaa"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_broken() {
    let world = World::start().await;
    let stack = world
        .plain_stack("broken", "resource \"terraform_data\" {")
        .await;
    let view = failed(&world.client, &stack, None).await;
    assert!(!view.reason().is_empty());
    let log = world.client.whole_log(&stack, &view.id).await.unwrap();
    assert!(log.contains("main.tf"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_fail_or_never_end() {
    let world = World::of(
        World::builder()
            .set("run.time_limit", "3")
            .set("run.stop_grace", "1"),
    )
    .await;
    let repository = world.repository("hooks", &[("main.tf", ALWAYS_CHANGES)]);
    for (name, hook, reason) in [
        ("fails", "false", "exit"),
        ("ends-the-shell", "exit 0", "a hook ended the shell"),
        ("never-ends", "echo hello; sleep 600", "3"),
        (
            "ignores-signals",
            "trap '' INT TERM; echo hello; sleep 600 & wait; sleep 600",
            "3",
        ),
    ] {
        let stack = world
            .stack(&StackInput::new(name, repository.path()).hook("beforePlan", hook))
            .await;
        let view = failed(&world.client, &stack, None).await;
        assert!(view.reason().contains(reason), "{name}: {}", view.reason());
        assert!(
            view.path().ends_with("PLANNING FAILED"),
            "{name}: {}",
            view.path()
        );
    }
    eventually("no child is left", || async {
        let left = world.server.processes();
        (!left.iter().any(|child| child.name == "sleep")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_prints_a_secret() {
    let world = World::start().await;
    let code = format!(
        "{ALWAYS_CHANGES}\nvariable \"password\" {{}}\noutput \"leak\" {{ value = var.password }}\n"
    );
    let stack = world.plain_stack("leaking", &code).await;
    let secret = "correct-horse-battery-staple";
    world
        .client
        .set_variable(&stack, "TF_VAR_password", secret, true)
        .await
        .unwrap();
    let view = world.apply(&stack).await;
    let log = world.client.whole_log(&stack, &view.id).await.unwrap();
    assert!(log.contains("leak"), "{log}");
    assert!(!log.contains(secret), "{log}");
    let config = world
        .client
        .stack(&stack, "config{id value checksum}")
        .await
        .unwrap();
    assert!(!config.to_string().contains(secret), "{config}");
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_that_a_run_does_not_allow() {
    let world = World::start().await;
    let client = &world.client;
    let stack = world.plain_stack("moves", ALWAYS_CHANGES).await;
    let proposed = client.trigger(&stack, "PROPOSED", None).await.unwrap();
    client.wait_for_end(&stack, &proposed).await.unwrap();
    for how in ["runConfirm", "runDiscard", "runCancel", "runStop"] {
        let message = refusal(client.act(how, &stack, &proposed).await);
        assert!(
            message.to_lowercase().contains("finished"),
            "{how}: {message}"
        );
    }
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    client.confirm(&stack, &run).await.unwrap();
    let message = refusal(client.confirm(&stack, &run).await);
    assert!(message.contains(&run), "{message}");
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let applied = view
        .history
        .iter()
        .filter(|step| step.state == "APPLYING")
        .count();
    assert_eq!(applied, 1);
    refusal(client.confirm(&stack, "01JAAAAAAAAAAAAAAAAAAAAAAA").await);
    refusal(client.create_task(&stack, "", false).await);
}

/// Triggers a tracked run that must fail, and hold nothing afterwards.
async fn failed(client: &Client, stack: &str, commit: Option<&str>) -> RunView {
    let run = client.trigger(stack, "TRACKED", commit).await.unwrap();
    let view = client.wait_for_end(stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED", "{}", view.path());
    let left = client.stack(stack, "blocker{id} lockedBy").await.unwrap();
    assert!(
        left["blocker"].is_null() && left["lockedBy"].is_null(),
        "{left}"
    );
    view
}
