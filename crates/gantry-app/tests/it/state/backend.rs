use gantry_core::caller::Caller;
use gantry_core::protocol::{Next, PhaseOutcome};
use gantry_core::run::{Phase, RunKind};
use gantry_core::space::{LEGACY, ROOT};

use super::{Tool, content, refused};
use crate::run::variable;
use crate::world::World;

on_both_databases!(
    only_a_phase_that_writes_learns_of_a_lock,
    what_is_stored_is_what_is_read,
    a_state_that_does_not_come_next_is_refused_and_nothing_is_lost,
    nothing_is_written_without_the_lock,
    a_read_phase_reads_and_does_nothing_else,
    the_token_dies_with_its_phase,
    a_run_that_was_taken_over_writes_nothing_more,
    another_stack_s_state_is_read_only_where_it_lets_and_is_seen,
    a_stack_takes_its_state_along,
    what_could_not_be_stored_says_how_to_store_it,
);

const BACKEND: [&str; 7] = [
    "TF_HTTP_ADDRESS",
    "TF_HTTP_USERNAME",
    "TF_HTTP_PASSWORD",
    "TF_HTTP_LOCK_ADDRESS",
    "TF_HTTP_UNLOCK_ADDRESS",
    "TF_HTTP_LOCK_METHOD",
    "TF_HTTP_UNLOCK_METHOD",
];

async fn only_a_phase_that_writes_learns_of_a_lock(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    assert!(tool.job.managed_state);
    for name in BACKEND {
        assert!(variable(&tool.start, name).is_some(), "{name}");
    }
    let address = variable(&tool.start, "TF_HTTP_ADDRESS").unwrap();
    assert_eq!(address, "http://127.0.0.1:7878/state/infra");
    let masked: Vec<_> = tool.start.env.iter().filter(|v| v.masked).collect();
    assert!(masked.iter().any(|v| v.name == "TF_HTTP_PASSWORD"));
    tool.end(PhaseOutcome::Succeeded).await;

    // A task initialises to read, and performs to write.
    let worker = world.worker().await;
    let made = world
        .app
        .task_create(&world.admin, &stack, "true", false, None);
    made.await.unwrap();
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    for name in &BACKEND[3..] {
        assert_eq!(variable(&init, name), None, "{name}");
    }
    assert!(variable(&init, BACKEND[0]).is_some());
    let perform = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    assert!(variable(&perform, BACKEND[4]).is_some());
    worker.let_go(&job, &perform, PhaseOutcome::Succeeded).await;

    // Of a stack with a backend of its own nothing is said.
    let other = world.stack("Other").await;
    let tool = Tool::performing(world, &other).await;
    assert!(!tool.job.managed_state);
    for name in BACKEND {
        assert_eq!(variable(&tool.start, name), None, "{name}");
    }
}

async fn what_is_stored_is_what_is_read(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    assert_eq!(tool.get(&stack).await.unwrap(), None);
    let first = content(1, &[("one", "1")]);
    tool.lock("a").await.unwrap();
    tool.store("a", &first).await.unwrap();
    // The answer was lost: the same again.
    tool.store("a", &first).await.unwrap();
    let read = tool.get(&stack).await.unwrap().unwrap();
    assert_eq!(read, first.as_bytes());
    let second = content(2, &[("one", "1"), ("two", "2")]);
    tool.store("a", &second).await.unwrap();
    tool.unlock(Some("a")).await.unwrap();
    let read = tool.get(&stack).await.unwrap().unwrap();
    assert_eq!(read, second.as_bytes());

    // Nowhere in clear, and once each.
    world.app.settle().await;
    let files: Vec<_> = std::fs::read_dir(world.objects().join("states/infra"))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(files.len(), 2);
    for bytes in files {
        let canary = b"canary";
        assert!(!bytes.windows(canary.len()).any(|window| window == canary));
    }
    // Another server on the same data has it.
    let again = world.restarted().await;
    let access = again.state_access(&tool.password()).await.unwrap().unwrap();
    let read = again.state_get(&access, &stack).await.unwrap().unwrap();
    assert_eq!(read.as_slice(), second.as_bytes());
    again.close().await;
}

