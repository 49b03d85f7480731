//! Who holds the lock of a state, and what becomes of those who come second.

use gantry_testkit::postgres::Postgres;

use super::code;
use crate::world::{ALWAYS_CHANGES, World};

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_race_for_one_state_on_sqlite() {
    two_runs_race(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_race_for_one_state_on_postgres() {
    let database = Postgres::shared().database().unwrap();
    two_runs_race(World::of(World::builder().database_url(&database.url())).await).await;
}

/// Four processes of two tasks, triggered at once, each of which wants to add something.
async fn two_runs_race(world: World) {
    let client = &world.client;
    let stack = world
        .managed_stack("racing", &[("main.tf", ALWAYS_CHANGES)], &[])
        .await;
    let add = "terraform apply -auto-approve -lock-timeout=60s -no-color";
    let command = format!(
        "{add} > one.log 2>&1 & first=$!\n{add} > two.log 2>&1; second=$?\nwait $first && [ $second = 0 ] \
         || {{ cat one.log two.log; exit 1; }}"
    );
    let (one, two) = tokio::join!(
        client.create_task(&stack, &command, false),
        client.create_task(&stack, &command, false)
    );
    for run in [one.unwrap(), two.unwrap()] {
        let view = client.wait_for_end(&stack, &run).await.unwrap();
        world.expect(&stack, &view, "FINISHED").await;
    }
    // Each of the four replaced what was there: none was lost, none happened twice.
    let state = world.state(&stack).await;
    let serial = state["serial"].as_i64().unwrap();
    assert!(serial >= 4, "{state}");
    assert_eq!(
        state["resources"][0]["instances"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_second_is_told_who_holds_the_lock_and_can_force_it_open() {
    let world = World::start().await;
    let stack = world
        .managed_stack("held", &[("main.tf", &code("one"))], &[])
        .await;
    world.apply(&stack).await;
    let lock = r#"{"ID":"left-behind","Operation":"OperationTypeApply","Who":"me@sandbox","Version":"1.11.4"}"#;
    let command = format!(
        "curl -s -f -X LOCK -u \"$TF_HTTP_USERNAME:$TF_HTTP_PASSWORD\" --data '{lock}' \"$TF_HTTP_LOCK_ADDRESS\"\n\
         terraform state rm -no-color terraform_data.it && exit 1\n\
         terraform force-unlock -force left-behind && terraform state rm terraform_data.it"
    );
    let view = world.task(&stack, &command).await;
    world.expect(&stack, &view, "FINISHED").await;
    let log = world.client.log(&stack, &view.id, "PERFORMING").await;
    let (told, run) = (log.unwrap(), view.id);
    // The tool breaks lines where it likes.
    let words: Vec<&str> = told
        .split_whitespace()
        .filter(|word| *word != "│")
        .collect();
    let told = words.join(" ");
    for part in [
        &format!("ID=left-behind, held by me@sandbox, perform phase of run {run}, triggered by"),
        ", since 20",
        "another command of the same run has it",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(
        world.state(&stack).await["resources"],
        serde_json::json!([])
    );
}
