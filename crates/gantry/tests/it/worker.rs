//! `gantry worker` as a process of its own, over TLS: it works like the embedded one, and whatever
//! happens to it, to the server or to the way between them, nothing is lost and nothing done twice.

use std::time::Duration;

use gantry_testkit::server::Builder;
use gantry_testkit::worker::TestWorker;
use nix::sys::signal::Signal;

use crate::server::{Applying, applying};
use crate::world::{ALWAYS_CHANGES, World, eventually};

on_both_databases!(
    a_worker_elsewhere_plans_and_applies,
    a_server_that_is_started_anew_finds_its_worker_at_work,
    a_worker_that_was_killed_is_proven_dead_by_the_next,
);

async fn world(builder: Builder) -> World {
    World::of(builder.with_gateway()).await
}

async fn a_worker_elsewhere_plans_and_applies(builder: Builder) {
    let world = world(builder).await;
    let mut worker = TestWorker::shared(&world.server)
        .unwrap()
        .started()
        .unwrap();
    let stack = world
        .stack_with_cloud("elsewhere", ALWAYS_CHANGES, &[])
        .await;
    world.apply(&stack).await;
    worker.stop();
    assert_eq!(worker.wait_until_processes_end(Duration::from_secs(1)), []);
    // It left nothing behind that would have to be told.
    let spool = std::fs::read_dir(worker.data_dir().join("spool")).unwrap();
    assert_eq!(spool.count(), 0);
}

/// An apply that is at work on a worker elsewhere.
async fn at_work(builder: Builder) -> (Applying, TestWorker) {
    let world = world(builder).await;
    let worker = TestWorker::shared(&world.server)
        .unwrap()
        .started()
        .unwrap();
    (applying(world).await, worker)
}

async fn a_server_that_is_started_anew_finds_its_worker_at_work(builder: Builder) {
    let mut world = world(builder).await;
    let _worker = TestWorker::shared(&world.server)
        .unwrap()
        .started()
        .unwrap();
    let code = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "echo work''ing; sleep 12"
  }
}
"#;
    let stack = world.stack_with_cloud("restarted", code, &[]).await;
    let client = world.client.clone();
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    client.confirm(&stack, &run).await.unwrap();
    eventually("apply works", || async {
        let page = client.log_page(&stack, &run, "APPLYING", None).await;
        page.unwrap().text.contains("working").then_some(())
    })
    .await;
    world.server.kill9();
    world.server.restart().unwrap();
    let client = world.server.client().await;
    world.server.restart().unwrap();
    let view = client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let log = client.log(&stack, &run, "APPLYING").await.unwrap();
    assert_eq!(log.matches("Provisioning with").count(), 1, "{log}");
    assert!(log.contains("Apply complete!"), "{log}");
}

