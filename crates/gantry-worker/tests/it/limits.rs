//! What a child may take of its worker. Every child is hostile: none of these ends by itself.

use std::time::{Duration, Instant};

use gantry_worker::child::{Limit, Outcome, Share};
use gantry_worker::cli_config::ProviderInstallation;
use gantry_worker::sandbox::{SandboxMode, UserRange};

use crate::stage::{Stage, shell};

pub const MIB: u64 = 1 << 20;

/// What ended a child with this share.
pub async fn limit(stage: &Stage, share: Share, text: &str) -> Limit {
    let mut launch = shell(stage.run(&[]).initialize(), text);
    launch.limits.share = share;
    let began = Instant::now();
    let (ended, output) = stage.child(launch).await;
    let Outcome::Over { limit, .. } = ended.outcome else {
        panic!("{:?} {output}", ended.outcome)
    };
    assert!(began.elapsed() < Duration::from_secs(40), "{text}");
    limit
}

fn disk(bytes: u64) -> Share {
    Share {
        disk: bytes,
        ..Share::default()
    }
}

fn without_groups() -> Stage {
    Stage::of(
        SandboxMode::Bubblewrap,
        ProviderInstallation::default(),
        // Processes are counted for each user, and other tests have others.
        UserRange {
            first: 810_000,
            count: 10,
        },
        "off",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_reach_the_disk_limit() {
    let stage = Stage::new();
    let text = "n=0; while :; do n=$((n+1)); head -c 4194304 /dev/zero > f$n; sleep 0.1; done";
    let reached = limit(&stage, disk(32 * MIB), text).await;
    assert_eq!(reached, Limit::Disk(32 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_ends_at_the_disk_limit_wherever_it_is() {
    let stage = Stage::new();
    for text in [
        "head -c 67108864 /dev/zero > large; sleep 60",
        "truncate -s 1T sparse",
        "exec head -c 67108864 /dev/zero > /tmp/large",
    ] {
        let reached = limit(&stage, disk(16 * MIB), text).await;
        assert_eq!(reached, Limit::Disk(16 * MIB), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_a_name_are_counted() {
    let stage = Stage::new();
    let text = "exec 3>a 4>b; rm a b; head -c 12582912 /dev/zero >&3; head -c 12582912 /dev/zero >&4; \
                sleep 60";
    let reached = limit(&stage, disk(16 * MIB), text).await;
    assert_eq!(reached, Limit::Disk(16 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_files_reach_the_file_limit() {
    let stage = Stage::new();
    let share = Share {
        files: 3000,
        ..Share::default()
    };
    let text = "n=0; while [ $n -lt 1000000 ]; do n=$((n+1)); : > f$n; done; sleep 60";
    assert_eq!(limit(&stage, share, text).await, Limit::Files(3000));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fills_the_disk_and_hears_nothing_is_killed_before_its_grace_is_over() {
    let stage = Stage::new();
    let text = "trap '' INT TERM; n=0; while :; do n=$((n+1)); head -c 4194304 /dev/zero > f$n; \
                sleep 0.05; done";
    let mut launch = shell(stage.run(&[]).initialize(), text);
    launch.limits.share = disk(32 * MIB);
    launch.limits.haste = Duration::from_secs(300);
    launch.limits.wall = Duration::from_secs(120);
    let began = Instant::now();
    let (ended, _) = stage.child(launch).await;
    let Outcome::Over {
        limit: Limit::Disk(_),
        ..
    } = ended.outcome
    else {
        panic!("{:?}", ended.outcome)
    };
    assert!(began.elapsed() < Duration::from_secs(60));
}

/// Holds 300 MiB and waits.
pub const GREEDY: &str = "python3 -c \"import time; held = b'x' * (300 << 20); time.sleep(60)\"";

#[tokio::test(flavor = "multi_thread")]
async fn memory_has_a_limit_with_control_groups_and_without() {
    for stage in [Stage::new(), without_groups()] {
        let share = Share {
            memory: 96 * MIB,
            ..Share::default()
        };
        let text = format!("{GREEDY}; sleep 60");
        let reached = limit(&stage, share, &text).await;
        assert_eq!(
            reached,
            Limit::Memory(96 * MIB),
            "{}",
            stage.sandbox.limits()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_have_a_limit_with_control_groups_and_without() {
    for stage in [Stage::new(), without_groups()] {
        let share = Share {
            processes: 40,
            ..Share::default()
        };
        // The inner shell ends when it can start no more; what it has started stays.
        let bomb = "(while :; do sleep 60 & done); exec sleep 60";
        let reached = limit(&stage, share, bomb).await;
        assert_eq!(reached, Limit::Processes(40), "{}", stage.sandbox.limits());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn output_without_end_is_ended() {
    let stage = Stage::new();
    let share = Share {
        output: 2 * MIB,
        ..Share::default()
    };
    assert_eq!(limit(&stage, share, "yes").await, Limit::Log(2 * MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_within_its_share_is_left_alone() {
    let stage = Stage::new();
    let mut launch = shell(
        stage.run(&[("main.tf", "")]).initialize(),
        "head -c 4194304 /dev/zero > file; (sleep 2.5; echo done) & wait",
    );
    launch.limits.share = Share {
        output: MIB,
        disk: 16 * MIB,
        files: 100,
        memory: 96 * MIB,
        processes: 20,
    };
    let (ended, output) = stage.child(launch).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    assert_eq!(output, "done\n");
}
