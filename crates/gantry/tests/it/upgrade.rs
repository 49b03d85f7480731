//! A new version beside the one before, on one PostgreSQL. The older one has nothing to learn from:
//! whatever a newer one adds to the schema, it goes on with what it knows of it.

use gantry_testkit::http;
use gantry_testkit::postgres::{Database, Postgres};

use crate::world::{ALWAYS_CHANGES, World};

/// What a newer version's migration may do (`crates/gantry-store/migrations/README.md`), to every table
/// there is.
fn migrate_further(database: &Database<'_>) {
    let tables = database
        .run_sql(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
             WHERE relkind = 'r' AND nspname = 'public' ORDER BY relname",
        )
        .unwrap();
    let mut statements = String::new();
    for table in tables.lines() {
        statements.push_str(&format!(
            "ALTER TABLE \"{table}\" ADD COLUMN later_text TEXT;
             ALTER TABLE \"{table}\" ADD COLUMN later_number BIGINT NOT NULL DEFAULT 7;
             CREATE INDEX \"later_{table}\" ON \"{table}\" (later_number);"
        ));
    }
    assert!(tables.lines().count() > 15, "{tables}");
    database
        .run_sql(&format!(
            "BEGIN; {statements}
             CREATE TABLE later_thing (id TEXT PRIMARY KEY, stack_id TEXT REFERENCES stack (id));
             INSERT INTO schema_migration (number, name) VALUES (9999, '9999_later'); COMMIT"
        ))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_server_goes_on_while_a_newer_one_has_migrated() {
    let database = Postgres::shared().database().unwrap();
    let builder = World::builder().database_url(&database.url());
    let mut world = World::of(builder).await;
    let stack = world.stack_with_cloud("older", ALWAYS_CHANGES, &[]).await;
    // Statements that were prepared before are asked again afterwards.
    world.apply(&stack).await;
    let client = world.client.clone();
    let waiting = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client
        .wait_for(&stack, &waiting, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;

    migrate_further(&database);

    // What was under way, and everything new.
    client.confirm(&stack, &waiting).await.unwrap();
    let view = client.wait_for_end(&stack, &waiting).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    for name in ["newer", "newest"] {
        let stack = world.stack_with_cloud(name, ALWAYS_CHANGES, &[]).await;
        world.apply(&stack).await;
    }
    let task = client.create_task(&stack, "true", true).await.unwrap();
    let view = client.wait_for_end(&stack, &task).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let (status, said) = http::get(&format!("{}/readyz", world.server.url()), None).await;
    assert_eq!(status, 200, "{said}");
    let log = world.server.log();
    for bad in ["cached plan", "does not exist", " ERROR "] {
        assert!(!log.contains(bad), "{bad}\n{log}");
    }
    // Once it has ended, it does not come back: the way back is the newer version, or a backup.
    world.server.stop();
    let refused = world.server.command(&["server"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(
        said.contains("was written by a newer gantry (schema 9999"),
        "{said}"
    );
}
