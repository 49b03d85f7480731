//! A state that moved between plan and confirmation.

use gantry_testkit::repository::Repository;

use super::code;
use crate::world::World;

/// Nobody can move it in the product while a run holds the stack; whoever restores a database can.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_another_state_is_not_applied() {
    let mut world = World::start().await;
    let stack = world
        .managed_stack("moved", &[("main.tf", &code("one"))], &[])
        .await;
    world.apply(&stack).await;
    let repository = Repository::at(&world.server.repositories().join("moved"));
    for value in ["two", "three"] {
        let files = [("main.tf", &code(value)[..])];
        repository.commit("Change it", &files).unwrap();
        if value == "two" {
            world.apply(&stack).await;
        }
    }
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = world.client.wait_for(&stack, &run, "UNCONFIRMED").await;
    world.expect(&stack, &view.unwrap(), "UNCONFIRMED").await;

    let found = world.client.stack(&stack, "stateVersions{id serial}").await;
    let versions = found.unwrap();
    let older = versions["stateVersions"][1]["id"].as_str().unwrap();
    let refused = world
        .client
        .query(
            "mutation($stack:ID!,$to:ID!){stateRollback(stack:$stack,version:$to){id}}",
            serde_json::json!({"stack": stack, "to": older}),
        )
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains(&format!("run {run} holds")), "{refused}");

    world.server.stop();
    let file = world.server.data_dir().join("gantry.sqlite");
    let program = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); \
        d.execute('update state_current set version_id = ?', (sys.argv[2],)); d.commit()";
    let python = std::process::Command::new("python3")
        .args(["-c", program])
        .arg(&file)
        .arg(older)
        .status();
    assert!(python.unwrap().success());
    world.server.restart().unwrap();
    world.client = world.server.client().await;
    world.client.confirm(&stack, &run).await.unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED");
    assert!(
        view.reason()
            .starts_with("the state has changed since this plan"),
        "{}",
        view.reason()
    );
    assert_eq!(world.state(&stack).await["outputs"]["it"]["value"], "one");
}
