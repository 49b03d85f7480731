//! A worker pool from its making to its end, with `gantry worker` as its worker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_testkit::client::StackInput;
use gantry_testkit::server::Builder;
use gantry_testkit::worker::TestWorker;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::world::{ALWAYS_CHANGES, World, eventually};

on_both_databases!(a_stack_runs_on_the_workers_of_its_pool_until_the_end);

fn request(key: &KeyPair) -> String {
    let made = CertificateParams::default().serialize_request(key).unwrap();
    STANDARD.encode(made.pem().unwrap())
}

async fn pool(world: &World, document: &str, variables: Value) -> Value {
    let answer = world.client.query(document, variables).await.unwrap();
    let mut members = answer.as_object().unwrap().values();
    members.next().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn a_stack_runs_on_the_workers_of_its_pool_until_the_end(builder: Builder) {
    let world = World::of(builder.with_gateway()).await;
    let key = KeyPair::generate().unwrap();
    let made = pool(
        &world,
        "mutation($csr:String!){workerPoolCreate(name: \"builders\", certificateSigningRequest: \
         $csr){id config}}",
        json!({ "csr": request(&key) }),
    )
    .await;
    let id = json!({ "id": made["id"] });
    let repository = world.repository("pooled", &[("main.tf", ALWAYS_CHANGES)]);
    let mut input = StackInput::new("pooled", repository.path()).wire();
    input["workerPool"] = made["id"].clone();
    let create = "mutation($input:StackInput!){stackCreate(input:$input,manageState:false){id}}";
    pool(&world, create, json!({ "input": input })).await;

    // The embedded worker is there, and leaves the run alone.
    let run = world.client.trigger("pooled", "TRACKED", None).await;
    let run = run.unwrap();
    let waiting = "query($run:ID!){stack(id:\"pooled\"){run(id:$run){waitingFor}}}";
    let said = pool(&world, waiting, json!({ "run": run })).await;
    let said = text(&said["run"]["waitingFor"]).to_owned();
    assert!(
        said.starts_with("no worker of the pool `builders`"),
        "{said}"
    );

    let mut worker =
        TestWorker::of_pool(&world.server, text(&made["config"]), &key.serialize_pem()).unwrap();
    worker.start().unwrap();
    let view = world.client.wait_for("pooled", &run, "UNCONFIRMED").await;
    world.expect("pooled", &view.unwrap(), "UNCONFIRMED").await;
    world.client.confirm("pooled", &run).await.unwrap();
    let view = world.client.wait_for_end("pooled", &run).await.unwrap();
    world.expect("pooled", &view, "FINISHED").await;
    let workers =
        "query($id:ID!){workerPool(id:$id){workersCount workers{id busy drained metadata}}}";
    let there = pool(&world, workers, id.clone()).await;
    assert_eq!(there["workersCount"], 1);
    let metadata: Value = serde_json::from_str(text(&there["workers"][0]["metadata"])).unwrap();
    assert!(metadata.is_object(), "{metadata}");

    // After a reset the old configuration is nobody's.
    let reset = pool(
        &world,
        "mutation($id:ID!$csr:String!){workerPoolReset(id:$id,certificateSigningRequest:$csr){config}}",
        json!({ "id": made["id"], "csr": request(&key) }),
    )
    .await;
    assert_eq!(worker.wait_until_it_ends(), 1);
    let said = worker.log();
    assert!(said.contains("is that of no worker pool"), "{said}");

    let mut next =
        TestWorker::of_pool(&world.server, text(&reset["config"]), &key.serialize_pem()).unwrap();
    next.start().unwrap();
    world.apply("pooled").await;

    // Drained, it leaves what waits; cycled, it goes by itself.
    let there = pool(&world, workers, id.clone()).await;
    let of_new = there["workers"].as_array().unwrap().last().unwrap().clone();
    let drain = "mutation($id:ID!$worker:ID!){workerDrainSet(workerPool:$id,id:$worker,drain:true){\
                 drained}}";
    let variables = json!({ "id": made["id"], "worker": of_new["id"] });
    assert_eq!(pool(&world, drain, variables).await["drained"], true);
    let run = world.client.trigger("pooled", "TRACKED", None).await;
    let run = run.unwrap();
    let said = pool(&world, waiting, json!({ "run": run })).await;
    assert!(said["run"]["waitingFor"].is_string(), "{said}");
    let cycle = "mutation($id:ID!){workerPoolCycle(id:$id)}";
    assert_eq!(pool(&world, cycle, id.clone()).await, true);
    assert_eq!(next.wait_until_it_ends(), 0);

    world
        .client
        .act("runDiscard", "pooled", &run)
        .await
        .unwrap();
    world.client.delete_stack("pooled", false).await.unwrap();
    world.client.wait_until_gone("pooled").await.unwrap();
    let delete = "mutation($id:ID!){workerPoolDelete(id:$id){id}}";
    eventually("the pool is free", || async {
        let deleted = world.client.query(delete, id.clone()).await;
        deleted.ok().map(|_| ())
    })
    .await;
}
