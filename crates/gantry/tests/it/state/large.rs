//! A state of 50 MB.

use super::code;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_50_megabytes_goes_to_and_fro() {
    let world = World::start().await;
    let stack = world
        .managed_stack("large", &[("main.tf", &code("one"))], &[])
        .await;
    world.apply(&stack).await;
    // An output that the code doesn't have: the next apply takes it out again.
    let push = "terraform state pull > s && python3 - <<'END'\n\
         import json\n\
         state = json.load(open('s'))\n\
         state['serial'] += 1\n\
         state['outputs']['big'] = {'value': 'x' * 50_000_000, 'type': 'string', 'sensitive': True}\n\
         json.dump(state, open('s', 'w'))\n\
         END\n\
         terraform state push s";
    world.told_by_task(&stack, push).await;
    let found = world.client.stack(&stack, "stateVersions{bytes}").await;
    let newest = &found.unwrap()["stateVersions"][0]["bytes"];
    assert!(newest.as_i64() > Some(50_000_000), "{newest}");
    let view = world.apply(&stack).await;
    assert_eq!(view.delta, Some([0, 0, 0]));
    let state = world.state(&stack).await;
    assert!(state["outputs"]["big"].is_null());
    // What a version changed is counted beside the answer, which takes its time with 50 MB: the end of
    // the test would be the end of the server's patience.
    let found = world
        .client
        .stack(&stack, "stateVersions{delta{changed resources}}")
        .await
        .unwrap();
    let delta = &found["stateVersions"][0]["delta"];
    assert_eq!(
        *delta,
        serde_json::json!({"changed": 0, "resources": 1}),
        "{found}"
    );
    assert_eq!(state["outputs"]["it"]["value"], "one");
}
