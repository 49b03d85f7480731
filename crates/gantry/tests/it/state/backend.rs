//! Backend blocks of the user: overridden, or the run fails before anything is lost.

use gantry_testkit::client::StackInput;

use super::code;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_the_user_is_overridden() {
    let world = World::start().await;
    let local = "terraform {\n  backend \"local\" {\n    path = \"/tmp/elsewhere\"\n  }\n}\n";
    let cloud = "terraform {\n  cloud {\n    organization = \"o\"\n    workspaces {\n      name = \"w\"\n    }\n  }\n}\n";
    let s3 = "terraform {\n  backend \"s3\" {}\n}\n";
    for (name, file, block) in [
        ("local", "zzz_override.tf", local),
        ("cloud", "backend.tf", cloud),
        ("bucket", "backend.tf", s3),
    ] {
        let files = [("main.tf", &code(name)[..]), (file, block)];
        let stack = world.managed_stack(name, &files, &[]).await;
        world.apply(&stack).await;
        let state = world.state(&stack).await;
        assert_eq!(state["outputs"]["it"]["value"], name, "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_override_fails_the_run_before_its_plan() {
    let world = World::start().await;
    let local = "terraform {\n  backend \"local\" {}\n}\n";
    let files = [("main.tf", &code("x")[..]), ("~~_override.tf", local)];
    let committed = world.managed_stack("committed", &files, &[]).await;
    let hook = "printf 'terraform {\\nbackend \"local\" {}\\n}\\n' > '~~_override.tf'";
    let hooked = world
        .managed_stack(
            "hooked",
            &[("main.tf", &code("x"))],
            &[("beforeInit", hook)],
        )
        .await;
    for (stack, sentence) in [
        (&committed, "the override file `~~_override.tf` sorts after"),
        (
            &hooked,
            "initialize has configured the state backend `local`",
        ),
    ] {
        let run = world.client.trigger(stack, "TRACKED", None).await.unwrap();
        let view = world.client.wait_for_end(stack, &run).await.unwrap();
        assert_eq!(view.state, "FAILED");
        assert!(view.reason().contains(sentence), "{}", view.reason());
        assert!(!view.path().contains("PLANNING"), "{}", view.path());
    }
    // A task fails before its command as well.
    let view = world.task(&hooked, "echo it began").await;
    assert_eq!(view.state, "FAILED");
    assert!(!view.path().contains("PERFORMING"), "{}", view.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_name_is_refused() {
    let world = World::start().await;
    let repository = world.repository("workspace", &[("main.tf", &code("x"))]);
    let mut input = StackInput::new("workspace", repository.path());
    input.manage_state = true;
    input.terraform = serde_json::json!({"workspace": "blue"});
    let refused = world.client.create_stack(&input).await.unwrap_err();
    let sentence = refused.to_string();
    assert!(sentence.contains("workspace"), "{sentence}");
}
