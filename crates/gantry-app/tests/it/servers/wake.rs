use std::time::{Duration, Instant};

use gantry_core::caller::Caller;
use gantry_core::credentials::cloud::Cloud;
use gantry_core::protocol::Heartbeat;
use gantry_core::run::RunKind;

use crate::world::{Worker, World};

/// Far below the time for which an answer is held back, and above that of a busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_claim_on_another_server_hears_of_a_run() {
    let world = World::postgres().await;
    let servers = world.servers(2).await;
    let stack = world.stack("Infra").await;
    let worker = Worker::hello(servers[1].clone(), None).await;
    let claim = tokio::spawn(async move { worker.claim_within(20_000).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let id = world.trigger(&stack, RunKind::Tracked).await;
    assert_eq!(claim.await.unwrap().unwrap().run, id);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_claim_hears_of_a_run_also_after_the_connection_was_lost() {
    let world = World::postgres().await;
    let servers = world.servers(1).await;
    let stack = world.stack("Infra").await;
    let worker = Worker::hello(servers[0].clone(), None).await;
    let claim = tokio::spawn(async move { worker.claim_within(20_000).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    assert_eq!(world.sql(cut).trim(), "t");
    let id = world.trigger(&stack, RunKind::Tracked).await;
    assert_eq!(claim.await.unwrap().unwrap().run, id);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_heartbeat_on_another_server_hears_of_a_stop() {
    let world = World::postgres().await;
    let servers = world.servers(1).await;
    let stack = world.stack("Infra").await;
    let worker = Worker::hello(servers[0].clone(), None).await;
    let id = world.trigger(&stack, RunKind::Tracked).await;
    let job = worker.claim().await.unwrap();
    worker.prepare(&job).await;
    let beat = Heartbeat {
        fence: job.fence,
        wait_ms: 20_000,
    };
    let run = id.clone();
    let server = servers[0].clone();
    let waiting = tokio::spawn(async move {
        server
            .run_heartbeat(&Caller::Embedded, &run, &beat)
            .await
            .unwrap()
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let stopped = world.app.run_stop(&world.admin, &stack, &id, None);
    stopped.await.unwrap();
    assert!(waiting.await.unwrap().stop);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_slot_that_another_server_frees_is_taken_at_once() {
    let world = World::postgres().await;
    let servers = world.servers(1).await;
    let stack = world.stack("Infra").await;
    let first = world.integration("first", "legacy").await;
    let held = (world.app)
        .integration_attach(&world.admin, Cloud::Aws, &first, &stack, (true, false))
        .await
        .unwrap()
        .attachment
        .id;
    let second = world.integration("second", "legacy").await;
    let (server, admin, on) = (servers[0].clone(), world.admin.clone(), stack.clone());
    let waiting = tokio::spawn(async move {
        let attached = server.integration_attach(&admin, Cloud::Aws, &second, &on, (true, false));
        attached.await.map(drop)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    let begun = Instant::now();
    let detached = (world.app).integration_detach(&world.admin, Cloud::Aws, &held);
    assert!(detached.await.unwrap().is_some());
    waiting.await.unwrap().unwrap();
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}
