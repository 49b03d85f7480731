use gantry_core::caller::Caller;
use gantry_core::ids::RunId;
use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::{RunKind, RunState};

use crate::world::{World, person};

on_both_databases!(
    one_run_holds_a_stack_at_a_time,
    a_proposed_run_never_waits_for_the_stack,
    a_newer_commit_supersedes_a_preview,
    what_waits_can_be_cancelled_or_discarded,
    all_that_waits_is_discarded_at_once,
    a_disabled_stack_starts_nothing,
    what_holds_a_stack_comes_before_what_only_looks,
    lists_are_newest_first_and_go_on_where_they_ended,
    what_can_not_be_triggered_is_refused_with_a_sentence,
    what_a_run_waits_for_is_said_in_a_sentence,
);

async fn one_run_holds_a_stack_at_a_time(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let first = world.trigger(&stack, RunKind::Tracked).await;
    let second = world.trigger(&stack, RunKind::Tracked).await;
    let task = world
        .app
        .task_create(&world.admin, &stack, "true", true, None)
        .await
        .unwrap();
    assert_eq!(world.state(&stack, &second).await, RunState::Queued);
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.release(&job, None).await;
    // UNCONFIRMED holds the stack too.
    assert!(worker.claim().await.is_none());
    assert_eq!(world.read_stack(&stack).await.blocker, Some(first.clone()));
    world
        .app
        .run_discard(&world.admin, &stack, &first)
        .await
        .unwrap();
    assert_eq!(world.state(&stack, &second).await, RunState::Ready);
    assert_eq!(world.state(&stack, &task.id).await, RunState::Queued);
    let job = worker.claim().await.unwrap();
    assert_eq!(job.run, second);
    let init = worker.prepare(&job).await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    worker.let_go(&job, &plan, PhaseOutcome::NoChanges).await;
    assert_eq!(worker.claim().await.unwrap().run, task.id);
}

async fn a_proposed_run_never_waits_for_the_stack(world: &World) {
    let stack = world.stack("Infra").await;
    world.attach(&stack, "both", true, true).await;
    let worker = world.worker().await;
    let tracked = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.plan(&job).await;
    worker.release(&job, None).await;
    let lock = world.app.stack_lock(&world.admin, &stack, None);
    lock.await.unwrap();
    let proposed = world.trigger(&stack, RunKind::Proposed).await;
    let job = worker.claim().await.unwrap();
    assert_eq!(job.run, proposed);
    let init = worker.prepare(&job).await;
    let plan = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert!(worker.let_go(&job, &plan, PhaseOutcome::Changes).await);
    assert_eq!(world.state(&stack, &proposed).await, RunState::Finished);
    assert_eq!(world.read_stack(&stack).await.blocker, Some(tracked));
    assert!(world.cloud.asked().iter().all(|id| id.ends_with("@read")));
}

async fn a_newer_commit_supersedes_a_preview(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let preview = |commit: char| {
        let wanted = gantry_app::run::TriggerRun {
            kind: Some(RunKind::Proposed),
            commit: Some(commit.to_string().repeat(40)),
            ..Default::default()
        };
        world.app.run_trigger(&world.admin, &stack, wanted)
    };
    let running = preview('a').await.unwrap().id;
    let job = worker.claim().await.unwrap();
    let same = preview('a').await.unwrap().id;
    assert_eq!(world.state(&stack, &running).await, RunState::Preparing);
    let newer = preview('b').await.unwrap().id;
    assert_eq!(world.state(&stack, &running).await, RunState::Stopped);
    assert_eq!(world.state(&stack, &same).await, RunState::Canceled);
    assert_eq!(world.state(&stack, &newer).await, RunState::Ready);
    let note = world.note(&stack, &running).await;
    assert!(note.starts_with("superseded by commit bbbb"), "{note}");
    let beat = gantry_core::protocol::Heartbeat {
        fence: job.fence,
        wait_ms: 0,
    };
    assert!(
        world
            .app
            .run_heartbeat(&Caller::Embedded, &running, &beat)
            .await
            .unwrap()
            .stop
    );
}

