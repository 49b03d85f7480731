use gantry_core::backend_lock::BackendLock;
use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::{Job, Next, PhaseFinished, PhaseOutcome, PhaseStart};
use gantry_core::run::{RunKind, RunState, SystemLock};
use gantry_core::utc;

use crate::world::{NOW, Worker, World, refusal, started};

on_both_databases!(
    a_worker_that_is_lost_while_planning_fails_the_run,
    a_heartbeat_keeps_the_lease,
    a_worker_that_is_lost_while_applying_locks_the_stack_until_its_credentials_end,
    variables_of_the_users_keep_the_lock,
    a_restarted_worker_proves_that_the_old_processes_are_dead,
    a_late_report_proves_it_too,
    an_administrator_takes_over_and_fences_the_run,
    a_late_state_is_kept_and_locks_the_stack,
    a_state_without_a_report_keeps_the_lock,
    a_lost_task_leaves_the_lock_for_a_state_in_force,
    the_lock_that_a_lost_run_left_in_its_backend_is_named_on_both_pages,
    a_lock_that_nobody_of_ours_made_is_named_where_it_was_met,
    a_phase_that_outlives_its_credentials_says_so_in_its_history,
);

const LEASE_MS: i64 = 30_000;

async fn applying(world: &World, worker: &Worker) -> (StackId, RunId, Job, PhaseStart) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    world.attach(&stack, "both", true, true).await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let apply = started(worker.plan(&job).await);
    (stack, id, job, apply)
}

async fn lose(world: &World) {
    // What credentials expire when is completed beside the answer.
    world.app.settle().await;
    world.clock.advance(LEASE_MS + 1);
    world.app.end_what_is_due().await.unwrap();
}

