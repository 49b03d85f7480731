use std::path::Path;

use gantry_core::ids::StackId;
use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::{RunKind, RunState};

use crate::world::{World, person};

on_both_databases!(
    deleting_answers_at_once_and_ends_by_itself,
    a_protected_or_locked_stack_stays,
    a_deletion_waits_for_what_runs_and_ends_what_waits,
    an_interrupted_deletion_goes_on,
    a_deletion_does_not_wait_for_a_confirmation,
    a_deletion_does_not_let_autodeploy_apply,
);

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                files(&entry.path())
            } else {
                1
            }
        })
        .sum()
}

async fn gone(world: &World, id: &StackId) -> bool {
    world.app.stack(&world.admin, id).await.unwrap().is_none()
}

async fn deleting_answers_at_once_and_ends_by_itself(world: &World) {
    let id = world.stack("Infra").await;
    let app = &world.app;
    let leaving = app.stack_delete(&world.admin, &id, false).await.unwrap();
    assert!(leaving.unwrap().deleting);
    // It is being done beside us; one look of the scheduler does it too.
    app.finish_deletions().await.unwrap();
    assert!(gone(world, &id).await);
    let again = app.stack_delete(&world.admin, &id, false).await.unwrap();
    assert!(again.is_none());
}

async fn a_protected_or_locked_stack_stays(world: &World) {
    let mut draft = world.draft("Infra");
    draft.protect_from_deletion = true;
    let id = world.stack_of(draft).await;
    let app = &world.app;
    let refused = app.stack_delete(&world.admin, &id, false).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("protect_from_deletion = false"),
        "{refused}"
    );
    app.stack_update(&world.admin, &id, world.draft("Infra"))
        .await
        .unwrap();

    let other = person("Ada", "01ADA");
    let note = Some("look first".to_owned());
    app.stack_lock(&other, &id, note).await.unwrap();
    let refused = app.stack_delete(&world.admin, &id, true).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("locked by Ada (note: `look first`)"),
        "{refused}"
    );
    assert!(!world.read_stack(&id).await.deleting);
}

async fn a_deletion_waits_for_what_runs_and_ends_what_waits(world: &World) {
    let id = world.stack("Infra").await;
    let app = &world.app;
    let running = world.trigger(&id, RunKind::Tracked).await;
    let waiting = world.trigger(&id, RunKind::Tracked).await;
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    assert_eq!(job.run, running);
    let init = worker.prepare(&job).await;

    app.stack_delete(&world.admin, &id, false).await.unwrap();
    app.finish_deletions().await.unwrap();
    assert!(world.read_stack(&id).await.deleting);
    assert!(world.state(&id, &waiting).await.is_terminal());
    assert_eq!(world.state(&id, &running).await, RunState::Initializing);
    for refused in [
        app.stack_update(&world.admin, &id, world.draft("Infra"))
            .await,
        app.stack_lock(&world.admin, &id, None).await,
        app.stack_set_disabled(&world.admin, &id, true).await,
    ] {
        let refused = refused.unwrap_err().to_string();
        assert_eq!(refused, "the stack `infra` is being deleted");
    }

    let failed = PhaseOutcome::Failed {
        reason: "init failed".into(),
    };
    worker.log(&job, init.version, 0, "a line\n").await;
    worker.let_go(&job, &init, failed).await;
    app.finish_deletions().await.unwrap();
    assert!(gone(world, &id).await);
    // What the objects are recognised by stays.
    assert_eq!(files(&world.objects()), 1);
    assert!(world.objects().join("installation").is_file());
}

async fn an_interrupted_deletion_goes_on(world: &World) {
    let id = world.stack("Infra").await;
    // What a server that died right after the answer has left.
    let store = world.store().await;
    let tx = store.begin().await.unwrap();
    gantry_store::stack::set_deleting(&tx, &id, true)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let app = world.restarted().await;
    app.finish_deletions().await.unwrap();
    assert!(gone(world, &id).await);
    app.close().await;
}

async fn a_deletion_does_not_wait_for_a_confirmation(world: &World) {
    discarded_by_deletion(world, false).await;
}

async fn a_deletion_does_not_let_autodeploy_apply(world: &World) {
    discarded_by_deletion(world, true).await;
}

async fn discarded_by_deletion(world: &World, autodeploy: bool) {
    let mut draft = world.draft("Infra");
    draft.autodeploy = autodeploy;
    let id = world.stack_of(draft).await;
    let app = &world.app;
    let planning = world.trigger(&id, RunKind::Tracked).await;
    let worker = world.worker().await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    app.stack_delete(&world.admin, &id, false).await.unwrap();
    worker.put_plan(&job, b"the plan").await;
    worker
        .try_finish(&job, &plan, PhaseOutcome::Changes)
        .await
        .unwrap();
    assert_eq!(world.state(&id, &planning).await, RunState::Discarded);
    worker.release(&job, None).await;
    app.finish_deletions().await.unwrap();
    assert!(gone(world, &id).await);
}
