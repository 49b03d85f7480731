//! Jobs that don't go to their end: stops, limits, the death of the server, of the worker.

use gantry_core::protocol::*;
use gantry_core::run::{Phase, RunKind};

use crate::backend::Backend;
use crate::bench::Bench;
use crate::gateway::start;

/// Takes as long as nobody interrupts it.
const SLOW: &str = r#"
resource "terraform_data" "first" {
  input = "done"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo now; sleep 30"
  }
}
"#;

fn slow(bench: &Bench) -> Job {
    let mut job = bench.job(RunKind::Tracked);
    job.autodeploy = true;
    job
}

fn begun(told: &crate::gateway::Told) -> bool {
    told.logs
        .values()
        .any(|log| String::from_utf8_lossy(log).contains("\u{1b}[0mnow"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_apply_ends_in_order_and_saves_what_it_did() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", SLOW), ("backend.tf", &backend.block())]);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    bench.gateway.stop_run();
    bench.gateway.until(|told| told.released.len() == 1).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Apply);
        assert!(
            reason.starts_with("interrupted on request during the apply phase"),
            "{reason}"
        );
        assert!(reason.contains("ended in order"), "{reason}");
        assert!(
            told.log_of(Phase::Apply)
                .contains("Gracefully shutting down")
        );
    });
    assert!(backend.state().unwrap().to_string().contains("first"));
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_task_is_stopped() {
    let mut bench = Bench::new(&[("main.tf", "")]);
    bench.start();
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.command = Some("echo waiting; sleep 30".into());
    bench.gateway.offer(job);
    bench
        .gateway
        .until(|told| told.logs.values().any(|log| log.ends_with(b"waiting\n")))
        .await;
    bench.gateway.stop_run();
    bench.gateway.until(|told| told.released.len() == 1).await;
    bench.gateway.told(|told| {
        assert_eq!(told.outcome(Phase::Perform), Some(&PhaseOutcome::Stopped));
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_time_have_limits() {
    for (silence, time, sentence) in [
        (1, 60, "reached its silence limit: it wrote nothing for 1 s"),
        (60, 1, "reached its time limit of 1 s"),
    ] {
        let mut bench = Bench::scripted(&[("main.tf", "")], move |_, phase| {
            let mut start = start(phase);
            start.limits = Limits {
                time,
                silence,
                grace: 5,
                ..Limits::MODEST
            };
            start
        });
        bench.start();
        let mut job = bench.job(RunKind::Task);
        job.skip_initialization = true;
        job.command = Some("sleep 30".into());
        bench.run(job).await;
        bench.gateway.told(|told| {
            let reason = told.failure(Phase::Perform);
            assert!(reason.contains(sentence), "{reason}");
        });
        bench.end("test").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_server_dies_everything_waits_in_the_spool_for_the_next_one() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", SLOW), ("backend.tf", &backend.block())]);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    // The state can't be stored either.
    backend.break_down();
    bench.gateway.die().await;
    bench.end("the server is gone").await;
    bench
        .gateway
        .told(|told| assert!(told.outcome(Phase::Apply).is_none()));
    let spool: Vec<_> = std::fs::read_dir(bench.data().join("spool"))
        .unwrap()
        .collect();
    assert_eq!(spool.len(), 1);

    bench.start();
    bench.gateway.until(|told| told.hello.len() == 2).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Apply);
        assert!(reason.contains("the server is gone"), "{reason}");
        assert!(told.finished.last().unwrap().errored_state);
        let state = told.errored_state.as_ref().unwrap();
        assert!(String::from_utf8_lossy(state).contains("\"first\""));
        // Its whole log, and everything before the worker says hello.
        assert!(told.log_of(Phase::Apply).contains("errored.tfstate"));
        assert_eq!(
            told.events[told.events.len() - 4..],
            ["errored-state", "finished apply", "released", "hello"]
        );
    });
    assert_eq!(
        std::fs::read_dir(bench.data().join("spool"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        std::fs::read_dir(bench.data().join("runs"))
            .unwrap()
            .count(),
        0
    );
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_errored_state_is_kept_before_the_workspace_goes() {
    let backend = Backend::start().await;
    let files = [("main.tf", SLOW), ("backend.tf", &backend.block()[..])];
    let mut bench = Bench::new(&files);
    bench
        .repository
        .commit(
            "Fast",
            &[("main.tf", r#"resource "terraform_data" "it" {}"#)],
        )
        .unwrap();
    bench.start();
    backend.break_down();
    bench.run(slow(&bench)).await;
    bench.gateway.told(|told| {
        assert_eq!(
            told.failure(Phase::Apply),
            "`terraform apply` failed with exit status 1"
        );
        assert!(told.finished.last().unwrap().errored_state);
        assert!(told.errored_state.is_some());
    });
    bench.end("test").await;
}

/// As on a disk that is full.
#[tokio::test(flavor = "multi_thread")]
async fn an_errored_state_that_cant_be_kept_still_reaches_the_server() {
    let backend = Backend::start().await;
    let quick = SLOW.replace("sleep 30", "sleep 3");
    let files = [
        ("main.tf", &quick[..]),
        ("backend.tf", &backend.block()[..]),
    ];
    let mut bench = Bench::new(&files);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    for entry in std::fs::read_dir(bench.data().join("spool")).unwrap() {
        let taken = entry.unwrap().path().join("errored.tfstate").join("taken");
        std::fs::create_dir_all(taken).unwrap();
    }
    backend.break_down();
    bench.gateway.until(|told| !told.released.is_empty()).await;
    bench.gateway.told(|told| {
        assert_eq!(
            told.failure(Phase::Apply),
            "`terraform apply` failed with exit status 1"
        );
        assert!(told.finished.last().unwrap().errored_state);
        let state = told.errored_state.as_ref().unwrap();
        assert!(String::from_utf8_lossy(state).contains("\"first\""));
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_run_is_reported_by_the_next_one() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", SLOW), ("backend.tf", &backend.block())]);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    bench.kill().await;
    let record = std::fs::read_dir(bench.data().join("spool"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let record = std::fs::read(record.path().join("job.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let processes = record["phase"]["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 2, "{record}");

    bench.start();
    bench.gateway.until(|told| told.hello.len() == 2).await;
    for process in processes {
        assert!(!std::path::Path::new(&format!("/proc/{}/exe", process["pid"])).exists());
    }
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Apply);
        assert!(
            reason.starts_with("the worker was killed during the apply phase"),
            "{reason}"
        );
        assert_eq!(told.released.len(), 1);
    });
    assert_eq!(
        std::fs::read_dir(bench.data().join("spool"))
            .unwrap()
            .count(),
        0
    );
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_knows_an_errored_state_that_came_with_the_code() {
    for (hook, left) in [
        ("true", None),
        ("echo changed > errored.tfstate", Some("changed\n")),
    ] {
        let mut bench = Bench::scripted(
            &[("main.tf", ""), ("errored.tfstate", "{\"came\":\"along\"}")],
            move |_, phase| {
                let mut start = start(phase);
                start.before = vec![hook.into()];
                start
            },
        );
        bench.start();
        let mut job = bench.job(RunKind::Task);
        job.skip_initialization = true;
        job.command = Some("echo begun; sleep 30".into());
        bench.gateway.offer(job);
        bench
            .gateway
            .until(|told| told.logs.values().any(|log| log.ends_with(b"begun\n")))
            .await;
        bench.kill().await;
        bench.start();
        bench.gateway.until(|told| told.hello.len() == 2).await;
        bench.gateway.told(|told| {
            let reason = told.failure(Phase::Perform);
            assert!(reason.starts_with("the worker was killed"), "{reason}");
            assert_eq!(told.finished.last().unwrap().errored_state, left.is_some());
            assert_eq!(told.errored_state.as_deref(), left.map(str::as_bytes));
        });
        bench.end("test").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_that_a_killed_run_left_is_named_by_the_next_and_removed_by_the_task() {
    let backend = Backend::start().await;
    let files = [
        ("main.tf", SLOW),
        ("backend.tf", &backend.locking_block()[..]),
    ];
    let mut bench = Bench::new(&files);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    bench.kill().await;
    let id = backend.lock().expect("the killed apply holds it");

    bench.start();
    bench.gateway.until(|told| told.hello.len() == 2).await;
    bench.run(slow(&bench)).await;
    let task = bench.gateway.told(|told| {
        let reason = told.failure(Phase::Apply);
        let wanted = format!("the state is locked in its backend by {id}");
        assert!(reason.contains(&wanted), "{wanted}\n{reason}");
        let met = told.finished.last().unwrap().backend_lock.clone().unwrap();
        assert_eq!(met.id, id);
        let task = reason.split('`').nth(3).unwrap().to_owned();
        assert_eq!(task, format!("terraform force-unlock -force {id}"));
        task
    });

    let mut job = bench.job(RunKind::Task);
    job.command = Some(task);
    bench.run(job).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        assert_eq!(
            told.outcome(Phase::Perform),
            Some(&PhaseOutcome::Succeeded),
            "{log}"
        );
    });
    assert_eq!(backend.lock(), None);
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_ends_the_child_and_keeps_a_state_that_nobody_else_has() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", SLOW), ("backend.tf", &backend.block())]);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    backend.break_down();
    bench.gateway.take_away();
    // It ends its jobs before itself.
    bench.end("test").await;
    bench
        .gateway
        .told(|told| assert!(told.outcome(Phase::Apply).is_none()));
    assert_eq!(
        std::fs::read_dir(bench.data().join("spool"))
            .unwrap()
            .count(),
        0
    );
    let refused = std::fs::read_dir(bench.data().join("refused"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let state = std::fs::read_to_string(refused.path().join("errored.tfstate")).unwrap();
    assert!(state.contains("\"first\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_hears_everything_from_the_same_worker() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", SLOW), ("backend.tf", &backend.block())]);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    bench.gateway.die().await;
    bench.gateway.stop_run();
    bench.listen();
    bench.gateway.until(|told| told.released.len() == 1).await;
    bench.gateway.told(|told| {
        assert_eq!(told.hello.len(), 1);
        assert!(
            told.failure(Phase::Apply)
                .starts_with("interrupted on request")
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_token_leaves_the_spool_to_its_own_worker() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", SLOW), ("backend.tf", &backend.block())]);
    bench.start();
    bench.gateway.offer(slow(&bench));
    bench.gateway.until(begun).await;
    // The server was killed, and is there again before its worker has ended the apply.
    backend.break_down();
    bench.gateway.told(|told| told.other_token = true);
    bench.end("the server is gone").await;
    let spool = bench.data().join("spool");
    assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 1);

    bench.gateway.told(|told| told.other_token = false);
    bench.start();
    bench.gateway.until(|told| told.hello.len() == 2).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Apply);
        assert!(reason.contains("the server is gone"), "{reason}");
        let state = told.errored_state.as_ref().unwrap();
        assert!(String::from_utf8_lossy(state).contains("\"first\""));
    });
    assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 0);
    bench.end("test").await;
}
