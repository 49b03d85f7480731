//! A worker that is paused, or cut off from its server, in the middle of an apply, for less and for longer
//! than its lease, while another worker would take what it had.

use std::time::Duration;

use gantry_testkit::network::Network;
use gantry_testkit::postgres::Postgres;
use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::kills::loop_all;
use super::looped::Looped;
use super::{Database, Stage, seed};
use crate::world::World;

/// How often it is away, without `FAULT_ABSENCES`.
const ABSENCES: usize = 2;

/// For so many seconds each apply is at work.
const AT_WORK: &str = "4";

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_paused_doubles_nothing() {
    let stage = Stage::on_sqlite().await;
    comes_and_goes(stage, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_doubles_nothing() {
    let network = Network::create().unwrap();
    let builder = World::builder().at(&network.outside());
    let (builder, database) = Database::create(Postgres::shared(), builder);
    let stage = Stage::within(builder, database, Some(&network)).await;
    comes_and_goes(stage, Some(&network)).await;
}

async fn comes_and_goes(mut stage: Stage, network: Option<&Network>) {
    let absences = match std::env::var("FAULT_ABSENCES") {
        Ok(number) => number.parse().expect("FAULT_ABSENCES is a number"),
        Err(_) => ABSENCES,
    };
    let mut chance = StdRng::seed_from_u64(seed());
    stage.add_worker();
    let host = network.map_or("127.0.0.1".to_owned(), Network::outside);
    let code = stage.applies.code(&host, AT_WORK);
    let mut stacks = Vec::new();
    for name in ["one", "two", "three"] {
        stacks.push(Looped::with_files(&stage, name, &[("main.tf", &code)], true).await);
    }
    let (stop, loops) = loop_all(&stacks);
    let ports = stage.world.server.ports();
    for absence in 0..absences {
        // With one of its applies at work, at any moment of it.
        stage.wait_for_apply_of_worker().await;
        let pause = Duration::from_millis(chance.random_range(0..2_000));
        tokio::time::sleep(pause).await;
        let away = match absence % 2 {
            0 => chance.random_range(9_000..13_000),
            _ => chance.random_range(500..4_000),
        };
        println!("after {pause:?}: away for {away} ms");
        match network {
            Some(network) => network.cut(&ports).unwrap(),
            None => stage.worker.signal(Signal::SIGSTOP),
        }
        tokio::time::sleep(Duration::from_millis(away)).await;
        match network {
            Some(network) => network.mend().unwrap(),
            None => stage.worker.signal(Signal::SIGCONT),
        }
        stage.applies.expect_once_each();
        assert!(!stage.worker.has_died(), "{}", stage.worker.log());
    }
    stop.send_replace(true);
    let mut ends = std::collections::BTreeMap::new();
    for one in loops {
        for state in one.await.unwrap().into_values() {
            *ends.entry(state).or_insert(0) += 1;
        }
    }
    stage.expect_sound();
    // The first absence, for longer than a lease, was noticed.
    assert!(ends.contains_key("FAILED"), "{ends:?}");
    println!(
        "away {absences} times; runs: {ends:?}; {} applies, none twice",
        stage.applies.expect_once_each()
    );
}
