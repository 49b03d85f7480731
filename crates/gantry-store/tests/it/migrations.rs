//! The two databases have one schema, and a database of the future is left alone.

use std::collections::BTreeSet;
use std::path::Path;

use gantry_core::config_element::ConfigOwner;
use gantry_core::ids::StackId;
use gantry_store::{Connect, Store, config_element};
use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::databases;

fn files(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(database);
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn both_databases_have_the_same_files_and_each_was_applied() {
    let files = [files("sqlite"), files("postgres")];
    assert_eq!(files[0], files[1]);
    let opened = databases::sqlite().await;
    let mut connection = sqlite_connection(&opened.connect).await;
    let applied: Vec<String> =
        sqlx::query("SELECT name || '.sql' AS file FROM schema_migration ORDER BY number")
            .fetch_all(&mut connection)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get("file"))
            .collect();
    assert_eq!(applied, Vec::from_iter(files[0].clone()));
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_indexes_and_references() {
    let sqlite = databases::sqlite().await;
    let postgres = databases::postgres().await;
    let mut one = sqlite_connection(&sqlite.connect).await;
    let mut other = postgres_connection(&postgres.connect).await;
    for (what, in_sqlite, in_postgres) in [
        ("columns", SQLITE_COLUMNS, POSTGRES_COLUMNS),
        ("indexes", SQLITE_INDEXES, POSTGRES_INDEXES),
        ("references", SQLITE_REFERENCES, POSTGRES_REFERENCES),
    ] {
        let line = "line";
        let expected: BTreeSet<String> = sqlx::query(in_sqlite)
            .fetch_all(&mut one)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(line))
            .collect();
        let found: BTreeSet<String> = sqlx::query(in_postgres)
            .fetch_all(&mut other)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(line))
            .collect();
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
            a.difference(b).cloned().collect()
        };
        assert!(expected.len() > 5, "{what}: {expected:?}");
        assert_eq!(
            expected,
            found,
            "{what} differ.\n only SQLite: {:#?}\n only Postgres: {:#?}",
            only(&expected, &found),
            only(&found, &expected)
        );
    }
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let opened = databases::sqlite().await;
    databases::with_spaces(&opened.store).await;
    let again = Store::open(&opened.connect).await.unwrap();
    let spaces = gantry_store::space::list(again.reader()).await.unwrap();
    assert_eq!(spaces.len(), 2);
}

/// Servers of the version before go on with it (`migrations/README.md`).
#[test]
fn later_migrations_only_add() {
    for database in ["sqlite", "postgres"] {
        let later = later_statements(database);
        for text in &later {
            let of_new = is_of_a_new_table(text, &later);
            assert!(takes_nothing_away(text) || of_new, "{text}");
        }
    }
    for (statement, allowed) in [
        ("CREATE TABLE a (id TEXT PRIMARY KEY)", true),
        ("CREATE INDEX b ON a (c)", true),
        ("ALTER TABLE a ADD COLUMN c TEXT", true),
        ("ALTER TABLE a ADD COLUMN c BIGINT NOT NULL DEFAULT 0", true),
        ("UPDATE a SET c = 1", true),
        ("ALTER TABLE a ADD COLUMN c BIGINT NOT NULL", false),
        ("ALTER TABLE a DROP COLUMN c", false),
        ("ALTER TABLE a RENAME TO b", false),
        ("ALTER TABLE a ALTER COLUMN c SET NOT NULL", false),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (d > 0)", false),
        ("CREATE UNIQUE INDEX b ON a (c)", false),
        ("DROP TABLE a", false),
        ("-- unused since 0.3\nDROP TABLE a", true),
    ] {
        assert_eq!(takes_nothing_away(statement), allowed, "{statement}");
    }
}

fn later_statements(database: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let later = files(database)
        .into_iter()
        .filter(|file| file.as_str() > "0011");
    later
        .flat_map(|file| {
            let text = std::fs::read_to_string(folder.join(database).join(file)).unwrap();
            let statements = text.split(';').map(|one| one.trim().to_owned());
            statements.filter(|one| !one.is_empty()).collect::<Vec<_>>()
        })
        .collect()
}

/// No server of the version before writes into a table that it doesn't know, so an index there refuses
/// it nothing.
fn is_of_a_new_table(statement: &str, later: &[String]) -> bool {
    let on = statement
        .strip_prefix("CREATE UNIQUE INDEX ")
        .and_then(|rest| rest.split(" ON ").nth(1))
        .and_then(|rest| rest.split_whitespace().next());
    let made = |table: &str| format!("CREATE TABLE {table} (");
    on.is_some_and(|table| later.iter().any(|text| text.contains(&made(table))))
}

fn takes_nothing_away(statement: &str) -> bool {
    if statement.contains("-- unused since ") {
        return true;
    }
    let words: Vec<String> = statement
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .flat_map(str::split_whitespace)
        .map(str::to_uppercase)
        .collect();
    let text = words.join(" ");
    let adds_column = text.starts_with("ALTER TABLE")
        && text.contains(" ADD COLUMN ")
        && (!text.contains("NOT NULL") || text.contains(" DEFAULT "));
    let begins = ["CREATE TABLE ", "CREATE INDEX ", "INSERT ", "UPDATE "];
    text.is_empty() || adds_column || begins.iter().any(|begin| text.starts_with(begin))
}

