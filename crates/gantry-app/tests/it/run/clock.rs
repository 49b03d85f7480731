use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::{Heartbeat, Job};
use gantry_core::run::{RunKind, RunState};

use crate::world::{Worker, World, started};

on_both_databases!(
    a_jump_ahead_ends_no_live_lease_and_keeps_no_dead_one,
    a_jump_back_ends_no_live_lease_and_keeps_no_dead_one,
    a_jump_ahead_lifts_no_lock,
    a_server_that_starts_after_a_jump_back_keeps_no_dead_lease,
);

const LEASE_MS: i64 = 30_000;
const HOURS_25: i64 = 25 * 3_600_000;

async fn at_work(world: &World, worker: &Worker, name: &str) -> (StackId, RunId, Job) {
    let stack = world.stack(name).await;
    let run = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.prepare(&job).await;
    (stack, run, job)
}

async fn beat(world: &World, job: &Job) {
    let beat = Heartbeat {
        fence: job.fence,
        wait_ms: 0,
    };
    world
        .app
        .run_heartbeat(&Caller::Embedded, &job.run, &beat)
        .await
        .unwrap();
}

async fn look(world: &World) {
    world.app.end_what_is_due().await.unwrap();
}

async fn jump(world: &World, by: i64) {
    let worker = world.worker().await;
    let (alive, run, job) = at_work(world, &worker, "Alive").await;
    let (dead, lost, _) = at_work(world, &worker, "Dead").await;
    world.clock.advance(1_000);
    world.clock.jump(by);
    look(world).await;
    // Neither is known to be dead.
    assert_eq!(world.state(&alive, &run).await, RunState::Initializing);
    assert_eq!(world.state(&dead, &lost).await, RunState::Initializing);
    for _ in 0..4 {
        world.clock.advance(LEASE_MS / 3);
        beat(world, &job).await;
        look(world).await;
    }
    assert_eq!(world.state(&alive, &run).await, RunState::Initializing);
    assert_eq!(world.state(&dead, &lost).await, RunState::Failed);
    let note = world.note(&dead, &lost).await;
    assert!(note.contains("has not been heard of"), "{note}");
    // And the one that is alive can still be lost.
    world.clock.advance(LEASE_MS + 1);
    look(world).await;
    assert_eq!(world.state(&alive, &run).await, RunState::Failed);
}

async fn a_jump_ahead_ends_no_live_lease_and_keeps_no_dead_one(world: &World) {
    jump(world, HOURS_25).await;
}

async fn a_jump_back_ends_no_live_lease_and_keeps_no_dead_one(world: &World) {
    jump(world, -HOURS_25).await;
}

async fn a_jump_ahead_lifts_no_lock(world: &World) {
    let worker = world.worker().await;
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    world.attach(&stack, "both", true, true).await;
    world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    started(worker.plan(&job).await);
    world.app.settle().await;
    world.clock.advance(LEASE_MS + 1);
    look(world).await;
    let locked = || async { world.read_stack(&stack).await.system_lock.is_some() };
    assert!(locked().await);
    // Its credentials are as good as before.
    world.clock.jump(HOURS_25);
    look(world).await;
    world.clock.advance(LEASE_MS + 1);
    look(world).await;
    assert!(locked().await);
    world.clock.advance(900_000 + 60_000);
    look(world).await;
    assert!(!locked().await);
}

async fn a_server_that_starts_after_a_jump_back_keeps_no_dead_lease(world: &World) {
    let worker = world.worker().await;
    let (stack, run, _) = at_work(world, &worker, "Infra").await;
    let app = world.restarted_at(-HOURS_25).await;
    app.end_what_is_due().await.unwrap();
    assert_eq!(world.state(&stack, &run).await, RunState::Failed);
}
