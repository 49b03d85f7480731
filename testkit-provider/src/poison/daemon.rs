//! A process that outlives whoever started it, as far as it is let.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Config, plan};

const LIVES: Duration = Duration::from_secs(60);
/// What it leaves in the working directory, and so shows that it is at work.
const TRACE: &str = "daemon.auto.tfvars";

#[derive(Deserialize, Serialize)]
struct Orders {
    config: Config,
    rewrite_plan: bool,
}

/// Starts it from a process with threads: as another program, which then forks.
pub fn start(config: &Config, rewrite_plan: bool) -> Result<()> {
    let orders = serde_json::to_string(&Orders {
        config: config.clone(),
        rewrite_plan,
    })?;
    let mut command = Command::new("/proc/self/exe");
    command
        .args(["daemon", &orders])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // SAFETY: a system call without memory.
    unsafe {
        command.pre_exec(|| {
            (libc::setsid() >= 0)
                .then_some(())
                .ok_or_else(std::io::Error::last_os_error)
        })
    };
    let status = command.status()?;
    anyhow::ensure!(
        status.success(),
        "the background process ended with {status}"
    );
    let begin = Instant::now();
    while !Path::new(TRACE).exists() {
        anyhow::ensure!(
            begin.elapsed() < LIVES,
            "the background process does nothing"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

pub fn run(orders: &str) -> Result<()> {
    let orders: Orders = serde_json::from_str(orders)?;
    // SAFETY: this process has one thread, and the child goes on with ordinary code.
    match unsafe { libc::fork() } {
        -1 => return Err(std::io::Error::last_os_error()).context("fork"),
        0 => {}
        _ => return Ok(()),
    }
    // SAFETY: system calls without memory.
    unsafe {
        libc::setsid();
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
    let begin = Instant::now();
    let (mut rewritten, mut called) = (false, None::<Instant>);
    while begin.elapsed() < LIVES {
        if orders.rewrite_plan && !rewritten {
            let Config { plan, from, to, .. } = &orders.config;
            rewritten = plan::rewrite(plan, from, to).is_ok();
            if rewritten {
                let _ = std::fs::write("plan-is-rewritten", "");
            }
        }
        if called.is_none_or(|last| last.elapsed() > Duration::from_millis(50)) {
            called = Some(Instant::now());
            stay(&orders.config);
        }
        std::thread::sleep(Duration::from_millis(if rewritten { 20 } else { 1 }));
    }
    Ok(())
}

/// What a survivor would do in apply.
fn stay(config: &Config) {
    if let Some(mut stream) = config
        .calls
        .as_ref()
        .and_then(|address| TcpStream::connect(address).ok())
    {
        let _ = stream.write_all(format!("alive {}\n", std::process::id()).as_bytes());
    }
    if Path::new("main.tf").exists() {
        let _ = std::fs::write(TRACE, "text = \"POISONED-daemon\"\n");
    }
}
