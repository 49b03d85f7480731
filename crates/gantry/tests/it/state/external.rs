//! The state of another stack, read by `terraform_remote_state`.

use gantry_testkit::client::StackInput;

use super::code;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn another_stacks_outputs_are_read_where_that_stack_allows_it() {
    let world = World::start().await;
    for (name, allowed) in [("open", true), ("closed", false)] {
        let repository = world.repository(name, &[("main.tf", &code(name))]);
        let mut input = StackInput::new(name, repository.path());
        input.manage_state = true;
        input.terraform = serde_json::json!({"externalStateAccessEnabled": allowed});
        let stack = world.client.create_stack(&input).await.unwrap();
        world.apply(&stack).await;
        let address = world.state_address(&stack).await;
        let reading = format!(
            "data \"terraform_remote_state\" \"it\" {{\n  backend = \"http\"\n  config = {{\n    \
             address = \"{address}\"\n  }}\n}}\n\n\
             output \"it\" {{\n  value = data.terraform_remote_state.it.outputs.it\n}}\n"
        );
        let reader = world
            .managed_stack(&format!("reader-of-{name}"), &[("main.tf", &reading)], &[])
            .await;
        if allowed {
            world.apply(&reader).await;
            let state = world.state(&reader).await;
            assert_eq!(state["outputs"]["it"]["value"], "open", "{state}");
        } else {
            let run = world
                .client
                .trigger(&reader, "TRACKED", None)
                .await
                .unwrap();
            let view = world.client.wait_for_end(&reader, &run).await.unwrap();
            assert_eq!(view.state, "FAILED");
            let log = world.client.log(&reader, &run, "PLANNING").await.unwrap();
            assert!(log.contains("terraform_remote_state"), "{log}");
            assert!(!log.contains("closed\n"), "{log}");
        }
    }
}
