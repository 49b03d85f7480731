use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::median;
use crate::world::World;

/// How long the server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(30);

/// Proportional set size of the server and its worker together, idle after runs.
pub async fn rss_idle_mib(world: &World) -> Result<f64> {
    tokio::time::sleep(IDLE).await;
    let mut kib = pss_kib(world.server.pid())?;
    for process in world.server.processes() {
        kib += pss_kib(process.pid)?;
    }
    Ok(kib as f64 / 1024.0)
}

fn pss_kib(pid: i32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = text
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .context("no Pss line")?;
    Ok(line
        .split_whitespace()
        .nth(1)
        .context("no number")?
        .parse()?)
}

/// From exec to a worker that says it is ready for runs, on the data directory as it is.
pub fn cold_start_ms(world: &mut World, times: usize) -> Result<f64> {
    world.server.stop();
    let mut values = vec![];
    for _ in 0..times {
        let begin = Instant::now();
        let mut child = world
            .server
            .command(&["server"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let ready = lines.find(|line| {
            line.as_ref()
                .is_ok_and(|line| line.contains("ready for runs"))
        });
        values.push(begin.elapsed().as_secs_f64() * 1e3);
        ready.context("the worker never was ready")??;
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(child.id() as i32),
            nix::sys::signal::Signal::SIGTERM,
        )?;
        lines.for_each(drop);
        child.wait()?;
    }
    Ok(median(values))
}

pub fn binary_mib(world: &World) -> Result<f64> {
    Ok(std::fs::metadata(&world.program)?.len() as f64 / f64::from(1 << 20))
}
