//! The second stack: Gantry keeps its state, and its code says nothing about that.

use anyhow::{Result, ensure};
use gantry_testkit::client::{Client, StackInput};
use gantry_testkit::repository::Repository;
use gantry_testkit::server::TestServer;
use serde_json::Value;

use crate::run;
use crate::terminal::Terminal;

const CODE: &str = r#"
resource "terraform_data" "farewell" {
  input = "goodbye"
}

output "farewell" {
  value = terraform_data.farewell.output
}
"#;

/// What a branch makes of the stack's check: in a plan, it tries to write the state.
const HOSTILE_CHECK: &str = "terraform state rm terraform_data.farewell\n";

pub async fn play(terminal: &Terminal, server: &TestServer, client: &Client) -> Result<()> {
    terminal.step("A second stack, whose state Gantry keeps: its code has no backend");
    let files = [
        ("main.tf", CODE),
        ("check.sh", "echo \"checking the code\"\n"),
    ];
    let repository = Repository::create(&server.repositories(), "farewell", &files)?;
    let mut input =
        StackInput::new("Farewell", repository.path()).hook("beforePlan", "sh check.sh");
    input.manage_state = true;
    let stack = client.create_stack(&input).await?;
    terminal.done_with(&stack);

    terminal.step("A tracked run of it is confirmed and applied, and leaves a state");
    let run = client.trigger(&stack, "TRACKED", None).await?;
    client.wait_for(&stack, &run, "UNCONFIRMED").await?;
    client.confirm(&stack, &run).await?;
    run::expect_end(client, &stack, &run, "FINISHED").await?;
    let outputs = client.stack(&stack, "outputs{id value}").await?;
    let farewell = outputs["outputs"][0]["value"].as_str().unwrap_or_default();
    ensure!(
        farewell.contains("goodbye"),
        "the state lacks its output: {outputs}"
    );
    terminal.done_with(&format!("output farewell = {farewell}"));

    terminal.step("A proposed run of a branch tries to write the state, and Gantry refuses");
    let files = [("check.sh", HOSTILE_CHECK)];
    let commit = repository.commit_on("helpful", "Check a little more", &files)?;
    let before = newest(client, &stack).await?;
    let run = client.trigger(&stack, "PROPOSED", Some(&commit)).await?;
    run::expect_end(client, &stack, &run, "FAILED").await?;
    let log = client.log(&stack, &run, "PLANNING").await?;
    ensure!(
        log.contains("HTTP error: 403"),
        "its log shows no refusal:\n{log}"
    );
    ensure!(
        newest(client, &stack).await? == before,
        "the state has changed"
    );
    terminal.done_with("403");

    terminal.step("A resource gets another name: in the code, and by a task in the state");
    let renamed = CODE.replace("terraform_data\" \"farewell", "terraform_data\" \"parting");
    let renamed = renamed.replace("terraform_data.farewell", "terraform_data.parting");
    repository.commit("Rename it", &[("main.tf", &renamed)])?;
    let command = "terraform state mv terraform_data.farewell terraform_data.parting";
    let run = client.create_task(&stack, command, false).await?;
    run::expect_end(client, &stack, &run, "FINISHED").await?;
    let run = client.trigger(&stack, "PROPOSED", None).await?;
    let view = run::expect_end(client, &stack, &run, "FINISHED").await?;
    ensure!(
        view.delta == Some([0, 0, 0]),
        "the plan after it should change nothing: {:?}",
        view.delta
    );
    terminal.done_with("nothing to change");

    terminal.step("Its destructor destroys what the state names, then the stack");
    client.delete_stack(&stack, true).await?;
    client.wait_until_gone(&stack).await?;
    terminal.done();
    Ok(())
}

/// The newest version of the state.
async fn newest(client: &Client, stack: &str) -> Result<Value> {
    let found = client.stack(stack, "stateVersions{id serial}").await?;
    ensure!(found["stateVersions"][0].is_object(), "no version: {found}");
    Ok(found["stateVersions"][0].clone())
}
