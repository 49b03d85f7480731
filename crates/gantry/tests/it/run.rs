//! The one straight path, on both databases.

use gantry_testkit::server::Builder;

use crate::world::{World, eventually};

/// One value that stays, and an `apply` that says who it is.
const GREETING: &str = r#"
variable "greeting" {
  default = "hello"
}

resource "terraform_data" "greeting" {
  input = var.greeting

  provisioner "local-exec" {
    command = "echo \"applied by $(aws sts get-caller-identity --query Arn --output text)\""
  }
}
"#;

on_both_databases!(the_straight_path);

async fn the_straight_path(builder: Builder) {
    let world = World::of(builder).await;
    let (client, mark) = (&world.client, &world.mark);
    let stack = world.stack_with_cloud("greeting", GREETING, &[]).await;

    // Tracked: planned with read, confirmed by a person, applied with write.
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    assert_eq!(view.delta, Some([1, 0, 0]));
    assert_eq!(view.commit.as_deref().map(str::len), Some(40));
    let holder = client.stack(&stack, "blocker{id} state").await.unwrap();
    assert_eq!(holder["blocker"]["id"], run.as_str(), "{holder}");
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(
        view.path(),
        "QUEUED READY PREPARING INITIALIZING PLANNING UNCONFIRMED CONFIRMED PREPARING_APPLY \
         APPLYING FINISHED"
    );
    let log = client.log(&stack, &run, "APPLYING").await.unwrap();
    assert!(
        log.contains(&format!(":assumed-role/greeting-writer-{mark}/{run}")),
        "{log}"
    );
    assert!(client.stack(&stack, "blocker{id}").await.unwrap()["blocker"].is_null());
    let state = world.object("greeting.tfstate").await.unwrap();
    assert!(state.contains("hello"), "{state}");

    // Nothing to change: it ends by itself, and nobody is asked.
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(
        view.path(),
        "QUEUED READY PREPARING INITIALIZING PLANNING FINISHED"
    );
    assert_eq!(view.delta, Some([0, 0, 0]));

    // A proposed run of a branch shows the change and leaves everything as it is.
    let repository = world.server.repositories().join("greeting");
    let repository = gantry_testkit::repository::Repository::at(&repository);
    let change = GREETING.replace("\"hello\"", "\"good morning\"");
    let commit = repository
        .commit_on("politer", "Be polite", &[("main.tf", &change)])
        .unwrap();
    let run = client
        .trigger(&stack, "PROPOSED", Some(&commit))
        .await
        .unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(view.commit.as_deref(), Some(commit.as_str()));
    assert_eq!(view.delta, Some([0, 1, 0]));
    assert!(
        world
            .object("greeting.tfstate")
            .await
            .unwrap()
            .contains("hello")
    );

    // A task may write.
    let command = format!(
        "aws s3api put-object --bucket {} --key by-task",
        world.bucket()
    );
    let run = client.create_task(&stack, &command, false).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(
        view.path(),
        "QUEUED READY PREPARING INITIALIZING PERFORMING FINISHED"
    );
    assert!(world.object("by-task").await.is_some());

    // The destructor.
    client.delete_stack(&stack, true).await.unwrap();
    client.wait_until_gone(&stack).await.unwrap();
    let state = world.object("greeting.tfstate").await.unwrap();
    assert!(state.contains("\"resources\": []"), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_waits_for_the_first() {
    let world = World::start().await;
    let client = &world.client;
    let stack = world
        .plain_stack("queueing", crate::world::ALWAYS_CHANGES)
        .await;
    let first = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let second = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client
        .wait_for(&stack, &first, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    assert_eq!(client.run(&stack, &second).await.unwrap().state, "QUEUED");
    // A proposed run does not wait.
    let proposed = client.trigger(&stack, "PROPOSED", None).await.unwrap();
    let view = client.wait_for_end(&stack, &proposed).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(client.run(&stack, &second).await.unwrap().state, "QUEUED");
    client.act("runDiscard", &stack, &first).await.unwrap();
    let view = client
        .wait_for(&stack, &second, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    assert_eq!(client.run(&stack, &first).await.unwrap().state, "DISCARDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_is_what_is_applied() {
    let world = World::start().await;
    let client = &world.client;
    let stack = world.stack_with_cloud("approved", GREETING, &[]).await;
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    // The branch moves on meanwhile.
    let repository =
        gantry_testkit::repository::Repository::at(&world.server.repositories().join("approved"));
    let change = GREETING.replace("\"hello\"", "\"something else\"");
    repository
        .commit("Change it", &[("main.tf", &change)])
        .unwrap();
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let state = world.object("approved.tfstate").await.unwrap();
    assert!(
        state.contains("hello") && !state.contains("something else"),
        "{state}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_state_has_moved_is_not_applied() {
    let world = World::start().await;
    let client = &world.client;
    let stack = world.stack_with_cloud("moved", GREETING, &[]).await;
    world.apply(&stack).await;
    let repository =
        gantry_testkit::repository::Repository::at(&world.server.repositories().join("moved"));
    let change = GREETING.replace("\"hello\"", "\"new\"");
    repository
        .commit("Change it", &[("main.tf", &change)])
        .unwrap();
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    // Somebody else writes a newer state past us.
    let state = world.object("moved.tfstate").await.unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&state).unwrap();
    state["serial"] = (state["serial"].as_i64().unwrap() + 7).into();
    world.put_object("moved.tfstate", &state.to_string()).await;
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED");
    assert!(
        view.reason()
            .contains("the state has changed since this plan"),
        "{}",
        view.reason()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_stopped_while_it_plans() {
    let world = World::start().await;
    let client = &world.client;
    let repository = world.repository("stopped", &[("main.tf", crate::world::ALWAYS_CHANGES)]);
    let input = gantry_testkit::client::StackInput::new("stopped", repository.path())
        .hook("beforePlan", "echo waiting; sleep 600");
    let stack = world.stack(&input).await;
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    eventually("the hook waits", || async {
        let page = client
            .log_page(&stack, &run, "PLANNING", None)
            .await
            .unwrap();
        page.text.contains("waiting").then_some(())
    })
    .await;
    let children = world.server.processes();
    assert!(
        children.iter().any(|child| child.name == "sleep"),
        "{children:?}"
    );
    client.act("runStop", &stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "STOPPED", "{}", view.reason());
    eventually("the child is gone", || async {
        let left = world.server.processes();
        (!left.iter().any(|child| child.name == "sleep")).then_some(())
    })
    .await;
}
