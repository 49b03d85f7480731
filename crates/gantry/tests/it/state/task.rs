//! Tasks that work on the state: moving, importing, removing, pushing.

use super::code;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn tasks_import_move_and_push() {
    let world = World::start().await;
    let client = &world.client;
    let both = format!(
        "{}\nresource \"terraform_data\" \"other\" {{}}\n",
        code("one")
    );
    let stack = world
        .managed_stack("tasks", &[("main.tf", &both)], &[])
        .await;
    world
        .told_by_task(&stack, "terraform import terraform_data.other some-id")
        .await;
    let state = world.state(&stack).await;
    assert_eq!(state["resources"][0]["name"], "other", "{state}");
    world
        .told_by_task(
            &stack,
            "terraform state mv terraform_data.other terraform_data.it",
        )
        .await;
    let state = world.state(&stack).await;
    assert_eq!(state["resources"][0]["name"], "it", "{state}");
    let serial = state["serial"].as_i64().unwrap();

    let push = "terraform state pull > s && terraform state rm terraform_data.it && \
         sed -i 's/\"serial\": [0-9]*/\"serial\": 50/' s && terraform state push s";
    world.told_by_task(&stack, push).await;
    let state = world.state(&stack).await;
    assert_eq!(state["resources"][0]["name"], "it", "{state}");
    assert!(
        serial < 50 && state["serial"].as_i64() >= Some(50),
        "{state}"
    );

    // Without initialize the command does that itself: the backend is in place.
    let command = "terraform init -input=false && terraform state list";
    let run = client.create_task(&stack, command, true).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let log = client.log(&stack, &run, "PERFORMING").await.unwrap();
    assert!(log.contains("terraform_data.it\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_next_state_is_refused_and_nothing_is_lost() {
    let world = World::start().await;
    let stack = world
        .managed_stack("refusing", &[("main.tf", &code("one"))], &[])
        .await;
    world.apply(&stack).await;
    let post = |body: &str| {
        format!(
            "lock='{{\"ID\":\"by-hand\",\"Operation\":\"test\",\"Who\":\"me\",\"Version\":\"1\"}}'\n\
             ask() {{ curl -s -w ' %{{http_code}}\\n' -u \"$TF_HTTP_USERNAME:$TF_HTTP_PASSWORD\" \"$@\"; }}\n\
             ask -X LOCK --data \"$lock\" \"$TF_HTTP_LOCK_ADDRESS\"\n\
             ask -X POST --data '{body}' \"$TF_HTTP_ADDRESS?ID=by-hand\"\n\
             ask -X UNLOCK --data \"$lock\" \"$TF_HTTP_UNLOCK_ADDRESS\""
        )
    };
    let lineage = world.state(&stack).await["lineage"]
        .as_str()
        .unwrap()
        .to_owned();
    let old = format!(
        r#"{{"version":4,"serial":0,"lineage":"{lineage}","outputs":{{}},"resources":[]}}"#
    );
    for (body, word) in [
        ("this is no JSON", "JSON"),
        (
            r#"{"version":4,"serial":9,"lineage":"of-another","outputs":{},"resources":[]}"#,
            "lineage",
        ),
        (&old, "serial"),
    ] {
        let told = world.told_by_task(&stack, &post(body)).await;
        let mut lines = told.lines().skip_while(|line| !line.contains(word));
        assert!(lines.next().is_some(), "{told}");
        let status = lines.next().unwrap_or_default();
        assert!(status.starts_with(" 4"), "{told}");
    }
    assert_eq!(world.state(&stack).await["outputs"]["it"]["value"], "one");
}
