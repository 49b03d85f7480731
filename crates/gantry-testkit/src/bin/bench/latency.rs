use anyhow::{Context as _, Result};
use gantry_testkit::client::StackInput;
use gantry_testkit::repository::Repository;
use serde_json::json;

use crate::median;
use crate::world::World;

pub struct Latency {
    pub claim_ms: f64,
    pub start_ms: f64,
    pub issue_overhead_ms: f64,
}

/// From the receipt of `runTrigger` to a worker that works on the run, and to the first instruction
/// of `terraform init`; and what issuing costs around the bare call of STS.
pub async fn measure(world: &World, runs: usize) -> Result<Latency> {
    let claim_ms = claims(world, runs).await?;
    let start_ms = starts(world, runs).await?;
    Ok(Latency {
        claim_ms,
        start_ms,
        issue_overhead_ms: issue_overhead(world)?,
    })
}

/// By the run's own history: QUEUED is written when the trigger is received, PREPARING when a
/// worker has the run.
async fn claims(world: &World, runs: usize) -> Result<f64> {
    let mut values = vec![];
    for _ in 0..runs {
        let run = world.client.trigger(&world.stack, "PROPOSED", None).await?;
        world.client.wait_for_end(&world.stack, &run).await?;
        let at = |state: &'static str| history(world, &world.stack, run.clone(), state);
        values.push((at("PREPARING").await? - at("QUEUED").await?) as f64);
    }
    Ok(median(values))
}

/// A hook says the time right before the tool starts. The hook itself, and the shell it needs, are
/// part of the figure.
async fn starts(world: &World, runs: usize) -> Result<f64> {
    let repository = Repository::create(
        &world.server.repositories(),
        "bench-start",
        &[("main.tf", "resource \"terraform_data\" \"one\" {}\n")],
    )?;
    let input = StackInput::new("bench-start", repository.path())
        .hook("beforeInit", "echo \"STARTED $(date +%s%N)\"");
    let stack = world.client.create_stack(&input).await?;
    let mut values = vec![];
    for _ in 0..runs {
        let run = world.client.trigger(&stack, "PROPOSED", None).await?;
        world.client.wait_for_end(&stack, &run).await?;
        let log = world.client.log(&stack, &run, "INITIALIZING").await?;
        let nanos: f64 = log
            .split_once("STARTED ")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .context("the hook said no time")?
            .parse()?;
        let queued = history(world, &stack, run, "QUEUED").await?;
        values.push(nanos / 1e6 - queued as f64);
    }
    Ok(median(values))
}

/// Unix milliseconds of the run's first visit to a state.
async fn history(world: &World, stack: &str, run: String, state: &str) -> Result<i64> {
    let answer = world
        .client
        .query(
            "query($stack:ID!,$run:ID!){stack(id:$stack){run(id:$run){history{state timestampMs}}}}",
            json!({"stack": stack, "run": run}),
        )
        .await?;
    let history = answer["stack"]["run"]["history"]
        .as_array()
        .context("no history")?;
    history
        .iter()
        .rev()
        .find(|transition| transition["state"] == state)
        .and_then(|transition| transition["timestampMs"].as_i64())
        .with_context(|| format!("the run never was {state}"))
}

/// The server says at debug level how long issuing took, and how much of it was the call of STS.
fn issue_overhead(world: &World) -> Result<f64> {
    let log = world.server.log();
    let number = |line: &str, name: &str| -> Option<f64> {
        let (_, rest) = line.split_once(&format!("{name}="))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    let values: Vec<f64> = log
        .lines()
        .filter_map(|line| Some((number(line, "total_us")? - number(line, "sts_us")?) / 1e3))
        .collect();
    anyhow::ensure!(
        !values.is_empty(),
        "the server's log does not tell how long issuing took"
    );
    Ok(median(values))
}