async fn a_worker_that_is_lost_while_planning_fails_the_run(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let next = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    lose(world).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
    let note = world.note(&stack, &id).await;
    assert!(
        note.contains("has not been heard of for 30 seconds"),
        "{note}"
    );
    assert!(world.read_stack(&stack).await.system_lock.is_none());
    assert_eq!(world.state(&stack, &next).await, RunState::Ready);
    let beat = gantry_core::protocol::Heartbeat {
        fence: job.fence,
        wait_ms: 0,
    };
    refusal(world.app.run_heartbeat(&Caller::Embedded, &id, &beat).await);
    let late = worker
        .try_finish(&job, &init, PhaseOutcome::Succeeded)
        .await;
    assert!(matches!(late.unwrap(), Next::Release { ended: true, .. }));
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

async fn a_heartbeat_keeps_the_lease(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.prepare(&job).await;
    for _ in 0..3 {
        world.clock.advance(LEASE_MS - 1);
        let beat = gantry_core::protocol::Heartbeat {
            fence: job.fence,
            wait_ms: 0,
        };
        world
            .app
            .run_heartbeat(&Caller::Embedded, &id, &beat)
            .await
            .unwrap();
        let next = world.app.end_what_is_due().await.unwrap();
        assert_eq!(next, Some(world.clock.now() + LEASE_MS));
    }
    assert_eq!(world.state(&stack, &id).await, RunState::Initializing);
}

async fn a_worker_that_is_lost_while_applying_locks_the_stack_until_its_credentials_end(
    world: &World,
) {
    let worker = world.worker().await;
    let (stack, id, ..) = applying(world, &worker).await;
    let next = world.trigger(&stack, RunKind::Tracked).await;
    lose(world).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!(lock.kind, SystemLock::LostWorker);
    assert_eq!(lock.until, Some(NOW + 900_000 + 60_000));
    assert_eq!(world.state(&stack, &next).await, RunState::Queued);
    assert!(worker.claim().await.is_none());
    world.clock.advance(800_000);
    let due = world.app.end_what_is_due().await.unwrap();
    assert_eq!(due, lock.until);
    assert!(worker.claim().await.is_none());
    world.clock.advance(200_000);
    world.app.end_what_is_due().await.unwrap();
    assert!(world.read_stack(&stack).await.system_lock.is_none());
    assert_eq!(worker.claim().await.unwrap().run, next);
}

async fn variables_of_the_users_keep_the_lock(world: &World) {
    let worker = world.worker().await;
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    world.attach(&stack, "both", true, true).await;
    // Not even a secret: a token has no name by which it could be told from a setting.
    let variable = gantry_app::config_element::NewElement {
        kind: gantry_core::config_element::ConfigKind::EnvironmentVariable,
        name: "GITHUB_TOKEN".into(),
        value: "canary".into(),
        write_only: false,
        description: None,
    };
    world
        .app
        .stack_config_add(&world.admin, &stack, variable)
        .await
        .unwrap();
    world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    lose(world).await;
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!((lock.kind, lock.until), (SystemLock::LostWorker, None));
}

async fn a_restarted_worker_proves_that_the_old_processes_are_dead(world: &World) {
    let worker = world.worker().await;
    let (stack, id, ..) = applying(world, &worker).await;
    let new = Worker::hello(world.restarted().await, Some(&worker.id)).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
    let note = world.note(&stack, &id).await;
    assert!(note.contains("APPLYING"), "{note}");
    assert!(world.read_stack(&stack).await.system_lock.is_none());
    // The old one is gone for good.
    let claim = gantry_core::protocol::Claim {
        worker: worker.id.clone(),
        wait_ms: 0,
        holding: None,
    };
    refusal(world.app.run_claim(&Caller::Embedded, &claim).await);

    // The same after the lease had run out and had locked the stack.
    world.trigger(&stack, RunKind::Tracked).await;
    let job = new.claim().await.unwrap();
    new.plan(&job).await;
    new.app.settle().await;
    lose(world).await;
    assert!(world.read_stack(&stack).await.system_lock.is_some());
    Worker::hello(new.app.clone(), Some(&new.id)).await;
    assert!(world.read_stack(&stack).await.system_lock.is_none());
}

async fn a_late_report_proves_it_too(world: &World) {
    let worker = world.worker().await;
    let (stack, id, job, apply) = applying(world, &worker).await;
    lose(world).await;
    assert!(world.read_stack(&stack).await.system_lock.is_some());
    assert!(worker.let_go(&job, &apply, PhaseOutcome::Succeeded).await);
    assert!(world.read_stack(&stack).await.system_lock.is_none());
    // What it did is for people to find out: the run has failed.
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

async fn an_administrator_takes_over_and_fences_the_run(world: &World) {
    let worker = world.worker().await;
    let (stack, id, job, apply) = applying(world, &worker).await;
    let next = world.trigger(&stack, RunKind::Tracked).await;
    lose(world).await;
    let unlocked = world.app.stack_unlock(&world.admin, &stack);
    unlocked.await.unwrap();
    assert_eq!(world.state(&stack, &next).await, RunState::Ready);
    refusal(
        worker
            .try_finish(&job, &apply, PhaseOutcome::Succeeded)
            .await,
    );
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
}

async fn a_late_state_is_kept_and_locks_the_stack(world: &World) {
    let worker = world.worker().await;
    let (stack, id, job, _) = applying(world, &worker).await;
    lose(world).await;
    let put = world
        .app
        .errored_state_put(&Caller::Embedded, &id, job.fence, b"{}"[..].into());
    put.await.unwrap();
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!((lock.kind, lock.until), (SystemLock::ErroredState, None));
    worker.release(&job, None).await;
    assert!(world.read_stack(&stack).await.system_lock.is_some());
}

async fn a_state_without_a_report_keeps_the_lock(world: &World) {
    let worker = world.worker().await;
    let (stack, id, job, _) = applying(world, &worker).await;
    let put = world
        .app
        .errored_state_put(&Caller::Embedded, &id, job.fence, b"{}"[..].into());
    put.await.unwrap();
    assert_eq!(world.state(&stack, &id).await, RunState::Applying);
    lose(world).await;
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!(lock.kind, SystemLock::LostWorker);
    assert!(lock.note.contains("errored.tfstate"), "{}", lock.note);
    // The credentials have ended: what is left is the state.
    world.clock.advance(1_000_000);
    world.app.end_what_is_due().await.unwrap();
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!((lock.kind, lock.until), (SystemLock::ErroredState, None));
}

async fn a_lost_task_leaves_the_lock_for_a_state_in_force(world: &World) {
    let worker = world.worker().await;
    let (stack, id, job, apply) = applying(world, &worker).await;
    let put = world
        .app
        .errored_state_put(&Caller::Embedded, &id, job.fence, b"{}"[..].into());
    put.await.unwrap();
    let failed = PhaseOutcome::Failed {
        reason: "the state could not be stored".into(),
    };
    assert!(worker.let_go(&job, &apply, failed).await);
    worker.release(&job, None).await;
    let task = world
        .app
        .task_create(&world.admin, &stack, "true", true, None);
    let task = task.await.unwrap();
    let job = worker.claim().await.unwrap();
    assert_eq!(job.run, task.id);
    worker.prepare(&job).await;
    lose(world).await;
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!((lock.kind, lock.run), (SystemLock::LostWorker, task.id));
    Worker::hello(world.restarted().await, Some(&worker.id)).await;
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!((lock.kind, lock.run), (SystemLock::ErroredState, id));
}

/// The apply of a new run fails at a lock of its backend that was made `at`.
async fn meet_a_lock(world: &World, stack: &StackId, worker: &Worker, at: i64) -> RunId {
    let id = world.trigger(stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let apply = started(worker.plan(&job).await);
    let finished = PhaseFinished {
        fence: job.fence,
        phase: apply.phase,
        version: apply.version,
        outcome: PhaseOutcome::Failed {
            reason: "exit status 1; the state is locked in its backend by 7-a".into(),
        },
        errored_state: false,
        backend_lock: Some(BackendLock {
            id: "7-a".into(),
            who: Some("gantry@gantry".into()),
            created: Some(utc::show(at).replace(" UTC", ".5 +0000 UTC")),
        }),
    };
    world
        .app
        .run_phase_finished(&Caller::Embedded, &id, &finished)
        .await
        .unwrap();
    worker.release(&job, None).await;
    id
}

async fn the_lock_that_a_lost_run_left_in_its_backend_is_named_on_both_pages(world: &World) {
    let worker = world.worker().await;
    let (stack, lost, ..) = applying(world, &worker).await;
    let made = world.clock.now();
    lose(world).await;
    world.clock.advance(1_000_000);
    let worker = Worker::hello(world.app.clone(), Some(&worker.id)).await;
    for _ in 0..2 {
        let met = meet_a_lock(world, &stack, &worker, made).await;
        assert_eq!(world.state(&stack, &met).await, RunState::Failed);
        let note = world.note(&stack, &met).await;
        assert_eq!(
            note,
            format!(
                "exit status 1; the state is locked in its backend by 7-a. Run {lost} made that \
                 lock while it was APPLYING, and is over"
            )
        );
    }
    let note = world.note(&stack, &lost).await;
    assert!(note.contains("has not been heard of"), "{note}");
    let said = "the lock 7-a that it made in the state's backend is still there; the task \
                `terraform force-unlock -force 7-a` removes it";
    assert_eq!(note.matches(said).count(), 1, "{note}");
}

async fn a_lock_that_nobody_of_ours_made_is_named_where_it_was_met(world: &World) {
    let worker = world.worker().await;
    let (stack, other, ..) = applying(world, &worker).await;
    let before = world.clock.now() - 60_000;
    lose(world).await;
    world.clock.advance(1_000_000);
    let worker = Worker::hello(world.app.clone(), Some(&worker.id)).await;
    let met = meet_a_lock(world, &stack, &worker, before).await;
    let note = world.note(&stack, &met).await;
    assert_eq!(
        note,
        "exit status 1; the state is locked in its backend by 7-a"
    );
    let note = world.note(&stack, &other).await;
    assert!(!note.contains("7-a"), "{note}");
}

async fn a_phase_that_outlives_its_credentials_says_so_in_its_history(world: &World) {
    let worker = world.worker().await;
    let (stack, id, job, apply) = applying(world, &worker).await;
    world.app.settle().await;
    let beat = || async {
        let beat = gantry_core::protocol::Heartbeat {
            fence: job.fence,
            wait_ms: 0,
        };
        world
            .app
            .run_heartbeat(&Caller::Embedded, &id, &beat)
            .await
            .unwrap();
        world.app.end_what_is_due().await.unwrap()
    };
    world.clock.advance(899_000);
    // It is looked at again when they end, not when somebody happens to look.
    assert_eq!(beat().await, Some(NOW + 900_000));
    assert_eq!(world.note(&stack, &id).await, "");
    world.clock.advance(1_000);
    assert_eq!(beat().await, Some(world.clock.now() + LEASE_MS));
    let said = "the write credentials of the apply phase ended at 2027-01-15 08:15:00 UTC while it \
                was still running; what it asked of AWS from then on was refused";
    assert_eq!(world.note(&stack, &id).await, said);
    // Once, and whatever else is said of the phase.
    beat().await;
    let stop = world.app.run_stop(&world.admin, &stack, &id, None);
    stop.await.unwrap();
    assert_eq!(
        world.note(&stack, &id).await,
        format!("{said}; stopped by {}", world.admin.name)
    );
    let run = world.run(&stack, &id).await;
    let issued = world.app.issued_to_run(&run).await.unwrap();
    let outlived: Vec<bool> = issued.iter().map(|issuing| issuing.outlived).collect();
    assert_eq!(outlived, [false, false, true]);
    assert!(worker.let_go(&job, &apply, PhaseOutcome::Succeeded).await);
    assert_eq!(world.app.end_what_is_due().await.unwrap(), None);
}
