//! Server, worker and database are killed at random moments, while four stacks plan, confirm and apply.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gantry_testkit::postgres::Postgres;
use gantry_testkit::process::Process;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::looped::{Looped, Wish};
use super::states::States;
use super::{Database, PATIENCE, Stage, seed};

/// How often something is killed, without `FAULT_KILLS`.
const KILLS: usize = 8;

/// After so many kills everything may come to its end, and is looked at.
const ROUND: usize = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Server,
    Worker,
    /// As when their machine loses power.
    ServerAndWorker,
    /// The first process of PostgreSQL.
    Postmaster,
    /// Another one of PostgreSQL, which then ends all others and recovers from its log.
    Backend,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_by_kills_on_sqlite() {
    survives(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_by_kills_on_postgres() {
    let postgres = Box::leak(Box::new(Postgres::start_durable().unwrap()));
    survives(Stage::on_postgres(postgres).await).await;
}

async fn survives(mut stage: Stage) {
    let kills = match std::env::var("FAULT_KILLS") {
        Ok(number) => number.parse().expect("FAULT_KILLS is a number"),
        Err(_) => KILLS,
    };
    let mut chance = StdRng::seed_from_u64(seed());
    let states = States::listen();
    let mut stacks = Vec::new();
    for (name, cloud) in [("one", true), ("two", false)] {
        stacks.push(Looped::create(&stage, name, cloud).await);
    }
    for name in ["three", "four"] {
        stacks.push(Looped::with_backend(&stage, name, &states).await);
    }
    let (mut killed, mut ends) = (BTreeMap::new(), BTreeMap::new());
    let mut left = kills;
    while left > 0 {
        let (stop, loops) = loop_all(&stacks);
        for _ in 0..left.min(ROUND) {
            let pause = Duration::from_millis(chance.random_range(50..2_500));
            tokio::time::sleep(pause).await;
            let victim = choose(&mut chance, &stage.database);
            println!("after {pause:?}: {victim:?}");
            kill_and_revive(&mut stage, victim, &mut chance).await;
            *killed.entry(victim).or_insert(0) += 1;
            stage.applies.expect_once_each();
            states.expect_once_each();
            stage.expect_no_orphans();
            let stuck = loops.iter().any(JoinHandle::is_finished);
            assert!(!stuck, "{}", stage.world.server.log());
        }
        left -= left.min(ROUND);
        stop.send_replace(true);
        for one in loops {
            let seen = stage.alive_while(one).await.unwrap();
            for state in seen.into_values() {
                *ends.entry(state).or_insert(0) += 1;
            }
        }
        stage.expect_sound();
    }
    // Each stack still works.
    for looped in &stacks {
        let (run, all) = looped.fulfil(Wish::Apply).await;
        let last = all.iter().find(|one| one.run == run).unwrap();
        assert_eq!(last.state, "FINISHED", "{last:?}");
    }
    stage.expect_sound();
    println!(
        "killed: {killed:?}; runs: {ends:?}; {} applies, none twice; {} states of their own, none twice",
        stage.applies.expect_once_each(),
        states.expect_once_each()
    );
}

/// Every stack again and again, until the word comes; each loop ends with its last run, and with how its
/// runs have ended.
pub fn loop_all(
    stacks: &[Looped],
) -> (
    watch::Sender<bool>,
    Vec<JoinHandle<BTreeMap<String, String>>>,
) {
    let stop = watch::Sender::new(false);
    let loops = stacks.iter().map(|looped| {
        let (looped, stopping) = (looped.clone(), stop.subscribe());
        tokio::spawn(async move {
            let mut seen = BTreeMap::new();
            while !*stopping.borrow() {
                let (_, all) = looped.fulfil(Wish::Apply).await;
                seen.extend(all.into_iter().map(|one| (one.run, one.state)));
            }
            seen
        })
    });
    let loops = loops.collect();
    (stop, loops)
}

fn choose(chance: &mut StdRng, database: &Database) -> Victim {
    let all = [
        Victim::Server,
        Victim::Worker,
        Victim::ServerAndWorker,
        Victim::Postmaster,
        Victim::Backend,
    ];
    let those = match database {
        Database::Sqlite => &all[..3],
        Database::Postgres { .. } => &all[..],
    };
    those[chance.random_range(0..those.len())]
}

async fn kill_and_revive(stage: &mut Stage, victim: Victim, chance: &mut StdRng) {
    let away = Duration::from_millis(chance.random_range(0..1_000));
    match (victim, &stage.database) {
        (Victim::Server, _) => stage.world.server.kill9(),
        (Victim::Worker, _) => stage.worker.kill9(),
        (Victim::ServerAndWorker, _) => {
            stage.world.server.kill9();
            stage.worker.kill9();
        }
        (Victim::Postmaster, Database::Postgres { server, .. }) => {
            server.kill9();
            tokio::time::sleep(away).await;
            server.revive().unwrap();
        }
        (Victim::Backend, Database::Postgres { server, .. }) => {
            let below = Process::below(server.pid().unwrap());
            if !below.is_empty() {
                let which = chance.random_range(0..below.len());
                let _ = kill(Pid::from_raw(below[which].pid), Signal::SIGKILL);
            }
        }
        (Victim::Postmaster | Victim::Backend, Database::Sqlite) => unreachable!("never chosen"),
    }
    tokio::time::sleep(away).await;
    // A server ends at once where its database has not recovered yet, and is started again.
    let begin = Instant::now();
    loop {
        if let Database::Postgres { server, .. } = &stage.database
            && server.has_died()
        {
            server.revive().unwrap();
        }
        stage.revive();
        if !stage.world.server.has_died() {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "no server can be started");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