async fn a_state_that_does_not_come_next_is_refused_and_nothing_is_lost(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("a").await.unwrap();
    let kept = content(5, &[("one", "1")]);
    tool.store("a", &kept).await.unwrap();
    let newer = content(6, &[]);
    let cases = [
        ("conflict", content(4, &[]), "has the serial 4"),
        ("conflict", content(5, &[]), "the same serial 5"),
        (
            "conflict",
            newer.replace("\"line\"", "\"other\""),
            "has the lineage `other`, and the stack's has `line`",
        ),
        ("malformed", String::new(), "is empty"),
        ("malformed", "{\"serial\":".into(), "is not JSON"),
        ("malformed", "[1]".into(), "not an object"),
        ("malformed", "{\"serial\":6}".into(), "has no `version`"),
    ];
    for (kind, sent, part) in cases {
        let (found, text) = refused(tool.store("a", &sent).await);
        assert_eq!(found, kind, "{text}");
        assert!(text.contains(part), "{part}: {text}");
    }
    let read = tool.get(&stack).await.unwrap().unwrap();
    assert_eq!(read, kept.as_bytes());
    let objects = std::fs::read_dir(world.objects().join("states/infra"));
    assert_eq!(objects.unwrap().count(), 1);
    // The run's page says why its tool failed, the first reason.
    let note = world.note(&stack, &tool.job.run).await;
    assert!(
        note.contains("was refused: the state has the serial 4"),
        "{note}"
    );
}

