use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::world::{Subject, World};
use crate::{bare, median};

/// Between two looks at a run. Short against what is measured, long against what a look costs.
const LOOK: Duration = Duration::from_millis(2);

/// Nobody looks before this part of the time that the run before took: a look costs the machine
/// something, and would slow down what it looks at.
const FIRST_LOOK: f64 = 0.7;

pub struct Ratio {
    pub ratio: f64,
    pub ours_ms: f64,
    pub bare_ms: f64,
}

/// One autodeployed run with a change, from sending `runTrigger` to reading `finished`, against the
/// bare tool doing the same.
pub async fn measure(world: &World, subject: &Subject, pairs: usize) -> Result<Ratio> {
    let (mut ratios, mut ours, mut bares) = (vec![], vec![], vec![]);
    let mut run = Duration::ZERO;
    // One pair unmeasured: caches of the file system and of both programs are warm then.
    for pair in 0..=pairs {
        subject.change(pair + 1)?;
        run = ours_once(world, subject, run.mul_f64(FIRST_LOOK)).await?;
        let folder = tempfile::tempdir()?;
        let bare = bare::run(world, subject, folder.path())?;
        eprintln!("pair {pair}: run {run:.1?}, bare {bare:.1?}");
        if pair > 0 {
            ratios.push(run.as_secs_f64() / bare.as_secs_f64());
            ours.push(run.as_secs_f64() * 1e3);
            bares.push(bare.as_secs_f64() * 1e3);
        }
    }
    Ok(Ratio {
        ratio: median(ratios),
        ours_ms: median(ours),
        bare_ms: median(bares),
    })
}

async fn ours_once(world: &World, subject: &Subject, patience: Duration) -> Result<Duration> {
    let stack = &subject.stack;
    let begin = Instant::now();
    let run = world.client.trigger(stack, "TRACKED", None).await?;
    tokio::time::sleep(patience.saturating_sub(begin.elapsed())).await;
    loop {
        let answer = world
            .client
            .query(
                "query($stack:ID!,$run:ID!){stack(id:$stack){runResourceState(id:$run){state finished}}}",
                json!({"stack": stack, "run": run}),
            )
            .await?;
        let state = &answer["stack"]["runResourceState"];
        if state["finished"] == true {
            let elapsed = begin.elapsed();
            check(world, stack, &run, state["state"].as_str()).await?;
            return Ok(elapsed);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Everything that a person could want to read must be readable by now.
async fn check(world: &World, stack: &str, run: &str, state: Option<&str>) -> Result<()> {
    ensure!(state == Some("FINISHED"), "the run ended {state:?}\n{}", {
        world.client.whole_log(stack, run).await.unwrap_or_default()
    });
    let answer = world
        .client
        .query(
            "query($stack:ID!,$run:ID!){stack(id:$stack){run(id:$run){planJson \
             delta{addCount changeCount} changesV3(input:{}){resources{address}}\
             logs(state:APPLYING,stateVersion:null,token:null){finished messages{message}}}}}",
            json!({"stack": stack, "run": run}),
        )
        .await?;
    let run = &answer["stack"]["run"];
    let changed = &run["changesV3"][0]["resources"];
    ensure!(
        changed.as_array().is_some_and(|list| !list.is_empty()),
        "no change summary: {run}"
    );
    ensure!(
        run["planJson"]
            .as_str()
            .is_some_and(|text| text.len() > 100),
        "no plan JSON: {run}"
    );
    ensure!(
        run["logs"]["finished"] == true,
        "the apply's log is not finished: {run}"
    );
    let messages = run["logs"]["messages"].as_array();
    let complete = messages.is_some_and(|messages| {
        let text = |message: &serde_json::Value| message["message"].to_string();
        messages
            .iter()
            .any(|message| text(message).contains("Apply complete!"))
    });
    ensure!(complete, "the apply's log lacks its end: {run}");
    Ok(())
}
