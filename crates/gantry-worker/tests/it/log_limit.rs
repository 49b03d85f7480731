//! A phase that prints more than is kept of a log.

use gantry_core::protocol::{Limits, PhaseOutcome};
use gantry_core::run::{Phase, RunKind};

use crate::bench::Bench;
use crate::gateway::start;

const MIB: u64 = 1 << 20;

/// Runs a task whose log is limited to 1 MiB.
async fn task(command: &str) -> Bench {
    let mut bench = Bench::scripted(&[("main.tf", "")], |_, phase| {
        let mut start = start(phase);
        start.limits = Limits {
            log: MIB,
            grace: 2,
            ..Limits::MODEST
        };
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.command = Some(command.into());
    bench.run(job).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn the_middle_of_a_long_log_is_left_out_and_its_size_is_said() {
    let mut bench = task("seq 1000000; echo the error is here >&2; exit 3").await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Perform);
        assert_eq!(reason, "the task's command failed with exit status 3");
        let log = told.log_of(Phase::Perform);
        assert!(log.len() as u64 <= MIB + 500, "{}", log.len());
        assert!(log.starts_with("1\n2\n3\n"));
        assert!(log.ends_with(&format!("1000000\nthe error is here\n{reason}\n")));
        let said: Vec<&str> = log.lines().filter(|line| line.starts_with("...")).collect();
        let [reached, left_out] = said[..] else {
            panic!("{said:?}")
        };
        assert!(reached.contains("limit of 1 MiB"), "{reached}");
        let number = left_out.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
        let kept = log.len() - reached.len() - left_out.len() - 2 - reason.len() - 1;
        let printed = (1..=1_000_000u64).map(|n| n.to_string().len() as u64 + 1);
        let printed = printed.sum::<u64>() + "the error is here\n".len() as u64;
        // Where the line before the note is cut, its newline is of ours.
        let said_of = kept as u64 + number;
        assert!(
            [printed, printed + 1].contains(&said_of),
            "{said_of} of {printed}"
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_that_prints_without_end_is_ended_and_names_the_limit() {
    let mut bench = task("echo begin; yes").await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Perform);
        assert!(
            reason.starts_with(
                "the phase reached its log limit: it printed more than 16 MiB, 16 times what is kept"
            ),
            "{reason}"
        );
        let log = told.log_of(Phase::Perform);
        assert!(log.len() as u64 <= MIB + 500, "{}", log.len());
        assert!(log.starts_with("begin\ny\n"));
        assert!(log.ends_with(&format!("y\n{reason}\n")), "{}", &log[log.len() - 300..]);
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_names_the_limit_that_it_has_reached() {
    let mut bench = Bench::scripted(&[("main.tf", "")], |_, phase| {
        let mut start = start(phase);
        start.limits = Limits {
            disk: 8 * MIB,
            grace: 2,
            ..Limits::MODEST
        };
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.command = Some("head -c 20000000 /dev/zero > large; sleep 60".into());
    bench.run(job).await;
    bench.gateway.told(|told| {
        let Some(PhaseOutcome::Failed { reason }) = told.outcome(Phase::Perform) else {
            panic!("{:?}", told.outcome(Phase::Perform))
        };
        assert!(reason.contains("its disk limit of 8 MiB"), "{reason}");
        assert!(told.log_of(Phase::Perform).contains(reason.as_str()));
    });
    bench.end("test").await;
}
