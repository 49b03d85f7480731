//! The life of the server process: how it ends, how it comes back, what it refuses to start on.

use std::time::Duration;

use gantry_testkit::client::RunView;
use gantry_testkit::process::Process;
use gantry_testkit::server::Builder;
use gantry_testkit::witness::Witness;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::world::{ALWAYS_CHANGES, World, eventually};

/// An apply that says when it works, and takes until somebody ends it. Terraform prints the command
/// before it runs it: the quotes keep the two apart.
const SLOW: &str = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "echo work''ing; sleep 600"
  }
}
"#;

pub struct Applying {
    pub world: World,
    pub witness: Witness,
    pub stack: String,
    pub run: String,
}

/// A run in the middle of its apply.
pub async fn applying(world: World) -> Applying {
    let witness = Witness::start().unwrap();
    let hook = witness.hook("apply");
    let stack = world
        .stack_with_cloud("slow", SLOW, &[("beforeApply", &hook)])
        .await;
    let client = &world.client;
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    client.confirm(&stack, &run).await.unwrap();
    eventually("apply works", || async {
        let page = client
            .log_page(&stack, &run, "APPLYING", None)
            .await
            .unwrap();
        page.text.contains("working").then_some(())
    })
    .await;
    Applying {
        world,
        witness,
        stack,
        run,
    }
}

impl Applying {
    /// The run has ended, once, and says why; what was there before is there.
    pub async fn failed_once(&self) -> RunView {
        let client = &self.world.client;
        let view = client.wait_for_end(&self.stack, &self.run).await.unwrap();
        assert_eq!(view.state, "FAILED", "{}", view.reason());
        assert!(!view.reason().is_empty());
        let applied = view
            .history
            .iter()
            .filter(|step| step.state == "APPLYING")
            .count();
        assert_eq!(applied, 1, "{}", view.path());
        assert_eq!(self.witness.heard().len(), 1, "apply began more than once");
        let log = client
            .log(&self.stack, &self.run, "APPLYING")
            .await
            .unwrap();
        assert_eq!(log.matches("Provisioning with").count(), 1, "{log}");
        view
    }

    /// The stack is free, or says why not; the next run can go after an unlock.
    pub async fn can_go_on(&self) {
        let client = &self.world.client;
        let found = client
            .stack(&self.stack, "blocker{id} lockedBy")
            .await
            .unwrap();
        assert!(found["blocker"].is_null(), "{found}");
        if found["lockedBy"].is_string() {
            let unlock = "mutation($id:ID!){stackUnlock(id:$id){id}}";
            client
                .query(unlock, serde_json::json!({"id": self.stack}))
                .await
                .unwrap();
        }
        let run = client
            .create_task(&self.stack, "true", false)
            .await
            .unwrap();
        let view = client.wait_for_end(&self.stack, &run).await.unwrap();
        self.world.expect(&self.stack, &view, "FINISHED").await;
    }
}

on_both_databases!(killed_during_an_apply);

/// The worker lives on for a moment: it ends its child in order, keeps what it could not report, and
/// goes. The next one reports that before anything else.
async fn killed_during_an_apply(builder: Builder) {
    let mut applying = applying(World::of(builder).await).await;
    let children = applying.world.server.processes();
    assert!(
        children.iter().any(|child| child.name == "terraform"),
        "{children:?}"
    );
    applying.world.server.kill9();
    let left = Process::wait_until_gone(&children, Duration::from_secs(20));
    assert_eq!(left, [], "these outlived the killed server");
    applying.world.server.restart().unwrap();
    applying.failed_once().await;
    let log = applying
        .world
        .client
        .log(&applying.stack, &applying.run, "APPLYING")
        .await
        .unwrap();
    // Terraform's own last words travelled through the spool.
    assert!(log.contains("nterrupt"), "{log}");
    applying.can_go_on().await;
}

/// As when the machine loses power: nobody could end anything in order.
#[tokio::test(flavor = "multi_thread")]
async fn killed_together_with_its_worker() {
    let mut applying = applying(World::start().await).await;
    let children = applying.world.server.processes();
    let worker = children
        .iter()
        .find(|child| child.name.starts_with("gantry"))
        .expect("a worker")
        .pid;
    // The server first, so that it can't start another worker.
    kill(Pid::from_raw(applying.world.server.pid()), Signal::SIGSTOP).unwrap();
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    let left = Process::wait_until_gone(&children, Duration::from_secs(20));
    assert!(
        left.is_empty(),
        "the children outlived their worker: {left:?}"
    );
    applying.world.server.kill9();
    applying.world.server.restart().unwrap();
    let view = applying.failed_once().await;
    assert!(view.reason().contains("worker"), "{}", view.reason());
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_during_an_apply() {
    let mut applying = applying(World::start().await).await;
    applying.world.server.stop();
    assert_eq!(
        applying
            .world
            .server
            .wait_until_processes_end(Duration::from_secs(1)),
        []
    );
    applying.world.server.restart().unwrap();
    applying.failed_once().await;
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_alone_is_killed() {
    let applying = applying(World::start().await).await;
    let children = applying.world.server.processes();
    let worker = children
        .iter()
        .find(|child| child.name.starts_with("gantry"))
        .expect("a worker")
        .pid;
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    // Another one is started, and proves the children dead.
    applying.failed_once().await;
    applying.can_go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_never_share_a_data_directory() {
    let world = World::start().await;
    let output = world
        .server
        .command(&["server", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("another gantry server uses the data directory"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_left_alone() {
    let mut world = World::start().await;
    world.server.stop();
    let file = world.server.data_dir().join("gantry.sqlite");
    let change = |sql: &str| {
        let program = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit()";
        let python = std::process::Command::new("python3")
            .args(["-c", program])
            .arg(&file)
            .arg(sql)
            .status();
        assert!(python.unwrap().success());
    };
    change("insert into schema_migration (number, name) values (9999, 'future')");
    let output = world.server.command(&["server"]).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("newer"), "{said}");
    // Nothing was changed: without the future's row it serves again.
    change("delete from schema_migration where number = 9999");
    world.server.restart().unwrap();
}

/// Whoever looks at the waiting run reads why there is no worker, and it goes once there is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_why_no_worker_takes_it() {
    let mut world = World::start().await;
    let stack = world.plain_stack("waiting", ALWAYS_CHANGES).await;
    world.server.stop();
    // What the worker locks is a directory: it can't start.
    let lock = world.server.data_dir().join("worker/worker.lock");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    world.server.restart().unwrap();
    world.client = world.server.client().await;
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let waits = async || {
        let query =
            "query($stack: ID!, $run: ID!) { stack(id: $stack) { run(id: $run) { waitingFor } } }";
        let answer = world
            .client
            .query(query, json!({ "stack": stack, "run": run }));
        let answer = answer.await.unwrap();
        answer["stack"]["run"]["waitingFor"]
            .as_str()
            .map(str::to_owned)
    };
    let said = eventually("the worker's reason", || async {
        waits()
            .await
            .filter(|said| said.starts_with("no worker takes runs: "))
    })
    .await;
    assert!(said.contains("worker.lock can't be taken"), "{said}");

    std::fs::remove_dir(&lock).unwrap();
    let view = world
        .client
        .wait_for(&stack, &run, "UNCONFIRMED")
        .await
        .unwrap();
    world.expect(&stack, &view, "UNCONFIRMED").await;
    assert_eq!(
        waits().await.unwrap(),
        "somebody has to confirm or discard it"
    );
}
