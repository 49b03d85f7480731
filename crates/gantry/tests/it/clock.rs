//! A machine whose clock jumps: leases and timers go on as if nothing had been, and what the cloud
//! refuses for it says so.

use gantry_testkit::machine_clock::MachineClock;
use gantry_testkit::server::Builder;
use gantry_testkit::worker::TestWorker;

use crate::world::{Access, World, eventually};

on_both_databases!(
    a_jump_of_the_server_s_clock_ends_no_lease,
    a_jump_of_a_worker_s_clock_ends_no_lease,
);

/// Longer than two leases.
const TAKES_A_WHILE: &str = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "echo work''ing; sleep 13"
  }
}
"#;

const LEASE: &str = "6";

fn with(clock: &MachineClock, mut builder: Builder) -> Builder {
    for (name, value) in clock.environment().unwrap() {
        builder = builder.env(name, value);
    }
    builder
}

/// An apply at work; the run's ID.
async fn at_work(world: &World, stack: &str) -> String {
    let client = &world.client;
    let run = client.trigger(stack, "TRACKED", None).await.unwrap();
    let view = client.wait_for(stack, &run, "UNCONFIRMED").await.unwrap();
    world.expect(stack, &view, "UNCONFIRMED").await;
    client.confirm(stack, &run).await.unwrap();
    eventually("apply works", || async {
        let page = client.log_page(stack, &run, "APPLYING", None).await;
        page.unwrap().text.contains("working").then_some(())
    })
    .await;
    run
}

/// The run goes on to its end, once.
async fn finishes(world: &World, stack: &str, run: &str) {
    let begin = std::time::Instant::now();
    let (client, view) = loop {
        // A login is worth nothing once the clock says that it has ended.
        let client = world.server.client().await;
        match client.wait_for_end(stack, run).await {
            Ok(view) => break (client, view),
            Err(error) if begin.elapsed().as_secs() > 60 => panic!("{error}"),
            Err(_) => {}
        }
    };
    world.expect(stack, &view, "FINISHED").await;
    let log = client.log(stack, run, "APPLYING").await.unwrap();
    assert_eq!(log.matches("Provisioning with").count(), 1, "{log}");
}

async fn a_jump_of_the_server_s_clock_ends_no_lease(builder: Builder) {
    let clock = MachineClock::start().unwrap();
    let own = !builder.is_on_postgres();
    let world = World::of(with(&clock, builder.set("run.lease", LEASE))).await;
    for (name, hours) in [("ahead", 25), ("behind", -25)] {
        clock.jump_to(0).unwrap();
        eventually("the server knows what time it is", || async {
            let asked = world.client.query("{stacks{id}}", serde_json::json!({}));
            asked.await.ok()
        })
        .await;
        let stack = world.stack_with_cloud(name, TAKES_A_WHILE, &[]).await;
        let run = at_work(&world, &stack).await;
        clock.jump_to(hours).unwrap();
        finishes(&world, &stack, &run).await;
    }
    let log = world.server.log();
    assert!(!log.contains("has not been heard of"), "{log}");
    // PostgreSQL knows better, and is asked.
    assert_eq!(log.contains("the time of day has jumped by"), own, "{log}");
}

async fn a_jump_of_a_worker_s_clock_ends_no_lease(builder: Builder) {
    let clock = MachineClock::start().unwrap();
    let world = World::of(builder.with_gateway().set("run.lease", LEASE)).await;
    let mut worker = TestWorker::shared(&world.server).unwrap();
    for (name, value) in clock.environment().unwrap() {
        worker = worker.env(name, value);
    }
    let worker = worker.started().unwrap();
    for (name, hours) in [("ahead", 25), ("behind", -25)] {
        clock.jump_to(0).unwrap();
        let stack = world.stack_with_cloud(name, TAKES_A_WHILE, &[]).await;
        let run = at_work(&world, &stack).await;
        clock.jump_to(hours).unwrap();
        finishes(&world, &stack, &run).await;
    }
    // It still is where it was: the next run goes there.
    let stack = world.plain_stack("after", "").await;
    let task = world
        .client
        .create_task(&stack, "true", true)
        .await
        .unwrap();
    let view = world.client.wait_for_end(&stack, &task).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let log = worker.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// STS takes no signature that is more than 15 minutes off. Its refusal says what time it is, by which the
/// request is signed again; where that is not to be read, whoever asked learns that it is the clock.
#[tokio::test(flavor = "multi_thread")]
async fn what_sts_refuses_for_the_clock_is_asked_again_or_says_so() {
    let clock = MachineClock::start().unwrap();
    let world = World::of(with(&clock, World::builder())).await;
    let stack = world.plain_stack("signed", "").await;
    let integration = world.integration("role", &stack, &[Access::Read]).await;
    clock.jump_to(25).unwrap();
    let client = world.server.client().await;
    let attached = client.attach(&integration, &stack, true, false).await;
    attached.unwrap();
    let calls = world.server.proxy().calls();
    let refused = calls.iter().filter(|call| {
        call.status == Some(403) && call.signed_at > calls.last().unwrap().signed_at
    });
    assert!(refused.count() > 0, "{calls:#?}");
    clock.jump_to(0).unwrap();
    world.server.proxy().tell_no_time();
    let mut world = world;
    for hours in [25, -25] {
        // What was learned is forgotten.
        world.server.stop();
        clock.jump_to(hours).unwrap();
        world.server.restart().unwrap();
        let client = world.server.client().await;
        let run = client.trigger(&stack, "PROPOSED", None).await.unwrap();
        let view = client.wait_for_end(&stack, &run).await.unwrap();
        assert_eq!(view.state, "FAILED", "{}", view.path());
        let said = view.reason();
        assert!(
            said.contains("the clock of this server differs too much from AWS's; set it right"),
            "{said}"
        );
    }
}
