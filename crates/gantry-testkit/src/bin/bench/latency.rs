use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use crate::world::{Subject, World};
use crate::{median, stand_in};

const DAY: f64 = 86_400_000.0;

pub struct Latency {
    pub claim_ms: f64,
    pub start_ms: f64,
    pub issue_overhead_ms: f64,
}

/// From sending `runTrigger` to a worker that works on the run, and to the first instruction of
/// the tool's `init`; and what issuing costs around the bare call of STS. The run ends there: its
/// tool is a stand-in that says the time and no more.
pub async fn measure(world: &World, subject: &Subject, runs: usize) -> Result<Latency> {
    let (mut claims, mut starts) = (vec![], vec![]);
    // One run unmeasured.
    for number in 0..=runs {
        subject.change(number + 1)?;
        let sent = now();
        let run = world
            .client
            .trigger(&subject.stack, "PROPOSED", None)
            .await?;
        let end = world.client.wait_for_end(&subject.stack, &run).await?;
        let log = world
            .client
            .log(&subject.stack, &run, "INITIALIZING")
            .await?;
        let started = stand_in::time_in(&log)
            .with_context(|| format!("the tool said no time: {}\n{log}", end.reason()))?;
        let claimed = claimed(world, &run)?;
        if number > 0 {
            claims.push((claimed - sent % DAY).rem_euclid(DAY));
            starts.push(started - sent);
        }
    }
    Ok(Latency {
        claim_ms: median(claims),
        start_ms: median(starts),
        issue_overhead_ms: issue_overhead(world)?,
    })
}

/// Unix milliseconds.
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs_f64() * 1e3
}

/// When the worker said that it has the run: milliseconds of the day, UTC.
fn claimed(world: &World, run: &str) -> Result<f64> {
    let log = world.server.log();
    let line = log
        .lines()
        .find(|line| line.contains(" claimed ") && line.contains(run))
        .context("no worker claimed the run")?;
    let time = line
        .split_once('T')
        .and_then(|(_, rest)| rest.split_once('Z'))
        .map(|(time, _)| time.split(':'))
        .context("the log has no times")?;
    let mut seconds = 0.0;
    for part in time {
        seconds = seconds * 60.0 + part.parse::<f64>()?;
    }
    Ok(seconds * 1e3)
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
        .filter_map(|line| Some((number(line, "total_us")? - number(line, "cloud_us")?) / 1e3))
        .collect();
    ensure!(
        !values.is_empty(),
        "the server's log does not tell how long issuing took"
    );
    Ok(median(values))
}
