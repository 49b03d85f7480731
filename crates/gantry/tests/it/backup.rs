//! A backup of a running server by the command line, and the server that comes back from it.

use gantry_testkit::client::Client;
use gantry_testkit::postgres::Postgres;
use gantry_testkit::server::{Builder, TestServer};
use serde_json::json;

use crate::world::{ALWAYS_CHANGES, World};

on_both_databases!(a_server_comes_back_from_a_backup,);

fn admin(server: &TestServer, arguments: &[&str]) -> Result<String, String> {
    let command = [&["admin"], arguments].concat();
    let output = server.command(&command).output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    match output.status.success() {
        true => Ok(out.into_owned()),
        false => Err(err.into_owned()),
    }
}

async fn a_server_comes_back_from_a_backup(builder: Builder) {
    let on_postgres = builder.is_on_postgres();
    let mut world = World::of(builder).await;
    let stack = world.stack_with_cloud("infra", ALWAYS_CHANGES, &[]).await;
    let client = &world.client;
    let done = client.trigger(&stack, "PROPOSED", None).await.unwrap();
    client.wait_for(&stack, &done, "FINISHED").await.unwrap();
    let waiting = client.trigger(&stack, "TRACKED", None).await.unwrap();
    client
        .wait_for(&stack, &waiting, "UNCONFIRMED")
        .await
        .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gantry.tar");
    let file = file.to_str().unwrap();
    let said = admin(
        &world.server,
        &["backup", "--to", file, "--with-master-key"],
    )
    .unwrap();
    assert!(said.contains("the master key `"), "{said}");
    let again = admin(&world.server, &["backup", "--to", file]).unwrap_err();
    assert!(again.contains("there is such a file already"), "{again}");
    // Into the place of the server itself.
    let busy = admin(&world.server, &["restore", "--from", file]).unwrap_err();
    assert!(busy.contains("another gantry server uses"), "{busy}");

    let data = folder.path().join("data");
    let database = on_postgres.then(|| Postgres::shared().database().unwrap());
    world.server.stop();
    let full = admin(&world.server, &["restore", "--from", file]).unwrap_err();
    assert!(full.contains("is not empty"), "{full}");
    world.server.set("data_dir", data.display().to_string());
    if let Some(database) = &database {
        world.server.set("database_url", database.url());
    }
    let said = admin(&world.server, &["restore", "--from", file]).unwrap();
    assert!(said.contains("1 runs of the backup were ended"), "{said}");
    assert!(!data.join("restore.unpacked").exists());
    world.server.restart().unwrap();

    // Sessions are over, keys are not.
    let nobody = world.client.query("{viewer{id}}", json!({})).await.unwrap();
    assert!(nobody["viewer"].is_null(), "{nobody}");
    let key = world.server.key().clone();
    let client = Client::login(&world.server.url(), &key).await.unwrap();
    let ended = client.run(&stack, &waiting).await.unwrap();
    assert_eq!(ended.state, "DISCARDED", "{ended:?}");
    let page = client
        .log_page(&stack, &done, "PLANNING", None)
        .await
        .unwrap();
    assert!(page.text.contains("Plan:"), "{}", page.text);
    let next = client.trigger(&stack, "TRACKED", None).await.unwrap();
    client.wait_for(&stack, &next, "UNCONFIRMED").await.unwrap();
    client.confirm(&stack, &next).await.unwrap();
    client.wait_for(&stack, &next, "FINISHED").await.unwrap();
    world.server.stop();
}