async fn what_waits_can_be_cancelled_or_discarded(world: &World) {
    let stack = world.stack("Infra").await;
    let ready = world.trigger(&stack, RunKind::Tracked).await;
    let queued = world.trigger(&stack, RunKind::Tracked).await;
    let (app, admin) = (&world.app, &world.admin);
    app.run_cancel(admin, &stack, &queued).await.unwrap();
    assert_eq!(world.state(&stack, &queued).await, RunState::Canceled);
    app.run_discard(admin, &stack, &ready).await.unwrap();
    assert_eq!(world.state(&stack, &ready).await, RunState::Discarded);
    assert_eq!(world.read_stack(&stack).await.blocker, None);
    let text = app.run_confirm(admin, &stack, &ready).await.unwrap_err();
    assert_eq!(
        text.to_string(),
        format!("run {ready} is DISCARDED and can't be confirmed: only an UNCONFIRMED run can")
    );
    let nope = gantry_core::ids::RunId::new("nope");
    let missing = app.run_confirm(admin, &stack, &nope);
    assert_eq!(
        missing.await.unwrap_err().to_string(),
        "there is no run `nope`"
    );
}

async fn all_that_waits_is_discarded_at_once(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let first = world.trigger(&stack, RunKind::Tracked).await;
    let second = world.trigger(&stack, RunKind::Tracked).await;
    let third = world.trigger(&stack, RunKind::Tracked).await;
    let all = world.app.run_discard_all(&world.admin, &stack);
    let all = all.await.unwrap();
    assert_eq!(all.discarded.len(), 3);
    assert!(all.failed.is_empty());
    for run in [first, second, third] {
        assert_eq!(
            world.states(&stack, &run).await.split(' ').next_back(),
            Some("DISCARDED")
        );
    }
    assert!(worker.claim().await.is_none());
    assert_eq!(world.read_stack(&stack).await.blocker, None);
}

async fn a_disabled_stack_starts_nothing(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let waiting = world.trigger(&stack, RunKind::Tracked).await;
    let (app, admin) = (&world.app, &world.admin);
    app.stack_set_disabled(admin, &stack, true).await.unwrap();
    assert!(worker.claim().await.is_none());
    let text = app
        .task_create(admin, &stack, "true", true, None)
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("is disabled; enable it first"), "{text}");
    app.stack_set_disabled(admin, &stack, false).await.unwrap();
    assert_eq!(worker.claim().await.unwrap().run, waiting);
}

async fn what_holds_a_stack_comes_before_what_only_looks(world: &World) {
    let one = world.stack("One").await;
    let two = world.stack("Two").await;
    let three = world.stack("Three").await;
    let worker = world.worker().await;
    let preview = world.trigger(&one, RunKind::Proposed).await;
    let older = world.trigger(&two, RunKind::Tracked).await;
    let newer = world.trigger(&three, RunKind::Tracked).await;
    let first = world
        .app
        .run_prioritize_set(&world.admin, &three, &newer, true);
    assert!(first.await.unwrap().prioritized);
    for expected in [newer, older, preview] {
        assert_eq!(worker.claim().await.unwrap().run, expected);
    }
}

async fn lists_are_newest_first_and_go_on_where_they_ended(world: &World) {
    let stack = world.stack("Infra").await;
    let mut made = Vec::new();
    for _ in 0..52 {
        made.push(world.trigger(&stack, RunKind::Tracked).await);
    }
    world.trigger(&stack, RunKind::Proposed).await;
    made.reverse();
    let stack = world.read_stack(&stack).await;
    let page = |before| {
        let kinds = &[RunKind::Tracked, RunKind::Destroy];
        world.app.runs(&world.admin, &stack, kinds, before)
    };
    let ids = |runs: Vec<gantry_core::run::Run>| -> Vec<_> {
        runs.into_iter().map(|run| run.id).collect()
    };
    let first = ids(page(None).await.unwrap());
    assert_eq!(first, made[..50]);
    let second = ids(page(first.last()).await.unwrap());
    assert_eq!(second, made[50..]);
    assert!(page(second.last()).await.unwrap().is_empty());
    let newest = world.app.newest_runs(std::slice::from_ref(&stack.id)).await;
    assert_eq!(newest.unwrap(), [(stack.id.clone(), made[0].clone())]);
}

