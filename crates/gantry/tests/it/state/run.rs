//! The straight path of a stack whose code says nothing about its state, on both databases.

use gantry_testkit::postgres::Postgres;
use gantry_testkit::repository::Repository;

use super::code;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_straight_path_on_sqlite() {
    straight_path(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_straight_path_on_postgres() {
    let database = Postgres::shared().database().unwrap();
    straight_path(World::of(World::builder().database_url(&database.url())).await).await;
}

async fn straight_path(world: World) {
    let client = &world.client;
    let stack = world
        .managed_stack("kept", &[("main.tf", &code("hello"))], &[])
        .await;
    let found = client.stack(&stack, "managesStateFile").await.unwrap();
    assert_eq!(found["managesStateFile"], true);
    world.apply(&stack).await;
    let state = world.state(&stack).await;
    assert_eq!(state["outputs"]["it"]["value"], "hello", "{state}");

    // The next run knows what the last one did.
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(view.delta, Some([0, 0, 0]));
    let repository = Repository::at(&world.server.repositories().join("kept"));
    let files = [("main.tf", &code("good morning")[..])];
    let commit = repository
        .commit_on("politer", "Be polite", &files)
        .unwrap();
    let run = client.trigger(&stack, "PROPOSED", Some(&commit)).await;
    let view = client.wait_for_end(&stack, &run.unwrap()).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    assert_eq!(view.delta, Some([0, 1, 0]));
    assert_eq!(world.state(&stack).await["serial"], state["serial"]);

    client.delete_stack(&stack, true).await.unwrap();
    client.wait_until_gone(&stack).await.unwrap();
}

/// An archive that plan built is there in apply, which works with its own token.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_the_plan_is_used_by_apply() {
    let world = World::start().await;
    let stack = world
        .managed_stack(
            "archive",
            &[("main.tf", &code("hello"))],
            &[
                ("beforePlan", "echo built in plan > built.zip"),
                ("beforeApply", "cat built.zip"),
            ],
        )
        .await;
    let view = world.apply(&stack).await;
    let log = world
        .client
        .log(&stack, &view.id, "APPLYING")
        .await
        .unwrap();
    assert!(log.contains("built in plan"), "{log}");
}
