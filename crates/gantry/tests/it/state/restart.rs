//! A saved plan that another worker process applies.

use super::code;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_before_a_restart_is_applied_with_a_token_of_after_it() {
    let mut world = World::start().await;
    let stack = world
        .managed_stack(
            "restarted",
            &[("main.tf", &code("hello"))],
            &[
                ("beforePlan", "echo zip > built.zip"),
                ("beforeApply", "cat built.zip"),
            ],
        )
        .await;
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = world.client.wait_for(&stack, &run, "UNCONFIRMED").await;
    world.expect(&stack, &view.unwrap(), "UNCONFIRMED").await;
    world.server.restart().unwrap();
    world.client = world.server.client().await;
    world.client.confirm(&stack, &run).await.unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let log = world.client.log(&stack, &run, "APPLYING").await.unwrap();
    assert!(log.contains("initializing again"), "{log}");
    assert!(log.contains("zip\n"), "{log}");
    assert_eq!(world.state(&stack).await["outputs"]["it"]["value"], "hello");
}
