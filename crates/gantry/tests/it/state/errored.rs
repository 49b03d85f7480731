//! An apply whose lock was stolen: its state is refused, kept, and restored by a task.

use crate::world::World;

/// While it is being created, the lock of its own apply is taken away from it.
const STEALING: &str = r#"
resource "terraform_data" "it" {
  provisioner "local-exec" {
    command = <<-EOT
      test -e errored.tfstate && exit 0
      ask() { curl -s -u "$TF_HTTP_USERNAME:$TF_HTTP_PASSWORD" "$@"; }
      held=$(ask -X LOCK --data '{"ID":"mine","Operation":"x","Who":"x","Version":"1"}' "$TF_HTTP_LOCK_ADDRESS")
      id=$(echo "$held" | sed -E 's/.*"ID": ?"([^",]*)[",].*/\1/')
      ask -f -X UNLOCK --data "{\"ID\":\"$id\",\"Operation\":\"x\",\"Who\":\"x\",\"Version\":\"1\"}" "$TF_HTTP_UNLOCK_ADDRESS"
    EOT
  }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_refused_is_kept_and_restored_by_a_task() {
    let world = World::start().await;
    let client = &world.client;
    let stack = world
        .managed_stack("stolen", &[("main.tf", STEALING)], &[])
        .await;
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    let log = client.log(&stack, &run, "APPLYING").await.unwrap();
    assert_eq!(view.state, "FAILED", "{log}");
    assert!(log.contains("errored.tfstate"), "{log}");
    assert!(
        view.reason()
            .contains("left an errored.tfstate, which was kept"),
        "{}",
        view.reason()
    );
    // Why it was refused: the tool says no more than a status.
    let refused = view.history.iter().find(|step| step.state == "APPLYING");
    let why = &refused.unwrap().note;
    assert!(why.contains("is not locked any more"), "{why}");
    let found = client.stack(&stack, "lockedBy lockNote").await.unwrap();
    let note = found["lockNote"].as_str().unwrap_or_default();
    assert!(
        note.contains("terraform state push errored.tfstate"),
        "{found}"
    );

    world
        .told_by_task(&stack, "terraform state push errored.tfstate")
        .await;
    let state = world.state(&stack).await;
    assert_eq!(state["resources"][0]["name"], "it", "{state}");
}
