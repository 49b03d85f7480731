use gantry_app::App;
use gantry_app::gateway::GatewayError;
use gantry_app::run_log::LogPage;
use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::{Job, PhaseOutcome};
use gantry_core::run::{RunKind, RunState};

use crate::world::{Worker, World};

on_both_databases!(
    a_log_is_read_while_it_grows_and_ever_after,
    a_long_log_comes_in_pages,
    what_was_sent_twice_stands_once_and_a_gap_is_refused,
    a_worker_that_sends_its_spool_again_completes_the_log,
    a_log_that_is_late_keeps_nobody_waiting,
    a_repeated_state_has_a_log_of_its_own,
);

async fn page(
    world: &World,
    stack: &StackId,
    run: &RunId,
    state: RunState,
    token: Option<&str>,
) -> Option<LogPage> {
    let page = world
        .app
        .run_logs(&world.admin, stack, run, state, None, token);
    page.await.unwrap()
}

/// Follows the log as the CLI does, to the end that the server names.
async fn whole(world: &World, stack: &StackId, run: &RunId, state: RunState) -> String {
    follow(&world.app, world, stack, run, state).await
}

async fn follow(app: &App, world: &World, stack: &StackId, run: &RunId, state: RunState) -> String {
    let mut text = String::new();
    let mut token = None;
    for _ in 0..100 {
        let page = app.run_logs(&world.admin, stack, run, state, None, token.as_deref());
        let page = page.await.unwrap().unwrap();
        assert!(page.text.len() <= 64 << 10);
        text.push_str(&page.text);
        if page.finished {
            return text;
        }
        assert!(page.has_more, "the log never ends: {page:?}");
        token = Some(page.next_token);
    }
    panic!("the log never ends");
}

async fn a_log_is_read_while_it_grows_and_ever_after(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let read = |token| page(world, &stack, &id, RunState::Initializing, token);
    assert!(read(None).await.is_none());
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let empty = read(None).await.unwrap();
    assert_eq!(
        (empty.next_token.as_str(), empty.has_more, empty.finished),
        ("0", false, false)
    );
    worker.log(&job, init.version, 0, "one\n").await;
    let first = read(None).await.unwrap();
    assert_eq!((first.text.as_str(), first.finished), ("one\n", false));
    worker.log(&job, init.version, 4, "two\n").await;
    let second = read(Some(&first.next_token)).await.unwrap();
    assert_eq!(second.text, "two\n");
    worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    let last = read(Some(&second.next_token)).await.unwrap();
    assert_eq!((last.text.as_str(), last.finished), ("", true));
    assert_eq!(last.next_token, "8");
    worker.release(&job, Some("enough")).await;
    let text = whole(world, &stack, &id, RunState::Initializing).await;
    assert_eq!(text, "one\ntwo\n");
    assert!(
        page(world, &stack, &id, RunState::Failed, None)
            .await
            .is_none()
    );
    // Another server reads what this one has stored.
    let again = world.restarted().await;
    let state = RunState::Initializing;
    let read = again.run_logs(&world.admin, &stack, &id, state, None, Some("4"));
    let read = read.await.unwrap().unwrap();
    assert_eq!((read.text.as_str(), read.finished), ("two\n", true));
}

async fn a_long_log_comes_in_pages(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let line = "größer als nur ein Stück €😀\n";
    let chunk = line.repeat(1000);
    let mut expected = String::new();
    for _ in 0..30 {
        worker
            .log(&job, init.version, expected.len() as u64, &chunk)
            .await;
        expected.push_str(&chunk);
    }
    worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    let read = whole(world, &stack, &id, RunState::Initializing).await;
    assert!(read == expected, "{} bytes instead", read.len());
    worker.release(&job, Some("enough")).await;
    let read = whole(world, &stack, &id, RunState::Initializing).await;
    assert!(read == expected, "{} bytes instead", read.len());
}

async fn append(
    world: &World,
    job: &Job,
    version: i64,
    offset: u64,
    text: &'static str,
) -> Result<(), GatewayError> {
    let bytes = text.into();
    let app = &world.app;
    app.run_log_append(
        &Caller::Embedded,
        &job.run,
        version,
        job.fence,
        offset,
        bytes,
    )
    .await
}

async fn what_was_sent_twice_stands_once_and_a_gap_is_refused(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let version = init.version;
    append(world, &job, version, 0, "abc").await.unwrap();
    append(world, &job, version, 0, "abc").await.unwrap();
    append(world, &job, version, 1, "bcdef").await.unwrap();
    match append(world, &job, version, 9, "x").await {
        Err(GatewayError::Refused {
            expected_offset, ..
        }) => assert_eq!(expected_offset, Some(6)),
        other => panic!("{other:?}"),
    }
    assert!(append(world, &job, version + 7, 0, "x").await.is_err());
    worker.release(&job, Some("enough")).await;
    assert_eq!(
        whole(world, &stack, &id, RunState::Initializing).await,
        "abcdef"
    );
}

async fn a_worker_that_sends_its_spool_again_completes_the_log(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    worker
        .log(&job, init.version, 0, "heard by the server that died\n")
        .await;
    // The server dies with the end of the log in its memory.
    let app = world.restarted().await;
    let text = "heard by the server that died\nand the rest\n";
    let bytes = text.into();
    app.run_log_append(&Caller::Embedded, &id, init.version, job.fence, 0, bytes)
        .await
        .unwrap();
    let worker = Worker {
        app: app.clone(),
        ..worker
    };
    let failed = PhaseOutcome::Failed {
        reason: "the worker was killed".into(),
    };
    assert!(worker.let_go(&job, &init, failed).await);
    let state = RunState::Initializing;
    assert_eq!(follow(&app, world, &stack, &id, state).await, text);
}

async fn a_log_that_is_late_keeps_nobody_waiting(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.prepare(&job).await;
    worker.log(&job, job.version, 0, "checked out\n").await;
    let text = whole(world, &stack, &id, RunState::Preparing).await;
    assert_eq!(text, "checked out\n");
    worker.release(&job, Some("enough")).await;
    let text = whole(world, &stack, &id, RunState::Preparing).await;
    assert_eq!(text, "checked out\n");
}

async fn a_repeated_state_has_a_log_of_its_own(world: &World) {
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    let first = worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    worker.log(&job, first.version, 0, "first plan\n").await;
    worker.put_plan(&job, b"the plan").await;
    worker.let_go(&job, &first, PhaseOutcome::Changes).await;
    let replan = world.app.run_replan(&world.admin, &stack, &id);
    replan.await.unwrap();
    let again = worker.claim().await.unwrap();
    let second = worker.prepare(&again).await;
    worker.log(&again, second.version, 0, "second plan\n").await;
    let newest = page(world, &stack, &id, RunState::Planning, None).await;
    assert_eq!(newest.unwrap().text, "second plan\n");
    let named = world.app.run_logs(
        &world.admin,
        &stack,
        &id,
        RunState::Planning,
        Some(first.version),
        None,
    );
    assert_eq!(named.await.unwrap().unwrap().text, "first plan\n");
}
