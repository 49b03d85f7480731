//! Keys are changed while the server runs, and a wrong one is explained.

use std::process::Output;

use gantry_testkit::client::Client;
use gantry_testkit::server::{Builder, TestServer};
use serde_json::json;

use crate::world::World;

on_both_databases!(keys_are_changed_under_a_running_server,);

const STACKS: &str = "{stacks{id}}";

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

fn rotate(server: &TestServer, flags: &[&str]) -> String {
    let command = ["admin", "rotate-master-key"];
    let output = server
        .command(&[&command, flags].concat())
        .output()
        .unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    said
}

async fn keys_are_changed_under_a_running_server(builder: Builder) {
    let mut world = World::of(builder).await;
    let file = world.server.data_dir().join("master.key");
    let lines = || -> Vec<String> {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let before = lines();
    assert_eq!(before.len(), 1);

    let prepared = rotate(&world.server, &["--prepare"]);
    assert!(prepared.contains("call this again"), "{prepared}");
    assert_eq!(lines()[1..], before[..]);
    // Killed here, and started with both.
    world.server.kill9();
    world.server.restart().unwrap();
    let still = world.client.query(STACKS, json!({})).await;
    still.expect("everybody is logged out");

    let done = rotate(&world.server, &[]);
    assert!(done.contains("1 data keys are wrapped"), "{done}");
    let after = lines();
    assert_eq!(after.len(), 1);
    assert_ne!(after, before);
    world.client.query(STACKS, json!({})).await.unwrap();

    let told = rotate(&world.server, &["--data-keys"]);
    assert!(told.contains("was told"), "{told}");
    crate::world::eventually("the server reads its keys again", || async {
        let log = world.server.log();
        log.contains("the data keys were read again").then_some(())
    })
    .await;
    world.server.restart().unwrap();
    world.client.query(STACKS, json!({})).await.unwrap();
    let key = world.server.key().clone();
    Client::login(&world.server.url(), &key).await.unwrap();

    world.server.stop();
    std::fs::write(&file, &before[0]).unwrap();
    let refused = world.server.command(&["server"]).output().unwrap();
    let sentence = said(&refused);
    assert!(!refused.status.success(), "{sentence}");
    assert!(
        sentence.contains("the database needs the master key `"),
        "{sentence}"
    );
    assert!(!sentence.contains(&before[0]), "{sentence}");
    let doctor = world.server.command(&["doctor"]).output().unwrap();
    let found = said(&doctor);
    let line = found
        .lines()
        .find(|line| line.contains("database:"))
        .unwrap();
    assert!(
        line.starts_with("WRONG") && line.contains("saved plans"),
        "{line}"
    );
    std::fs::write(&file, &after[0]).unwrap();
    world.server.restart().unwrap();
}
