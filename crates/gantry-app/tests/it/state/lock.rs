use gantry_core::protocol::PhaseOutcome;

use super::{Tool, content, lock_info, refused};
use crate::world::World;

on_both_databases!(
    a_lock_is_taken_once_and_given_back,
    a_lock_that_is_no_lock_is_refused,
    force_is_for_tasks,
    an_administrator_removes_a_lock_that_was_left,
);

async fn a_lock_is_taken_once_and_given_back(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("a").await.unwrap();
    // The answer was lost.
    tool.lock("a").await.unwrap();
    let (kind, text) = refused(tool.lock("b").await);
    assert_eq!(kind, "locked");
    let run = &tool.job.run;
    assert_eq!(
        text,
        format!("a of {run}: another command of the same run has it")
    );
    let shown = world.read_stack(&stack).await;
    let lock = world.app.state_lock(&shown).await.unwrap().unwrap();
    assert_eq!(lock.info.who, "root@box");
    assert_eq!((&lock.run, lock.holder.as_str()), (run, "admin"));
    assert_eq!(lock.locked_at, world.clock.now());

    let (kind, text) = refused(tool.unlock(Some("b")).await);
    assert_eq!(kind, "conflict");
    assert!(text.contains("with the lock ID `b`"), "{text}");
    tool.unlock(Some("a")).await.unwrap();
    tool.unlock(Some("a")).await.unwrap();
    assert!(world.app.state_lock(&shown).await.unwrap().is_none());
    tool.lock("b").await.unwrap();
}

async fn a_lock_that_is_no_lock_is_refused(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    let access = tool.access().await.unwrap();
    for body in ["", "x", "[]", "{\"ID\":\"\"}"] {
        let answer = world
            .app
            .state_lock_take(&access, &stack, body.as_bytes())
            .await;
        let (kind, text) = refused(answer);
        assert_eq!(kind, "malformed", "{body}");
        assert!(text.contains("`ID`"), "{text}");
    }
    let answer = world.app.state_lock_release(&access, &stack, b"{}").await;
    assert_eq!(refused(answer).0, "malformed");
}

async fn force_is_for_tasks(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("left").await.unwrap();
    let (kind, text) = refused(tool.unlock(None).await);
    assert_eq!(kind, "forbidden");
    assert!(text.contains("Only a task"), "{text}");
    tool.end(PhaseOutcome::Succeeded).await;

    // Another apply may not even with the ID, which the refusal shows it.
    let tool = Tool::applying(world, &stack).await;
    assert_eq!(refused(tool.lock("mine").await).0, "locked");
    assert_eq!(refused(tool.unlock(Some("left")).await).0, "forbidden");
    let sent = content(1, &[]);
    assert_eq!(refused(tool.store("left", &sent).await).0, "conflict");
    tool.end(PhaseOutcome::Succeeded).await;

    for force in [None, Some("left")] {
        let task = Tool::performing(world, &stack).await;
        assert_eq!(refused(task.lock("left").await).0, "locked");
        let (kind, _) = refused(task.unlock(Some("other")).await);
        assert_eq!(kind, "conflict");
        task.unlock(force).await.unwrap();
        task.lock("left").await.unwrap();
        task.end(PhaseOutcome::Succeeded).await;
    }
}

async fn an_administrator_removes_a_lock_that_was_left(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("left").await.unwrap();
    let app = &world.app;
    let removed = app.state_lock_remove(&world.admin, &stack).await;
    let refused = removed.unwrap_err().to_string();
    assert!(refused.contains("is in use"), "{refused}");
    assert!(refused.contains(tool.job.run.as_str()), "{refused}");
    tool.end(PhaseOutcome::Succeeded).await;

    let task = Tool::performing(world, &stack).await;
    let token = crate::run::variable(&task.start, "SPACELIFT_API_TOKEN").unwrap();
    let whose = app.subject_of_token(token).await.unwrap().unwrap();
    assert!(app.state_lock_remove(&whose, &stack).await.is_err());
    task.end(PhaseOutcome::Succeeded).await;
    app.state_lock_remove(&world.admin, &stack).await.unwrap();
    // Nothing is left to remove, which is as good.
    app.state_lock_remove(&world.admin, &stack).await.unwrap();
    let shown = world.read_stack(&stack).await;
    assert!(app.state_lock(&shown).await.unwrap().is_none());
    let own = world.stack("Own").await;
    let removed = app.state_lock_remove(&world.admin, &own).await;
    let refused = removed.unwrap_err().to_string();
    assert!(refused.contains("a backend of its own"), "{refused}");
    // Whoever knows the old lock can do nothing with it.
    let body = lock_info("left");
    let tool = Tool::applying(world, &stack).await;
    let access = tool.access().await.unwrap();
    app.state_lock_release(&access, &stack, body.as_bytes())
        .await
        .unwrap();
}
