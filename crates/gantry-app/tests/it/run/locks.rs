use gantry_core::caller::Caller;
use gantry_core::protocol::{Next, PhaseFinished, PhaseOutcome};
use gantry_core::run::{RunKind, RunState, SystemLock};

use crate::world::{World, person, started};

on_both_databases!(
    only_the_holder_of_a_lock_triggers_and_confirms,
    autodeploy_pauses_under_a_lock,
    an_errored_state_locks_the_stack_for_everything_but_a_task,
);

async fn only_the_holder_of_a_lock_triggers_and_confirms(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let ada = person("ada", "01ADA");
    let app = &world.app;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.release(&job, None).await;
    app.stack_lock(&ada, &stack, Some("maintenance".into()))
        .await
        .unwrap();
    let text = app
        .run_confirm(&world.admin, &stack, &id)
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("the stack is locked by ada"), "{text}");
    let wanted = Default::default();
    let text = app
        .run_trigger(&world.admin, &stack, wanted)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("locked by ada") && text.contains("maintenance"),
        "{text}"
    );
    let confirmed = app.run_confirm(&ada, &stack, &id).await.unwrap();
    assert_eq!(confirmed.state, RunState::Confirmed);
}

async fn autodeploy_pauses_under_a_lock(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let ada = person("ada", "01ADA");
    world.app.stack_lock(&ada, &stack, None).await.unwrap();
    let next = worker.plan(&job).await;
    assert!(matches!(next, Next::Release { ended: false, .. }));
    assert_eq!(world.state(&stack, &id).await, RunState::Unconfirmed);
    let note = world.note(&stack, &id).await;
    assert!(note.contains("locked by ada"), "{note}");
}

async fn an_errored_state_locks_the_stack_for_everything_but_a_task(world: &World) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = true;
    let stack = world.stack_of(draft).await;
    let worker = world.worker().await;
    let (app, admin) = (&world.app, &world.admin);
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let behind = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let apply = started(worker.plan(&job).await);
    let state = b"canary of the state";
    app.errored_state_put(&Caller::Embedded, &id, job.fence, state[..].into())
        .await
        .unwrap();
    let finished = PhaseFinished {
        fence: job.fence,
        phase: apply.phase,
        version: apply.version,
        outcome: PhaseOutcome::Failed {
            reason: "exit status 1".into(),
        },
        errored_state: true,
        backend_lock: None,
    };
    let next = app
        .run_phase_finished(&Caller::Embedded, &id, &finished)
        .await
        .unwrap();
    assert!(matches!(next, Next::Release { ended: true, .. }));
    worker.release(&job, None).await;
    assert_eq!(world.state(&stack, &id).await, RunState::Failed);
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    assert_eq!((lock.kind, lock.until), (SystemLock::ErroredState, None));
    assert!(
        lock.note.contains("`terraform state push errored.tfstate`"),
        "{}",
        lock.note
    );
    assert_eq!(world.state(&stack, &behind).await, RunState::Queued);
    let text = app
        .run_trigger(admin, &stack, Default::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("errored.tfstate"), "{text}");

    let task = app
        .task_create(
            admin,
            &stack,
            "terraform state push errored.tfstate",
            false,
            None,
        )
        .await
        .unwrap();
    let job = worker.claim().await.unwrap();
    assert_eq!(job.run, task.id);
    assert!(job.errored_state);
    let kept = app
        .errored_state_get(&Caller::Embedded, &task.id, job.fence)
        .await
        .unwrap();
    assert_eq!(kept.as_slice(), state);
    let init = worker.prepare(&job).await;
    let perform = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    worker.let_go(&job, &perform, PhaseOutcome::Succeeded).await;
    assert!(worker.claim().await.is_none());
    app.stack_unlock(admin, &stack).await.unwrap();
    assert_eq!(worker.claim().await.unwrap().run, behind);

    // Neither the state nor a plan is anywhere in clear.
    let mut files = vec![world.objects()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            for canary in [&state[..], b"the plan"] {
                let found = bytes.windows(canary.len()).any(|window| window == canary);
                assert!(!found, "{}", path.display());
            }
        }
    }
}