async fn what_can_not_be_triggered_is_refused_with_a_sentence(world: &World) {
    let stack = world.stack("Infra").await;
    let trigger = |kind, commit: Option<&str>, force| {
        let wanted = gantry_app::run::TriggerRun {
            kind: Some(kind),
            commit: commit.map(str::to_owned),
            force_apply: force,
            ..Default::default()
        };
        world.app.run_trigger(&world.admin, &stack, wanted)
    };
    for (kind, commit, force, said) in [
        (
            RunKind::Task,
            None,
            false,
            "a task has a mutation of its own",
        ),
        (RunKind::Destroy, None, false, "runType DESTROY"),
        (RunKind::Tracked, Some("abc"), false, "commitSha"),
        (
            RunKind::Tracked,
            Some("--upload-pack=x"),
            false,
            "commitSha",
        ),
        (RunKind::Tracked, None, true, "forceApply"),
    ] {
        let text = trigger(kind, commit, force).await.unwrap_err().to_string();
        assert!(text.contains(said), "{text}");
        assert!(!text.contains("not found"), "{text}");
    }
    let large = gantry_app::run::TriggerRun {
        overrides: (0..6)
            .map(|n| gantry_app::run::Override {
                name: format!("V{n}"),
                value: gantry_core::protocol::WireSecret::new("x".repeat(100 * 1024)),
            })
            .collect::<Vec<_>>()
            .into(),
        ..Default::default()
    };
    let refused = world.app.run_trigger(&world.admin, &stack, large).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("more than 524288 bytes together"), "{text}");
    let nowhere = gantry_core::ids::StackId::new("nowhere");
    let task = world
        .app
        .task_create(&world.admin, &nowhere, "true", false, None);
    assert_eq!(
        task.await.unwrap_err().to_string(),
        "there is no stack `nowhere`"
    );
    let empty = world
        .app
        .task_create(&world.admin, &stack, "  ", false, None);
    assert!(empty.await.is_err());
}

async fn what_a_run_waits_for_is_said_in_a_sentence(world: &World) {
    let first = world.stack("First").await;
    let second = world.stack("Second").await;
    let says = async |id: &RunId| {
        let said = world.app.waiting_for(std::slice::from_ref(id)).await;
        said.unwrap().remove(id)
    };
    let ready = world.trigger(&first, RunKind::Tracked).await;
    let next = world.trigger(&second, RunKind::Tracked).await;
    let queued = world.trigger(&first, RunKind::Tracked).await;
    let task = world
        .app
        .task_create(&world.admin, &first, "true", true, None);
    let last = task.await.unwrap().id;

    world
        .app
        .worker_absent("the sandbox can't be built: bwrap is missing");
    let absent = "no worker takes runs: the sandbox can't be built: bwrap is missing";
    assert_eq!(says(&ready).await.as_deref(), Some(absent));
    let worker = world.worker().await;
    assert_eq!(says(&ready).await.unwrap(), "a worker; it is the next");
    assert_eq!(
        says(&next).await.unwrap(),
        "a worker; one run goes before it"
    );
    assert_eq!(
        says(&queued).await,
        Some(format!("run {ready} holds the stack and is READY"))
    );
    assert_eq!(
        says(&last).await,
        Some(format!(
            "run {ready} holds the stack and is READY; one more run goes before this one"
        ))
    );

    let job = worker.claim().await.unwrap();
    assert_eq!(says(&ready).await, None);
    assert_eq!(
        says(&next).await.unwrap(),
        "a worker, which is at work on one run; it is the next"
    );
    worker.plan(&job).await;
    worker.release(&job, None).await;
    assert_eq!(
        says(&ready).await.unwrap(),
        "somebody has to confirm or discard it"
    );
    let ada = person("ada", "01ADA");
    world
        .app
        .stack_lock(&ada, &first, Some("a migration".into()))
        .await
        .unwrap();
    assert_eq!(
        says(&ready).await.unwrap(),
        "ada, who has locked the stack, has to confirm it, or somebody to discard it"
    );
    for run in [&ready, &queued] {
        let discard = world.app.run_discard(&world.admin, &first, run);
        discard.await.unwrap();
        assert_eq!(says(run).await, None);
    }
    assert_eq!(
        says(&last).await.unwrap(),
        "the stack is locked by ada: a migration"
    );
    world
        .app
        .stack_set_disabled(&world.admin, &first, true)
        .await
        .unwrap();
    assert!(says(&last).await.unwrap().contains("is disabled"));

    // However many are asked about, the database is asked as often.
    let reads = async |ids: &[RunId]| {
        let before = world.app.reads();
        world.app.waiting_for(ids).await.unwrap();
        world.app.reads() - before
    };
    assert_eq!(
        reads(std::slice::from_ref(&next)).await,
        reads(&[next, queued, last, ready]).await
    );
}
