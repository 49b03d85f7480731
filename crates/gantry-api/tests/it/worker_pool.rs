//! The documents that the Terraform provider and the CLI send for worker pools, as they stand on the
//! wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::Client;
use crate::stack::provider_input;

const POOL: &str = "{id,config,name,description,labels,space,driftDetectionRunLimit}";
const REQUEST: &str = include_str!("../fixtures/worker_pool.csr");

fn variables(name: &str) -> Value {
    json!({
        "name": name, "csr": STANDARD.encode(REQUEST), "description": null, "labels": null,
        "space": null, "drift_detection_run_limit": -1,
    })
}

pub async fn make(client: &Client, name: &str) -> Value {
    let query = format!(
        "mutation($csr:String!$description:String$drift_detection_run_limit:Int!$labels:[String!]\
         $name:String!$space:ID){{workerPoolCreate(name: $name, certificateSigningRequest: $csr, \
         description: $description, labels: $labels, space: $space, driftDetectionRunLimit: \
         $drift_detection_run_limit){POOL}}}"
    );
    client.data(&query, variables(name)).await["workerPoolCreate"].take()
}

#[tokio::test]
async fn a_pool_lives_as_the_provider_wants_it_to() {
    let client = Client::start().await;
    let made = make(&client, "builders").await;
    assert_eq!(made["driftDetectionRunLimit"], -1);
    assert_eq!(
        (&made["labels"], &made["description"], &made["space"]),
        (&json!([]), &Value::Null, &json!("legacy"))
    );
    let id = json!({ "id": made["id"] });
    let read = format!("query($id:ID!){{workerPool(id: $id){POOL}}}");
    assert_eq!(client.data(&read, id.clone()).await["workerPool"], made);
    let list = format!("{{workerPools(){POOL}}}");
    assert_eq!(
        client.data(&list, json!({})).await["workerPools"],
        json!([made])
    );

    let update = format!(
        "mutation($description:String!$drift_detection_run_limit:Int!$id:ID!$labels:[String!]\
         $name:String!$space:ID){{workerPoolUpdate(id: $id, name: $name, description: $description, \
         labels: $labels, space: $space, driftDetectionRunLimit: $drift_detection_run_limit){POOL}}}"
    );
    let wanted = json!({
        "id": made["id"], "name": "diggers", "description": "what for", "labels": ["b", "a"],
        "space": "legacy", "drift_detection_run_limit": 3,
    });
    let changed = client.data(&update, wanted).await["workerPoolUpdate"].take();
    assert_eq!(changed["config"], made["config"]);
    assert_eq!(changed["name"], "diggers");
    assert_eq!(changed["labels"], json!(["b", "a"]));
    assert_eq!(changed["driftDetectionRunLimit"], 3);

    let reset = format!(
        "mutation($csr:String!$id:ID!){{workerPoolReset(id: $id, certificateSigningRequest: \
         $csr){POOL}}}"
    );
    let wanted = json!({ "id": made["id"], "csr": STANDARD.encode(REQUEST) });
    let reset = client.data(&reset, wanted).await["workerPoolReset"].take();
    assert_ne!(reset["config"], made["config"]);
    assert_eq!(reset["name"], "diggers");
    assert_eq!(client.data(&read, id.clone()).await["workerPool"], reset);

    let delete = format!("mutation($id:ID!){{workerPoolDelete(id: $id){POOL}}}");
    assert_eq!(
        client.data(&delete, id.clone()).await["workerPoolDelete"],
        reset
    );
    for query in [&read, &delete] {
        let gone = client.data(query, id.clone()).await;
        assert!(gone.as_object().unwrap().values().all(Value::is_null));
    }
}

