use std::collections::BTreeSet;

use gantry_core::ids::{RunId, StackId};
use gantry_core::run::RunKind;

use crate::world::{Worker, World};

const RUNS: usize = 24;
const LEASE_MS: i64 = 30_000;

async fn runs(world: &World) -> Vec<(StackId, RunId)> {
    let mut runs = Vec::new();
    for n in 0..RUNS {
        let mut draft = world.draft(&format!("Stack {n}"));
        draft.autodeploy = true;
        let stack = world.stack_of(draft).await;
        let run = world.trigger(&stack, RunKind::Tracked).await;
        runs.push((stack, run));
    }
    runs
}

/// Two runs that race for one visit of a state would have left two rows, or two audit events.
fn each_once(world: &World, state: &str) {
    let visits = format!(
        "SELECT COUNT(*), COUNT(DISTINCT run_id) FROM run_transition WHERE state = '{state}'"
    );
    assert_eq!(
        world.sql(&visits).trim(),
        format!("{RUNS}|{RUNS}"),
        "{state}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_run_is_claimed_once_and_each_lapsed_lease_ended_once() {
    let world = World::postgres().await;
    let servers = world.servers(3).await;
    let runs = runs(&world).await;
    let mut claims = Vec::new();
    for n in 0..9 {
        let worker = Worker::hello(servers[n % 3].clone(), None).await;
        claims.push(tokio::spawn(async move {
            let mut jobs = Vec::new();
            while let Some(job) = worker.claim_within(500).await {
                jobs.push(job.run.clone());
                // Half of them are lost in a phase that writes, half before any.
                if jobs.len() % 2 == 0 {
                    worker.plan(&job).await;
                }
            }
            jobs
        }));
    }
    let mut claimed = Vec::new();
    for claim in claims {
        claimed.extend(claim.await.unwrap());
    }
    let all: BTreeSet<RunId> = runs.iter().map(|(_, run)| run.clone()).collect();
    assert_eq!(claimed.len(), RUNS, "a run was claimed twice, or never");
    assert_eq!(BTreeSet::from_iter(claimed), all);
    each_once(&world, "PREPARING");

    world.clock.advance(LEASE_MS + 1);
    let mut looks = Vec::new();
    for server in servers.iter().cycle().take(12) {
        let server = server.clone();
        looks.push(tokio::spawn(async move {
            server.end_what_is_due().await.unwrap()
        }));
    }
    for look in looks {
        look.await.unwrap();
    }
    each_once(&world, "FAILED");
    assert_eq!(
        world
            .sql("SELECT COUNT(*) FROM run WHERE lease_until IS NOT NULL")
            .trim(),
        "0"
    );
    let locks = "SELECT COUNT(*), COUNT(DISTINCT stack_id) FROM audit_event WHERE action = 'stack.system_lock'";
    let locked = "SELECT COUNT(*) FROM stack WHERE system_lock IS NOT NULL";
    let count = world.sql(locked).trim().to_owned();
    assert_ne!(count, "0");
    assert_eq!(world.sql(locks).trim(), format!("{count}|{count}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_servers_that_start_together_one_makes_the_first_key() {
    let world = World::postgres().await;
    let servers = world.servers(4).await;
    let starts = servers.iter().map(|server| server.api_key_create_first());
    let made = futures::future::join_all(starts).await;
    let made = made.into_iter().filter_map(Result::unwrap);
    assert_eq!(made.count(), 1);
    assert_eq!(world.sql("SELECT COUNT(*) FROM api_key").trim(), "1");
    // Not even when it is gone.
    world.sql("UPDATE api_key SET revoked_at = 1");
    assert!(servers[0].api_key_create_first().await.unwrap().is_none());
}
