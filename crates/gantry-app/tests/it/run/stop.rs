use gantry_core::caller::Caller;
use gantry_core::protocol::{Heartbeat, Job, Next, PhaseOutcome};
use gantry_core::run::{RunKind, RunState};

use crate::world::{World, started};

on_both_databases!(
    a_stop_while_planning_ends_the_run_at_once,
    a_stop_while_applying_waits_for_the_child,
    a_stop_before_the_apply_phase_issues_nothing,
    a_heartbeat_hears_of_a_stop_the_moment_it_is_asked_for,
);

async fn stops(world: &World, job: &Job, wait_ms: u64) -> bool {
    let beat = Heartbeat {
        fence: job.fence,
        wait_ms,
    };
    world
        .app
        .run_heartbeat(&Caller::Embedded, &job.run, &beat)
        .await
        .unwrap()
        .stop
}

async fn a_stop_while_planning_ends_the_run_at_once(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let next = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    let stopped = world
        .app
        .run_stop(&world.admin, &stack, &id, Some("wrong branch"));
    assert_eq!(stopped.await.unwrap().state, RunState::Stopped);
    assert_eq!(
        world.note(&stack, &id).await,
        "stopped by admin: wrong branch"
    );
    assert_eq!(world.state(&stack, &next).await, RunState::Ready);
    assert!(stops(world, &job, 0).await);
    let next = worker.try_finish(&job, &plan, PhaseOutcome::Stopped).await;
    assert!(matches!(next.unwrap(), Next::Release { ended: true, .. }));
    // It was heard; `after_run` runs in peace.
    assert!(!stops(world, &job, 0).await);
    worker.release(&job, None).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Stopped);
}

async fn a_stop_while_applying_waits_for_the_child(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let apply = started(worker.plan(&job).await);
    let stopped = world.app.run_stop(&world.admin, &stack, &id, None);
    assert_eq!(stopped.await.unwrap().state, RunState::Applying);
    assert_eq!(world.note(&stack, &id).await, "stopped by admin");
    assert_eq!(world.read_stack(&stack).await.blocker, Some(id.clone()));
    assert!(stops(world, &job, 0).await);
    assert!(worker.let_go(&job, &apply, PhaseOutcome::Stopped).await);
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
    let note = world.note(&stack, &id).await;
    assert!(note.starts_with("stopped: "), "{note}");
}

async fn a_stop_before_the_apply_phase_issues_nothing(world: &World) {
    let stack = world.stack("Infra").await;
    world.attach(&stack, "both", true, true).await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.release(&job, None).await;
    let (app, admin) = (&world.app, &world.admin);
    app.run_confirm(admin, &stack, &id).await.unwrap();
    let again = worker.claim().await.unwrap();
    let stopped = app.run_stop(admin, &stack, &id, None).await.unwrap();
    assert_eq!(stopped.state, RunState::Stopped);
    let next = worker.try_prepare(&again, crate::world::HEAD).await;
    assert!(matches!(next.unwrap(), Next::Release { ended: true, .. }));
    assert!(world.cloud.asked().iter().all(|id| id.ends_with("@read")));
}

async fn a_heartbeat_hears_of_a_stop_the_moment_it_is_asked_for(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.prepare(&job).await;
    let began = std::time::Instant::now();
    let (heard, stopped) = tokio::join!(
        stops(world, &job, 20_000),
        world.app.run_stop(&world.admin, &stack, &id, None)
    );
    stopped.unwrap();
    assert!(heard);
    assert!(began.elapsed().as_secs() < 10, "nobody was woken");
}