#[tokio::test]
async fn a_bad_request_is_one_clear_error() {
    let client = Client::start().await;
    let query = "mutation($csr:String!){workerPoolCreate(name: \"x\", certificateSigningRequest: \
                 $csr){id}}";
    let answer = client.send(query, json!({ "csr": "bm90IGEgY3Ny" })).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("certificateSigningRequest: "),
        "{message}"
    );
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_queue_of_a_pool_is_what_the_cli_watches() {
    let client = Client::start().await;
    let pool = make(&client, "builders").await;
    for (name, of_pool) in [("one", true), ("two", true), ("three", false)] {
        let mut input = provider_input(&client, name);
        if of_pool {
            input["workerPool"] = pool["id"].clone();
        }
        let make = "mutation($input: StackInput!) { stackCreate(input: $input, manageState: false) \
                    { id workerPool { id name } } }";
        let made = client.data(make, json!({ "input": input })).await;
        let expected = match of_pool {
            true => json!({ "id": pool["id"], "name": "builders" }),
            false => Value::Null,
        };
        assert_eq!(made["stackCreate"]["workerPool"], expected);
        let trigger = "mutation($id: ID!) { runTrigger(stack: $id) { id waitingFor } }";
        let run = client.data(trigger, json!({ "id": name })).await;
        if name == "one" {
            assert_eq!(
                run["runTrigger"]["waitingFor"],
                "no worker of the pool `builders` is there: start one with the pool's configuration, \
                 or give the stack another pool"
            );
        }
    }
    let page = "searchSchedulableRuns(input: $input){edges{node{stackId,run{id,createdAt,state,type,\
                title},position}},pageInfo{endCursor,hasNextPage,hasPreviousPage}}";
    let mut input = json!({
        "first": 1, "after": null, "fullTextSearch": null, "predicates": null,
        "orderBy": { "field": "position", "direction": "ASC" },
    });
    let of_pool = format!("query($id:ID!$input:SearchInput!){{workerPool(id: $id){{{page}}}}}");
    let mut seen = vec![];
    loop {
        let asked = json!({ "id": pool["id"], "input": input });
        let answer =
            client.data(&of_pool, asked).await["workerPool"]["searchSchedulableRuns"].take();
        for edge in answer["edges"].as_array().unwrap() {
            let node = &edge["node"];
            assert_eq!(node["run"]["state"], "READY");
            seen.push((node["stackId"].clone(), node["position"].clone()));
        }
        if answer["pageInfo"]["hasNextPage"] == false {
            break;
        }
        input["after"] = answer["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, [(json!("one"), json!(1)), (json!("two"), json!(2))]);

    let public = format!("query($input:SearchInput!){{publicWorkerPool{{{page}}}}}");
    input["after"] = Value::Null;
    let answer = client.data(&public, json!({ "input": input })).await;
    let edges = &answer["publicWorkerPool"]["searchSchedulableRuns"]["edges"];
    assert_eq!(edges[0]["node"]["stackId"], "three");
    assert_eq!(edges.as_array().unwrap().len(), 1);

    let load =
        "{workerPools{id,name,description,pendingRuns,busyWorkers,workersCount,workers{id}}}";
    let pools = client.data(load, json!({})).await["workerPools"].take();
    assert_eq!(
        pools,
        json!([{ "id": pool["id"], "name": "builders", "description": null, "pendingRuns": 2,
                 "busyWorkers": 0, "workersCount": 0, "workers": [] }])
    );
}

#[tokio::test]
async fn stacks_are_found_by_their_pool() {
    let client = Client::start().await;
    let pool = make(&client, "builders").await;
    for name in ["one", "two"] {
        let mut input = provider_input(&client, name);
        if name == "one" {
            input["workerPool"] = pool["id"].clone();
        }
        let make = "mutation($input: StackInput!) { stackCreate(input: $input, manageState: false) \
                    { id } }";
        client.data(make, json!({ "input": input })).await;
    }
    let search = "query($pool: String!) { searchStacks(input: {first: 50, predicates: [{field: \
                  \"workerPool\", constraint: {stringMatches: [$pool]}}]}) { edges { node { id } } } }";
    let found = client.data(search, json!({ "pool": pool["id"] })).await;
    assert_eq!(
        found["searchStacks"]["edges"],
        json!([{ "node": { "id": "one" } }])
    );
    // An update that names no pool takes it away, and then the pool can go.
    let delete = "mutation($id: ID!) { workerPoolDelete(id: $id) { id } }";
    let refused = client.send(delete, json!({ "id": pool["id"] })).await;
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("the stack one"), "{message}");
    let update = "mutation($input: StackInput!) { stackUpdate(id: \"one\", input: $input) { \
                  workerPool { id } } }";
    let mut input = provider_input(&client, "one");
    input["workerPool"] = Value::Null;
    let changed = client.data(update, json!({ "input": input })).await;
    assert_eq!(changed["stackUpdate"]["workerPool"], Value::Null);
    client.data(delete, json!({ "id": pool["id"] })).await;
}

#[tokio::test]
async fn a_list_of_pools_asks_as_often_as_one_pool() {
    let client = Client::start().await;
    let query = "query($first: Int!) { searchWorkerPools(input: {first: $first}) { edges { node {
        id,name,description,createdAt,updatedAt,deleted,spaceDetails{id,name},labels,workersCount,
        busyWorkers,pendingRuns,workers{id} } } } }";
    for n in 0..20 {
        make(&client, &format!("pool {n}")).await;
    }
    let mut statements = vec![];
    for first in [1, 20] {
        let before = client.app.reads();
        let answer = client.data(query, json!({ "first": first })).await;
        let edges = answer["searchWorkerPools"]["edges"].as_array().unwrap();
        assert_eq!(edges.len(), first as usize);
        statements.push(client.app.reads() - before);
    }
    assert!(statements[1] < statements[0] + 10, "{statements:?}");
}
