//! `make bench`: the figures of `docs/benchmarks.md`, one `name=value unit` a line on standard
//! output, progress on standard error.
//!
//! Ratios are medians of interleaved pairs: one run of Gantry, one of the bare tool, in turn, on the
//! same source and the same backend, so that a drift of the machine's speed falls on both.

mod bare;
mod latency;
mod process;
mod ratio;
mod stand_in;
mod state_put;
mod world;

use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    if stand_in::is_it() {
        stand_in::main();
        return ExitCode::FAILURE;
    }
    let done = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let pairs = pairs()?;
    let (mut world, [built_in, provided, managed, started]) = world::World::start().await?;
    for (name, subject) in [
        ("run", &built_in),
        ("run_provider", &provided),
        ("run_managed", &managed),
    ] {
        let ratio = ratio::measure(&world, subject, pairs).await?;
        print(&format!("{name}_ratio"), ratio.ratio, "x");
        print(&format!("{name}_ms"), ratio.ours_ms, "ms");
        print(&format!("{name}_bare_ms"), ratio.bare_ms, "ms");
    }
    let put = state_put::measure(&world, pairs).await?;
    print("state_put_ratio", put.ratio, "x");
    print("state_put_ms", put.ours_ms, "ms");
    print("state_put_bare_ms", put.bare_ms, "ms");
    let latency = latency::measure(&world, &started, pairs).await?;
    print("claim_p50_ms", latency.claim_ms, "ms");
    print("start_p50_ms", latency.start_ms, "ms");
    print("issue_overhead_ms", latency.issue_overhead_ms, "ms");
    print("rss_idle_mib", process::rss_idle_mib(&world).await?, "MiB");
    print(
        "cold_start_ms",
        process::cold_start_ms(&mut world, 9)?,
        "ms",
    );
    print("binary_mib", process::binary_mib(&world)?, "MiB");
    Ok(())
}

fn pairs() -> Result<usize> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Ok(30),
        (Some("--pairs"), Some(number)) => Ok(number.parse()?),
        _ => anyhow::bail!("usage: bench [--pairs N]"),
    }
}

fn print(name: &str, value: f64, unit: &str) {
    println!("{name}={value:.2} {unit}");
}

/// The middle of the values; the mean of the two middle ones of an even number.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[odd / 2],
        even => (values[even / 2 - 1] + values[even / 2]) / 2.0,
    }
}