async fn nothing_is_written_without_the_lock(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    let sent = content(1, &[]);
    for (lock, part) in [("", "names none"), ("a", "is not locked any more")] {
        let (kind, text) = refused(tool.store(lock, &sent).await);
        assert_eq!(kind, "conflict");
        assert!(text.contains(part), "{part}: {text}");
    }
    tool.lock("a").await.unwrap();
    let (kind, text) = refused(tool.store("b", &sent).await);
    assert_eq!(kind, "conflict");
    let run = &tool.job.run;
    for part in [
        "under the lock `b`: it is locked by the apply phase of run",
        run.as_str(),
        "triggered by admin, root@box",
        "since 2027-01-15T08:00:00Z",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(tool.get(&stack).await.unwrap(), None);
}

async fn a_read_phase_reads_and_does_nothing_else(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let writer = Tool::applying(world, &stack).await;
    let kept = content(1, &[]);
    writer.stored(&kept).await;
    writer.end(PhaseOutcome::Succeeded).await;
    for kind in [RunKind::Proposed, RunKind::Tracked] {
        let tool = Tool::planning(world, &stack, kind).await;
        assert_eq!(tool.start.phase, Phase::Plan);
        let read = tool.get(&stack).await.unwrap().unwrap();
        assert_eq!(read, kept.as_bytes());
        for answer in [
            tool.lock("a").await,
            tool.unlock(Some("a")).await,
            tool.unlock(None).await,
            tool.store("a", &content(2, &[])).await,
            tool.store("", &content(2, &[])).await,
        ] {
            let (kind, text) = refused(answer);
            assert_eq!(kind, "forbidden");
            assert!(text.contains("the plan phase of run"), "{text}");
        }
        // What is no subject of the API either.
        let token = variable(&tool.start, "TF_HTTP_PASSWORD").unwrap();
        assert!(world.app.subject_of_token(token).await.unwrap().is_none());
        let token = variable(&tool.start, "SPACELIFT_API_TOKEN").unwrap();
        let run_token = world.app.state_access(&token.into()).await.unwrap();
        assert!(run_token.is_none());
        tool.end(PhaseOutcome::NoChanges).await;
    }
}

async fn the_token_dies_with_its_phase(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let mut tool = Tool::planning(world, &stack, RunKind::Tracked).await;
    let (plan, old) = (tool.password(), tool.start.clone());
    assert!(tool.access().await.is_some());
    tool.worker.put_plan(&tool.job, b"the plan").await;
    let next = tool
        .worker
        .try_finish(&tool.job, &old, PhaseOutcome::Changes);
    assert!(matches!(next.await.unwrap(), Next::Release { .. }));
    assert!(tool.access().await.is_none());
    tool.worker.release(&tool.job, None).await;
    let app = &world.app;
    app.run_confirm(&world.admin, &stack, &tool.job.run)
        .await
        .unwrap();
    tool.job = tool.worker.claim().await.unwrap();
    tool.start = tool.worker.prepare(&tool.job).await;
    assert!(tool.access().await.is_some());
    assert!(app.state_access(&plan).await.unwrap().is_none());
    tool.end(PhaseOutcome::Succeeded).await;
    assert!(tool.access().await.is_none());
    for forged in ["", "x", "a.b.c"] {
        assert!(app.state_access(&forged.into()).await.unwrap().is_none());
    }
}

/// Somebody takes over while a request is on its way: it began with a good token.
async fn a_run_that_was_taken_over_writes_nothing_more(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("a").await.unwrap();
    let kept = content(1, &[]);
    tool.store("a", &kept).await.unwrap();
    let access = tool.access().await.unwrap();

    world.clock.advance(31_000);
    world.app.end_what_is_due().await.unwrap();
    assert!(tool.access().await.is_none());
    let app = &world.app;
    let late = content(2, &[]);
    let body = super::lock_info("a");
    let stale = [
        app.state_store(&access, &stack, Some("a"), late.clone().into())
            .await,
        app.state_lock_release(&access, &stack, body.as_bytes())
            .await,
        app.state_lock_take(&access, &stack, super::lock_info("b").as_bytes())
            .await,
    ];
    for answer in stale {
        let (kind, text) = refused(answer);
        assert_eq!(kind, "conflict");
        assert!(text.contains("does not hold the stack"), "{text}");
    }
    app.stack_unlock(&world.admin, &stack).await.unwrap();

    // The next run finds the lock that was left, and the state as it was stored.
    let next = Tool::performing(world, &stack).await;
    assert_eq!(next.get(&stack).await.unwrap().unwrap(), kept.as_bytes());
    let (kind, text) = refused(next.lock("c").await);
    assert_eq!(kind, "locked");
    assert!(text.contains("force-unlock -force a"), "{text}");
    next.unlock(None).await.unwrap();
    next.lock("c").await.unwrap();
    // Even the lock's own ID opens nothing for the old one.
    let answer = app.state_store(&access, &stack, Some("c"), late.into());
    assert_eq!(refused(answer.await).0, "conflict");
    next.store("c", &content(3, &[])).await.unwrap();
}

async fn another_stack_s_state_is_read_only_where_it_lets_and_is_seen(world: &World) {
    let mut draft = world.draft("Shared");
    draft.vendor = opened();
    let shared = world.managed_stack_of(draft).await;
    let closed = world.managed_stack("Closed").await;
    let mut draft = world.draft("Elsewhere");
    draft.vendor = opened();
    let elsewhere = world.stack_of(draft).await;
    for stack in [&shared, &closed] {
        let tool = Tool::performing(world, stack).await;
        tool.stored(&content(1, &[])).await;
        tool.end(PhaseOutcome::Succeeded).await;
    }
    // `legacy` inherits from `root`, and not the other way round.
    let mut draft = world.draft("Above");
    draft.space = Some(ROOT.into());
    draft.vendor = opened();
    let above = world.managed_stack_of(draft).await;
    let tool = Tool::performing(world, &above).await;
    tool.stored(&content(1, &[])).await;
    let missing = gantry_core::ids::StackId::new("gone");
    for other in [&shared, &closed, &elsewhere, &missing] {
        let (kind, text) = refused(tool.get(other).await);
        assert_eq!(kind, "missing");
        assert!(text.contains("externalStateAccessEnabled"), "{text}");
    }
    tool.end(PhaseOutcome::Succeeded).await;

    let reader = world.managed_stack("Reader").await;
    assert_eq!(
        world.read_stack(&reader).await.settings.space.as_str(),
        LEGACY
    );
    let tool = Tool::planning(world, &reader, RunKind::Proposed).await;
    for other in [&shared, &above] {
        assert!(tool.get(other).await.unwrap().is_some());
    }
    for other in [&closed, &elsewhere, &missing] {
        assert_eq!(refused(tool.get(other).await).0, "missing");
    }
    tool.end(PhaseOutcome::NoChanges).await;
    // Reading is all.
    let tool = Tool::performing(world, &reader).await;
    let access = tool.access().await.unwrap();
    let sent = content(2, &[]);
    let answer = world
        .app
        .state_store(&access, &shared, Some("a"), sent.into());
    assert_eq!(refused(answer.await).0, "forbidden");
}

fn opened() -> gantry_app::stack::VendorDraft {
    gantry_app::stack::VendorDraft::Terraform {
        version: None,
        workflow_tool: None,
        workspace: None,
        use_smart_sanitization: None,
        external_state_access_enabled: Some(true),
    }
}

async fn a_stack_takes_its_state_along(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::performing(world, &stack).await;
    tool.lock("left").await.unwrap();
    tool.store("left", &content(1, &[])).await.unwrap();
    tool.end(PhaseOutcome::Succeeded).await;
    let folder = world.objects().join("states/infra");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let app = &world.app;
    app.stack_delete(&world.admin, &stack, false).await.unwrap();
    app.settle().await;
    assert!(app.stack(&world.admin, &stack).await.unwrap().is_none());
    let left = std::fs::read_dir(&folder).map(|files| files.count());
    assert!(matches!(left, Err(_) | Ok(0)), "{left:?}");
    // Whoever takes the name finds nothing of it.
    let again = world.managed_stack("Infra").await;
    let tool = Tool::performing(world, &again).await;
    assert_eq!(tool.get(&again).await.unwrap(), None);
    tool.lock("a").await.unwrap();
}

async fn what_could_not_be_stored_says_how_to_store_it(world: &World) {
    let stack = world.managed_stack("Infra").await;
    let tool = Tool::applying(world, &stack).await;
    tool.lock("left").await.unwrap();
    let (run, fence) = (&tool.job.run, tool.job.fence);
    let app = &world.app;
    let kept = content(1, &[("one", "1")]);
    app.errored_state_put(&Caller::Embedded, run, fence, kept.clone().into())
        .await
        .unwrap();
    let reason = "exit status 1".into();
    tool.end(PhaseOutcome::Failed { reason }).await;
    let lock = world.read_stack(&stack).await.system_lock.unwrap();
    for part in [
        "`terraform state push errored.tfstate`",
        "`terraform force-unlock -force <ID>`",
    ] {
        assert!(lock.note.contains(part), "{}", lock.note);
    }
    // As the task does it.
    let task = Tool::performing(world, &stack).await;
    assert!(task.job.errored_state);
    let left = app
        .errored_state_get(&Caller::Embedded, &task.job.run, task.job.fence)
        .await;
    let left = String::from_utf8(left.unwrap().to_vec()).unwrap();
    task.unlock(None).await.unwrap();
    task.stored(&left).await;
    task.end(PhaseOutcome::Succeeded).await;
    app.stack_unlock(&world.admin, &stack).await.unwrap();
    let next = Tool::planning(world, &stack, RunKind::Proposed).await;
    assert_eq!(next.get(&stack).await.unwrap().unwrap(), kept.as_bytes());
}
