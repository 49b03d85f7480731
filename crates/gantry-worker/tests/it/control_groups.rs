//! What the kernel holds for a child, and that nothing of it is left.

use std::path::{Path, PathBuf};

use gantry_worker::child::{Limit, Share};

use crate::limits::{GREEDY, MIB, limit};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn what_dies_of_its_memory_limit_says_so() {
    let stage = Stage::new();
    assert!(stage.sandbox.holds(), "{}", stage.sandbox.limits());
    let share = Share {
        memory: 96 * MIB,
        ..Share::default()
    };
    let reached = limit(&stage, share, &format!("exec {GREEDY}")).await;
    assert_eq!(reached, Limit::Memory(96 * MIB));
    // Files in memory are memory.
    let reached = limit(
        &stage,
        share,
        "head -c 300000000 /dev/zero > /tmp/x; sleep 60",
    )
    .await;
    assert_eq!(reached, Limit::Memory(96 * MIB));
}

/// The directory of the worker's control groups.
fn groups(stage: &Stage) -> PathBuf {
    assert!(stage.sandbox.holds(), "{}", stage.sandbox.limits());
    let said = stage.sandbox.limits();
    said.rsplit(' ').next().unwrap().into()
}

fn below(groups: &Path) -> usize {
    let entries = std::fs::read_dir(groups).unwrap().flatten();
    entries.filter(|entry| entry.path().is_dir()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_control_group_is_left_behind() {
    let stage = Stage::new();
    let groups = groups(&stage);
    let workspace = stage.run(&[]);
    for _ in 0..3 {
        stage.sh(workspace.initialize(), "sleep 0.1 & echo x").await;
    }
    assert_eq!(below(&groups), 0);
    drop(workspace);
    drop(stage);
    assert!(!groups.exists(), "{}", groups.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_has_left_ends_when_the_next_one_starts() {
    let stage = Stage::new();
    let groups = groups(&stage);
    let left = groups.join("01left");
    std::fs::create_dir(&left).unwrap();
    let mut process = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    std::fs::write(left.join("cgroup.procs"), process.id().to_string()).unwrap();
    let directory = stage.directory.path().join("worker");
    let again = Stage::in_directory(&directory);
    assert!(again.holds(), "{}", again.limits());
    assert!(!left.exists());
    let ended = process.wait().unwrap();
    assert!(!ended.success());
}