async fn a_worker_that_was_killed_is_proven_dead_by_the_next(builder: Builder) {
    let (applying, mut worker) = at_work(builder.set("run.lease", "5")).await;
    let children = worker.processes();
    worker.kill9();
    let left =
        gantry_testkit::process::Process::wait_until_gone(&children, Duration::from_secs(20));
    assert_eq!(left, [], "these outlived the killed worker");
    // Nobody knows whether anything was changed: the run is over, and the stack is locked.
    let view = applying.failed_once().await;
    assert!(
        view.reason().contains("has not been heard of"),
        "{}",
        view.reason()
    );
    let locked = async || {
        let found = applying
            .world
            .client
            .stack(&applying.stack, "lockedBy")
            .await;
        found.unwrap()["lockedBy"].is_string()
    };
    assert!(locked().await, "nobody has proven the worker dead");
    worker.start().unwrap();
    assert!(!locked().await, "its successor has");
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_token_is_revoked_ends_its_run_in_order() {
    let world = world(World::builder().set("run.lease", "6")).await;
    let join = world.server.join("edge").unwrap();
    let mut worker = TestWorker::joining(&world.server, &join.text)
        .unwrap()
        .started()
        .unwrap();
    let applying = applying(world).await;
    applying.world.server.revoke_join(&join.id).unwrap();
    assert_eq!(worker.wait_until_it_ends(), 1);
    let said = worker.log();
    assert!(said.contains("was revoked"), "{said}");
    let last = said.lines().rev().find(|line| line.starts_with("gantry:"));
    assert!(
        last.is_some_and(|line| line.contains("was revoked")),
        "{said}"
    );
    let left = std::fs::read_dir(worker.data_dir().join("spool")).unwrap();
    assert_eq!(left.count(), 1, "what could not be reported is kept");
    assert!(applying.world.server.log().contains("was revoked"));
    applying.failed_once().await;
    // Somebody else's worker proves nothing.
    let next = TestWorker::shared(&applying.world.server).unwrap();
    let _next = next.started().unwrap();
    let found = applying
        .world
        .client
        .stack(&applying.stack, "lockedBy")
        .await;
    assert!(found.unwrap()["lockedBy"].is_string());
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_way_to_its_server_ends_its_child_in_order() {
    let (mut applying, worker) = at_work(World::builder().set("run.lease", "9")).await;
    applying.world.server.kill9();
    // With the server away for longer than that the child can't stay.
    eventually("the child is interrupted", || async {
        worker
            .processes()
            .iter()
            .all(|process| process.name != "terraform")
            .then_some(())
    })
    .await;
    applying.world.server.restart().unwrap();
    let view = applying.failed_once().await;
    let client = &applying.world.client;
    let log = client.log(&applying.stack, &applying.run, "APPLYING").await;
    let log = log.unwrap();
    assert!(log.contains("nterrupt"), "{log}");
    // It reported under its own fence: nothing has to be proven.
    let found = client.stack(&applying.stack, "lockedBy").await.unwrap();
    assert!(found["lockedBy"].is_null(), "{found} {}", view.reason());
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_ends_its_child_and_reports() {
    let (applying, mut worker) = at_work(World::builder()).await;
    worker.stop();
    let view = applying.failed_once().await;
    assert!(
        view.reason().contains("the worker was asked to end"),
        "{}",
        view.reason()
    );
    worker.start().unwrap();
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_can_t_join_by_is_said_at_once() {
    let world = world(World::builder()).await;
    let join = world.server.join("edge").unwrap();
    for (text, reason) in [
        ("nonsense", "not what `gantry admin worker-token` prints"),
        (&join.text[..join.text.len() - 12], "cut off or damaged"),
    ] {
        let mut worker = TestWorker::joining(&world.server, text).unwrap();
        worker.launch().unwrap();
        assert_eq!(worker.wait_until_it_ends(), 1);
        let said = worker.log();
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains(text), "{said}");
    }
    world.server.revoke_join(&join.id).unwrap();
    let mut worker = TestWorker::joining(&world.server, &join.text).unwrap();
    worker.launch().unwrap();
    assert_eq!(worker.wait_until_it_ends(), 1);
    assert!(worker.log().contains("was revoked"), "{}", worker.log());
}

/// A worker that was paused for longer than its lease finds that its run is not its own any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_paused_moves_nothing_afterwards() {
    let (applying, worker) = at_work(World::builder().set("run.lease", "5")).await;
    worker.signal(Signal::SIGSTOP);
    let view = applying.failed_once().await;
    assert!(
        view.reason().contains("has not been heard of"),
        "{}",
        view.reason()
    );
    worker.signal(Signal::SIGCONT);
    eventually("its child has ended", || async {
        let children = worker.processes();
        children
            .iter()
            .all(|one| one.name != "terraform")
            .then_some(())
    })
    .await;
    // It reports how its child ended, which proves that it is dead.
    eventually("the stack is free", || async {
        let found = applying
            .world
            .client
            .stack(&applying.stack, "lockedBy")
            .await;
        found.unwrap()["lockedBy"].is_null().then_some(())
    })
    .await;
    applying.failed_once().await;
    applying.can_go_on().await;
}