#[tokio::test]
async fn servers_that_start_together_migrate_one_at_a_time() {
    let database = gantry_testkit::postgres::Postgres::shared()
        .database()
        .unwrap();
    let connect = Connect::Postgres(database.url());
    let opened = tokio::join!(
        Store::open(&connect),
        Store::open(&connect),
        Store::open(&connect)
    );
    let stores = [opened.0.unwrap(), opened.1.unwrap(), opened.2.unwrap()];
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let opened = databases::sqlite().await;
    let mut connection = sqlite_connection(&opened.connect).await;
    sqlx::query("INSERT INTO schema_migration (number, name) VALUES (999, '0999_later')")
        .execute(&mut connection)
        .await
        .unwrap();
    let refused = Store::open(&opened.connect).await.err().unwrap();
    let known = files("sqlite").len();
    assert_eq!(
        refused.to_string(),
        format!(
            "the database was written by a newer gantry (schema 999, this one knows {known}): \
             start that version again, or restore a backup from before the upgrade"
        )
    );
}

/// What an installation of the first version may hold.
const OF_THE_FIRST_VERSION: &str = "
CREATE TABLE schema_migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO schema_migration VALUES (1, '0001_foundation');
INSERT INTO space VALUES ('root', 'root', '', NULL, 0, '[]', 1);
INSERT INTO data_key (id, wrapped, created_at) VALUES ('key', 'wrapped', 1);
INSERT INTO stack VALUES ('one', 'One', NULL, 'root', '[]', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL,
    'terraform', '{}', '{}', 'GIT', '', 'infra', NULL, 'main', NULL, '[]', '[]', NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NONE', NULL, NULL, 0, 0, 1, 1);
INSERT INTO config_element VALUES
    ('one', 'NAME', 'ENVIRONMENT_VARIABLE', 'why', 1, 'key', 'sealed', 7)";

#[tokio::test]
async fn variables_of_an_older_database_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gantry.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let first = include_str!("../../migrations/sqlite/0001_foundation.sql");
    for text in [first, OF_THE_FIRST_VERSION] {
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();

    let database = gantry_testkit::postgres::Postgres::shared().database();
    let database = database.unwrap();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let first = include_str!("../../migrations/postgres/0001_foundation.sql");
    for text in [first, OF_THE_FIRST_VERSION] {
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();

    for connect in [Connect::Sqlite(path), Connect::Postgres(database.url())] {
        let store = Store::open(&connect).await.unwrap();
        let owner = ConfigOwner::Stack(StackId::new("one"));
        let found = config_element::list(store.reader(), &owner).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].name.as_str(), &found[0].sealed[..]),
            ("NAME", &b"sealed"[..])
        );
        assert_eq!((found[0].write_only, found[0].created_at), (true, 7));
        store.close().await;
    }
}

async fn sqlite_connection(connect: &Connect) -> SqliteConnection {
    let Connect::Sqlite(path) = connect else {
        panic!("not SQLite")
    };
    SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap()
}

async fn postgres_connection(connect: &Connect) -> PgConnection {
    let Connect::Postgres(url) = connect else {
        panic!("not PostgreSQL")
    };
    PgConnection::connect(url).await.unwrap()
}

/// SQLite lets a primary key be NULL and says so; nothing of ours ever is.
const SQLITE_COLUMNS: &str = "
SELECT m.name || '.' || p.name || ' ' || CASE p.type WHEN 'BLOB' THEN 'BYTEA' ELSE p.type END
       || CASE WHEN p.\"notnull\" = 1 OR p.pk > 0 THEN ' NOT NULL' ELSE '' END
       || CASE WHEN p.pk > 0 THEN ' KEY ' || p.pk ELSE '' END AS line
FROM sqlite_master m, pragma_table_info(m.name) p
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";

const POSTGRES_COLUMNS: &str = "
SELECT c.table_name || '.' || c.column_name || ' ' || UPPER(c.data_type)
       || CASE c.is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
       || COALESCE(' KEY ' || k.ordinal_position, '') AS line
FROM information_schema.columns c
LEFT JOIN information_schema.table_constraints t
       ON t.table_schema = c.table_schema AND t.table_name = c.table_name
      AND t.constraint_type = 'PRIMARY KEY'
LEFT JOIN information_schema.key_column_usage k
       ON k.constraint_name = t.constraint_name AND k.table_schema = c.table_schema
      AND k.table_name = c.table_name AND k.column_name = c.column_name
WHERE c.table_schema = 'public'";

const SQLITE_INDEXES: &str = "
SELECT m.name || ' ' || i.name || CASE i.\"unique\" WHEN 1 THEN ' UNIQUE' ELSE '' END
       || CASE i.partial WHEN 1 THEN ' PARTIAL' ELSE '' END || ' '
       || (SELECT GROUP_CONCAT(name, ',') FROM
           (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) AS line
FROM sqlite_master m, pragma_index_list(m.name) i
WHERE m.type = 'table' AND i.origin <> 'pk'";

const POSTGRES_INDEXES: &str = "
SELECT t.relname || ' ' || n.relname || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END
       || CASE WHEN i.indpred IS NOT NULL THEN ' PARTIAL' ELSE '' END || ' '
       || (SELECT STRING_AGG(a.attname, ',' ORDER BY k.at)
           FROM UNNEST(i.indkey) WITH ORDINALITY k (number, at)
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) AS line
FROM pg_index i
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_class n ON n.oid = i.indexrelid
JOIN pg_namespace s ON s.oid = t.relnamespace
WHERE s.nspname = 'public' AND NOT i.indisprimary";

const SQLITE_REFERENCES: &str = "
SELECT m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\" || ' ' || f.on_delete
       AS line
FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table'";

const POSTGRES_REFERENCES: &str = "
SELECT t.relname || '.' || a.attname || ' -> ' || r.relname || '.' || b.attname || ' '
       || CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'a' THEN 'NO ACTION'
          ELSE c.confdeltype::text END AS line
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_class r ON r.oid = c.confrelid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1]
WHERE c.contype = 'f'";
