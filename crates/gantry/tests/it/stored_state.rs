//! A state that was stored is stored, whatever happens to the server afterwards.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gantry_testkit::client::StackInput;
use gantry_testkit::http;
use gantry_testkit::postgres::Postgres;
use gantry_testkit::process::Process;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::world::{World, eventually};

/// How often the server is killed; more often with `GANTRY_STATE_KILLS`.
const KILLS: usize = 3;
/// The kill comes this long after the first answer of a round at most.
const LATEST_KILL_MS: u64 = 150;

const WRITER: &str = include_str!("stored_state/writer.py");

/// What a child was told is stored: the hash of each state, by serial.
#[derive(Clone, Default)]
struct Answered(Arc<Mutex<BTreeMap<i64, String>>>);

impl Answered {
    /// Listens on loopback until the test process ends; answers with the port.
    fn listen(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = sink.clone();
                std::thread::spawn(move || {
                    for line in BufReader::new(stream).lines().map_while(Result::ok) {
                        if let Some((serial, hash)) = line.split_once(' ') {
                            sink.all().insert(serial.parse().unwrap(), hash.to_owned());
                        }
                    }
                });
            }
        });
        port
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<i64, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> i64 {
        self.all().keys().next_back().copied().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_write_outlives_a_killed_server_on_sqlite() {
    outlives_a_killed_server(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_write_outlives_a_killed_server_on_postgres() {
    let database = Postgres::shared().database().unwrap();
    let builder = World::builder().database_url(&database.url());
    outlives_a_killed_server(World::of(builder).await).await;
}

async fn outlives_a_killed_server(mut world: World) {
    let kills = match std::env::var("GANTRY_STATE_KILLS") {
        Ok(number) => number.parse().expect("GANTRY_STATE_KILLS is a number"),
        Err(_) => KILLS,
    };
    let repository = world.repository("states", &[("writer.py", WRITER), ("main.tf", "")]);
    let stack = world
        .client
        .create_stack(&StackInput {
            manage_state: true,
            ..StackInput::new("states", repository.path())
        })
        .await
        .unwrap();
    let answered = Answered::default();
    let port = answered.listen();
    let begin = Instant::now();
    let mut proven = BTreeMap::new();
    for kill in 1..=kills {
        let before = answered.last();
        // One may have been stored whose answer was lost.
        let command = format!("python3 writer.py {port} {}", before + 2);
        let client = &world.client;
        let run = client.create_task(&stack, &command, true).await.unwrap();
        eventually("a state was stored", || async {
            (answered.last() > before).then_some(())
        })
        .await;
        let pause = rand::random_range(0..=LATEST_KILL_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let children = world.server.processes();
        world.server.kill9();
        let left = Process::wait_until_gone(&children, Duration::from_secs(20));
        assert_eq!(left, [], "these outlived the killed server");
        world.server.restart().unwrap();

        let new: BTreeMap<i64, String> = answered.all().range(before + 1..).map(owned).collect();
        let stored = versions(&world, &stack, before).await;
        for (serial, hash) in &new {
            let id = stored
                .get(serial)
                .unwrap_or_else(|| panic!("kill {kill}: serial {serial} is lost"));
            assert_eq!(&content_hash(&world, &stack, id).await, hash, "{serial}");
        }
        // What may be there beside them is the one whose answer was lost.
        let last = answered.last();
        let more = stored.keys().filter(|serial| **serial > last).count();
        assert!(more <= 1, "kill {kill}: {stored:?}, answered up to {last}");
        proven.extend(new);
        let view = world.client.wait_for_end(&stack, &run).await.unwrap();
        assert_eq!(view.state, "FAILED", "{}", view.reason());
        let found = world.client.stack(&stack, "lockedBy").await.unwrap();
        if found["lockedBy"].is_string() {
            let unlock = "mutation($id:ID!){stackUnlock(id:$id){id}}";
            let unlocked = world.client.query(unlock, json!({"id": stack})).await;
            unlocked.unwrap();
        }
    }
    // Nothing that was proven once has gone since.
    let stored = versions(&world, &stack, 0).await;
    let gone: Vec<&i64> = proven
        .keys()
        .filter(|key| !stored.contains_key(key))
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
    assert!(proven.len() >= kills, "{proven:?}");
    eprintln!(
        "{kills} kills in {:.0?}: all of {} answered writes are there, of {} stored",
        begin.elapsed(),
        proven.len(),
        stored.len()
    );
}

fn owned((serial, hash): (&i64, &String)) -> (i64, String) {
    (*serial, hash.clone())
}

/// The IDs of the stored versions above a serial, by serial.
async fn versions(world: &World, stack: &str, above: i64) -> BTreeMap<i64, String> {
    let mut found = BTreeMap::new();
    let mut before = serde_json::Value::Null;
    loop {
        let document = "query($stack:ID!,$before:ID){stack(id:$stack)\
                        {stateVersions(before:$before){id serial}}}";
        let variables = json!({"stack": stack, "before": before});
        let answer = world.client.query(document, variables).await.unwrap();
        let page = answer["stack"]["stateVersions"].as_array().unwrap();
        for version in page {
            let serial = version["serial"].as_i64().unwrap();
            if serial <= above {
                return found;
            }
            found.insert(serial, version["id"].as_str().unwrap().to_owned());
        }
        match page.last() {
            Some(last) => before = last["id"].clone(),
            None => return found,
        }
    }
}

async fn content_hash(world: &World, stack: &str, version: &str) -> String {
    let document = "mutation($input:StateDownloadUrlInput!){stateDownloadUrl(input:$input){url}}";
    let variables = json!({"input": {"stackId": stack, "versionId": version}});
    let answer = world.client.query(document, variables).await.unwrap();
    let url = answer["stateDownloadUrl"]["url"].as_str().unwrap();
    let base = world.client.base();
    let path = url.strip_prefix(base).unwrap();
    let answer = http::send("GET", base, path, &[], String::new()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    hex::encode(Sha256::digest(answer.body))
}
