use std::sync::Arc;

use gantry_app::App;
use gantry_app::gateway::GatewayError;
use gantry_core::caller::Caller;
use gantry_core::ids::{RunId, StackId};
use gantry_core::protocol::{Job, PhaseOutcome};
use gantry_core::run::{RunKind, RunState};

use crate::world::{Worker, World};

const STATE: RunState = RunState::Initializing;

/// Everything that `server` shows from `at` on, and whether nothing more comes.
async fn read(
    world: &World,
    server: &App,
    stack: &StackId,
    run: &RunId,
    at: usize,
) -> (String, bool) {
    let (mut text, mut token) = (String::new(), at.to_string());
    loop {
        let page = server.run_logs(&world.admin, stack, run, STATE, None, Some(&token));
        let page = page.await.unwrap().unwrap();
        text.push_str(&page.text);
        if !page.has_more {
            return (text, page.finished);
        }
        token = page.next_token;
    }
}

async fn send(server: &App, job: &Job, version: i64, whole: &str, part: std::ops::Range<usize>) {
    let bytes = bytes::Bytes::copy_from_slice(&whole.as_bytes()[part.clone()]);
    let sent = server.run_log_append(
        &Caller::Embedded,
        &job.run,
        version,
        job.fence,
        part.start as u64,
        bytes,
    );
    sent.await.unwrap();
}

#[tokio::test]
async fn a_worker_may_change_its_server_within_a_log() {
    let world = World::postgres().await;
    let servers = world.servers(3).await;
    let stack = world.stack("Infra").await;
    let worker = Worker::hello(servers[0].clone(), None).await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    // More than two pieces, in messages of all sizes.
    let whole: String = (0..60_000).map(|n| format!("line {n}\n")).collect();
    let sizes = [1, 700, 40_000, 3, 250_000, 12_345];
    let (mut at, mut turn, mut seen) = (0, 0, String::new());
    while at < whole.len() {
        let to = (at + sizes[turn % sizes.len()]).min(whole.len());
        send(&servers[turn % 3], &job, init.version, &whole, at..to).await;
        // The answer was lost: another server hears the same again, and a little more with it.
        let back = at.saturating_sub(10);
        send(
            &servers[(turn + 1) % 3],
            &job,
            init.version,
            &whole,
            back..to,
        )
        .await;
        (at, turn) = (to, turn + 1);
        let reader = &servers[(turn + 1) % 3];
        let (more, finished) = read(&world, reader, &stack, &id, seen.len()).await;
        assert!(!finished);
        seen.push_str(&more);
        assert_eq!(seen.len(), at, "the log does not grow on another server");
    }
    assert!(seen == whole);
    worker.go_on(&job, &init, PhaseOutcome::Succeeded).await;
    worker.release(&job, Some("enough")).await;
    for server in &servers {
        let (text, finished) = read(&world, server, &stack, &id, 0).await;
        assert!(text == whole && finished);
    }
    assert_eq!(world.sql("SELECT COUNT(*) FROM run_log_tail").trim(), "0");
    let gaps = "SELECT COUNT(*) FROM run_log one WHERE first_byte > 0 AND NOT EXISTS (\
                SELECT 1 FROM run_log two WHERE two.run_id = one.run_id \
                AND two.version = one.version AND two.first_byte + two.bytes = one.first_byte)";
    assert_eq!(world.sql(gaps).trim(), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_message_to_all_servers_at_once_stands_once() {
    let world = World::postgres().await;
    let servers = world.servers(3).await;
    let stack = world.stack("Infra").await;
    let worker = Worker::hello(servers[0].clone(), None).await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = Arc::new(worker.claim().await.unwrap());
    let init = worker.prepare(&job).await;
    let whole: Arc<str> = (0..90_000)
        .map(|n| format!("{n} "))
        .collect::<String>()
        .into();
    let (mut at, version) = (0, init.version);
    while at < whole.len() {
        let to = (at + 100_000).min(whole.len());
        let messages = servers.iter().enumerate().map(|(n, server)| {
            let (server, job, whole) = (server.clone(), job.clone(), whole.clone());
            // Each cuts what came before differently.
            let from = at.saturating_sub(n * 999);
            tokio::spawn(async move { send(&server, &job, version, &whole, from..to).await })
        });
        for message in Vec::from_iter(messages) {
            message.await.unwrap();
        }
        at = to;
    }
    let (text, _) = read(&world, &servers[1], &stack, &id, 0).await;
    assert!(
        text == *whole,
        "{} bytes instead of {}",
        text.len(),
        whole.len()
    );
}

#[tokio::test]
async fn what_the_database_lost_is_asked_for_again() {
    let world = World::postgres().await;
    let stack = world.stack("Infra").await;
    let worker = world.worker().await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    let init = worker.prepare(&job).await;
    worker.log(&job, init.version, 0, "one\n").await;
    worker.log(&job, init.version, 4, "two\n").await;
    // As after a crash of the database, which was not waited for.
    world.sql("DELETE FROM run_log_tail WHERE first_byte = 4");
    let bytes = "three\n".into();
    let sent = world
        .app
        .run_log_append(&Caller::Embedded, &id, init.version, job.fence, 8, bytes);
    match sent.await {
        Err(GatewayError::Refused {
            expected_offset, ..
        }) => assert_eq!(expected_offset, Some(4)),
        other => panic!("{other:?}"),
    }
}
