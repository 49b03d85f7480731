//! A worker that is killed without a chance to clean up takes its children with it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::stage::{Stage, shell};

const SECONDS: &str = "GANTRY_TEST_CHILD_SECONDS";

/// Not a test of its own: the process that the test below kills.
#[tokio::test]
async fn the_worker_to_be_killed() {
    let Ok(seconds) = std::env::var(SECONDS) else {
        return;
    };
    let stage = Stage::new();
    let workspace = stage.run(&[]);
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<bytes::Bytes>(1);
    let text =
        format!("trap '' INT TERM HUP; setsid sleep {seconds} & echo begun; sleep {seconds}");
    let launch = shell(workspace.initialize(), &text);
    let run = gantry_worker::child::run(&stage.sandbox, launch, sender, Default::default());
    let tell = async {
        while let Some(chunk) = receiver.recv().await {
            println!("{}", String::from_utf8_lossy(&chunk));
        }
    };
    tokio::join!(run, tell);
}

fn alive(seconds: &str) -> usize {
    let wanted = format!("sleep\0{seconds}\0");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            std::fs::read(entry.path().join("cmdline")).is_ok_and(|list| list == wanted.as_bytes())
        })
        .count()
}

#[test]
fn its_children_die_with_it() {
    let seconds = (1_000_000 + std::process::id()).to_string();
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "killed_worker::the_worker_to_be_killed",
            "--nocapture",
        ])
        .env(SECONDS, &seconds)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    assert!(
        lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains("begun"))
    );
    let until = Instant::now() + Duration::from_secs(10);
    while alive(&seconds) < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(alive(&seconds), 2);
    worker.kill().unwrap();
    worker.wait().unwrap();
    while alive(&seconds) > 0 {
        assert!(Instant::now() < until, "they live on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
