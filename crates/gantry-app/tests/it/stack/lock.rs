use gantry_app::{OpError, Subject, Who};
use gantry_core::ids::{RunId, SpaceId};
use gantry_core::run::{Phase, RunKind, SystemLock};
use gantry_core::stack::StackSystemLock;

use crate::world::{World, person};

on_both_databases!(
    a_lock_is_its_holders,
    an_administrator_takes_a_failed_runs_lock_over,
    the_token_of_a_run_locks_nothing,
);

async fn a_lock_is_its_holders(world: &World) {
    let id = world.stack("Infra").await;
    let (ada, app) = (person("Ada", "01ADA"), &world.app);
    let locked = app
        .stack_lock(&ada, &id, Some("mine".into()))
        .await
        .unwrap();
    let lock = locked.lock.unwrap();
    assert_eq!(
        (lock.holder_name.as_str(), lock.note.as_deref()),
        ("Ada", Some("mine"))
    );
    // Sent again, with another note.
    app.stack_lock(&ada, &id, Some(String::new()))
        .await
        .unwrap();
    assert_eq!(world.read_stack(&id).await.lock.unwrap().note, None);
    let refused = app.stack_lock(&world.admin, &id, None).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the stack `infra` is locked by Ada: ask them, or an administrator of the space `legacy`, \
         to unlock it"
    );
    // An administrator of the space may.
    let unlocked = app.stack_unlock(&world.admin, &id).await.unwrap();
    assert_eq!(unlocked.lock, None);
    assert_eq!(world.read_stack(&id).await.lock, None);
    // Sent again.
    assert!(app.stack_unlock(&ada, &id).await.is_ok());
    let long = app.stack_lock(&ada, &id, Some("x".repeat(1001))).await;
    assert!(matches!(long, Err(OpError::Invalid(_))));
}

async fn an_administrator_takes_a_failed_runs_lock_over(world: &World) {
    let id = world.stack("Infra").await;
    let run = world.trigger(&id, RunKind::Tracked).await;
    let app = &world.app;
    app.run_cancel(&world.admin, &id, &run).await.unwrap();
    let store = world.store().await;
    let tx = store.begin().await.unwrap();
    let lock = StackSystemLock {
        kind: SystemLock::LostWorker,
        note: "Its worker is gone.".into(),
        run,
        until: None,
        beneath: None,
    };
    gantry_store::stack::set_system_lock(&tx, &id, &lock)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let before = world.read_stack(&id).await;

    let refused = app.stack_delete(&world.admin, &id, false).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("Its worker is gone."), "{refused}");

    // A person's lock goes first, and alone.
    app.stack_lock(&world.admin, &id, None).await.unwrap();
    let unlocked = app.stack_unlock(&world.admin, &id).await.unwrap();
    assert!(unlocked.lock.is_none() && unlocked.system_lock.is_some());
    let unlocked = app.stack_unlock(&world.admin, &id).await.unwrap();
    assert!(unlocked.system_lock.is_none());
    assert!(
        unlocked.fence > before.fence,
        "the old worker is fenced off"
    );
}

async fn the_token_of_a_run_locks_nothing(world: &World) {
    let id = world.stack("Infra").await;
    let token = Subject::new(
        Who::Run {
            run: RunId::new("01RUN"),
            stack: id.clone(),
            space: SpaceId::new("legacy"),
            kind: RunKind::Tracked,
            phase: Phase::Apply,
            administrative: true,
        },
        "infra/01RUN",
    );
    let refused = world.app.stack_lock(&token, &id, None).await.unwrap_err();
    assert!(matches!(refused, OpError::Forbidden(_)), "{refused}");
    world.app.stack_lock(&world.admin, &id, None).await.unwrap();
    let refused = world.app.stack_unlock(&token, &id).await;
    assert!(matches!(refused, Err(OpError::Forbidden(_))));
    world.app.stack_unlock(&world.admin, &id).await.unwrap();
    let sha = "a".repeat(40);
    let pinned = world.app.stack_set_current_commit(&token, &id, &sha).await;
    assert!(matches!(pinned, Err(OpError::Forbidden(_))));
    let destroyed = world.app.stack_delete(&token, &id, true).await;
    assert!(matches!(destroyed, Err(OpError::Forbidden(_))));
    // It is an administrator of its space otherwise: it makes stacks.
    let made = world
        .app
        .stack_create(&token, world.draft("Child"), None, false, None);
    assert!(made.await.is_ok());
}
