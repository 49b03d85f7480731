//! Server, worker and database die at every moment that matters, and at random ones.
//!
//! A short version runs with all tests; `make test-faults` runs all of it. What was chosen by chance is
//! printed, and can be chosen again by `FAULT_SEED`.

mod applies;
mod away;
mod disk;
mod hogs;
mod kills;
mod looped;
mod normal;
mod points;
mod soundness;
mod states;

use std::time::Duration;

use gantry_testkit::network::Network;
use gantry_testkit::postgres::Postgres;
use gantry_testkit::process::Process;
use gantry_testkit::server::Builder;
use gantry_testkit::worker::TestWorker;
use tempfile::TempDir;

use crate::world::{World, eventually};
use applies::Applies;

/// For everything that a run may wait for when its server or its worker has to be started again.
const PATIENCE: Duration = Duration::from_secs(180);

/// As long as a lost worker may keep anybody waiting here.
const LEASE: &str = "5";

/// As many as a worker takes.
const USERS: u32 = 1_000;

/// Where the tables are.
enum Database {
    Sqlite,
    Postgres {
        server: &'static Postgres,
        name: String,
    },
}

impl Database {
    /// On a PostgreSQL that lasts as long as the test process.
    fn create(server: &'static Postgres, builder: Builder) -> (Builder, Self) {
        let database = server.database().unwrap();
        let builder = builder.database_url(&database.url());
        let name = database.name().to_owned();
        std::mem::forget(database);
        (builder, Database::Postgres { server, name })
    }
}

/// A server and a worker that is a process of its own. Either may die and is started again.
struct Stage {
    worker: TestWorker,
    /// One that is left alone.
    other: Option<TestWorker>,
    world: World,
    applies: Applies,
    database: Database,
    /// Who the worker's children are; nobody else's are.
    users: std::ops::Range<u32>,
    /// Where points are armed, and what was passed is written.
    faults: TempDir,
}

impl Stage {
    async fn on_sqlite() -> Self {
        Self::of(World::builder(), Database::Sqlite).await
    }

    async fn on_postgres(server: &'static Postgres) -> Self {
        let (builder, database) = Database::create(server, World::builder());
        Self::of(builder, database).await
    }

    async fn of(builder: Builder, database: Database) -> Self {
        Self::within(builder, database, None).await
    }

    /// With the worker in a network of its own.
    async fn within(builder: Builder, database: Database, network: Option<&Network>) -> Self {
        let faults = tempfile::tempdir().unwrap();
        let directory = faults.path().display().to_string();
        let builder = builder
            .with_gateway()
            .env("FAULTS_DIRECTORY", &directory)
            .set("run.lease", LEASE);
        let world = World::of(builder).await;
        let users = users();
        let worker = TestWorker::shared(&world.server)
            .unwrap()
            .env("FAULTS_DIRECTORY", &directory)
            .set("worker.uid_base", &users.start.to_string());
        let worker = match network {
            Some(network) => worker.inside(network),
            None => worker,
        };
        Stage {
            worker: worker.started().unwrap(),
            other: None,
            world,
            applies: Applies::listen(),
            database,
            users,
            faults,
        }
    }

    /// Another worker, with children of the second half of the stage's users.
    fn add_worker(&mut self) {
        let first = self.users.start + USERS;
        let worker = TestWorker::shared(&self.world.server).unwrap();
        let worker = worker.set("worker.uid_base", &first.to_string());
        self.other = Some(worker.started().unwrap());
    }

    /// Until a child of the worker that is not left alone applies something.
    async fn wait_for_apply_of_worker(&self) {
        let users = self.users.start..self.users.start + USERS;
        eventually("it applies something", async || {
            let children = Process::of_users(users.clone());
            children.iter().any(|one| one.name == "sleep").then_some(())
        })
        .await;
    }

    /// Starts again whatever has died, for as long as something else is waited for.
    async fn alive_while<T>(&mut self, work: impl Future<Output = T>) -> T {
        let alive = async {
            loop {
                self.revive();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            done = work => done,
            () = alive => unreachable!("it never ends"),
        }
    }

    fn revive(&mut self) {
        if self.world.server.has_died()
            && let Err(error) = self.world.server.revive()
        {
            // It may die again while it starts.
            assert!(error.to_string().contains("ended at once"), "{error}");
        }
        if self.worker.has_died() {
            self.worker.revive().unwrap();
        }
    }
}

/// For each stage its own.
fn users() -> std::ops::Range<u32> {
    static STAGES: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = STAGES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let first = 800_000 + number * 2 * USERS;
    first..first + 2 * USERS
}

/// What chance begins with.
fn seed() -> u64 {
    let seed = match std::env::var("FAULT_SEED") {
        Ok(given) => given.parse().expect("FAULT_SEED is a number"),
        Err(_) => rand::random::<u32>().into(),
    };
    println!("FAULT_SEED={seed}");
    seed
}
