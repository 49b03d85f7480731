//! What the token of a phase that reads can't do, tried from a hook of that phase.

use super::code;
use crate::world::World;

/// Asks as a stranger's code would, and says what it was answered.
const ASK: &str = r#"
ask() {
  printf '%s %s: ' "$1" "$2"
  curl -s -o /dev/null -w '%{http_code}\n' -X "$2" -u "$TF_HTTP_USERNAME:$TF_HTTP_PASSWORD" \
    -H 'Content-Type: application/json' --data "$BODY" "$3"
}
"#;

const BODY: &str = r#"{"version":4,"serial":99,"lineage":"x","outputs":{},"resources":[]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_reads_can_do_nothing_else_and_nothing_elsewhere() {
    let world = World::start().await;
    let files = [("main.tf", &code("secret")[..])];
    let other = world.managed_stack("other", &files, &[]).await;
    world.apply(&other).await;
    let elsewhere = world.state_address(&other).await;
    let hook = format!(
        "{ASK}\nBODY='{BODY}'\n\
         for method in POST LOCK UNLOCK DELETE PUT; do ask own $method \"$TF_HTTP_ADDRESS\"; done\n\
         for method in GET POST LOCK UNLOCK; do ask other $method '{elsewhere}'; done\n\
         ask own GET \"$TF_HTTP_ADDRESS\"\n\
         echo \"lock: [$TF_HTTP_LOCK_ADDRESS$TF_HTTP_UNLOCK_ADDRESS]\"\n\
         echo \"backwards: $(echo \"$TF_HTTP_USERNAME:$TF_HTTP_PASSWORD\" | rev)\""
    );
    let stack = world
        .managed_stack("curious", &files, &[("beforePlan", &hook)])
        .await;
    let view = world.apply(&stack).await;
    let log = world
        .client
        .log(&stack, &view.id, "PLANNING")
        .await
        .unwrap();
    for method in ["POST", "LOCK", "UNLOCK"] {
        assert!(log.contains(&format!("own {method}: 403\n")), "{log}");
    }
    for method in ["DELETE", "PUT"] {
        let refused = [403, 405].map(|code| format!("own {method}: {code}\n"));
        assert!(refused.iter().any(|line| log.contains(line)), "{log}");
    }
    for method in ["GET", "POST", "LOCK", "UNLOCK"] {
        let refused = [403, 404].map(|code| format!("other {method}: {code}\n"));
        assert!(refused.iter().any(|line| log.contains(line)), "{log}");
    }
    // A state that is not there yet.
    assert!(log.contains("own GET: 204\n"), "{log}");
    assert!(log.contains("lock: []\n"), "{log}");
    assert_eq!(
        world.state(&stack).await["outputs"]["it"]["value"],
        "secret"
    );
    assert_eq!(world.state(&other).await["serial"], 1);

    // Masking stops no code that wants to tell; the end of the phase does.
    let backwards = log
        .lines()
        .find_map(|line| line.strip_prefix("backwards: "));
    let credentials: String = backwards.unwrap().chars().rev().collect();
    let (user, password) = credentials.split_once(':').unwrap();
    assert!(password.len() > 20, "{password}");
    let address = world.state_address(&stack).await;
    let output = std::process::Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}"])
        .args(["-u", &format!("{user}:{password}"), &address])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "401");
}

/// The tool itself, asked to write in a phase that reads.
#[tokio::test(flavor = "multi_thread")]
async fn terraform_can_not_write_the_state_in_plan() {
    let world = World::start().await;
    let stack = world
        .managed_stack("pushing", &[("main.tf", &code("one"))], &[])
        .await;
    world.apply(&stack).await;
    let repository = world.server.repositories().join("pushing");
    let repository = gantry_testkit::repository::Repository::at(&repository);
    let mut input = gantry_testkit::client::StackInput::new("pushing", repository.path());
    input = input.hook("beforePlan", "terraform state rm terraform_data.it");
    world.client.update_stack(&stack, &input).await.unwrap();
    let run = world
        .client
        .trigger(&stack, "PROPOSED", None)
        .await
        .unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED");
    let log = world.client.log(&stack, &run, "PLANNING").await.unwrap();
    assert!(log.contains("403"), "{log}");
    assert_eq!(world.state(&stack).await["serial"], 1);
}
