//! A list asks the database as often as one thing of it does.

use serde_json::{Value, json};

use crate::client::Client;
use crate::stack::provider_input;

const MANY: i64 = 50;

const STACKS: &str = "query($first: Int!) { searchStacks(input: {first: $first}) { edges { node {
    id spaceDetails { id }
    config { id value } runtimeConfig { element { id } context { config { id } } }
    effectiveConfig { element { id } } attachedContexts { contextName config { id } }
    integrations { aws { assumedRoleArn assumeRolePolicyStatement } }
    cloudAccess { explanation integration }
    blocker { id state waitingFor isMostRecent history { state } credentials { id } }
    runs { id waitingFor history { state } } proposedRuns { id } tasks { id } } } } }";

const INTEGRATION: &str = "mutation($name: String!, $worker: Boolean!) { awsIntegrationCreate(
    name: $name, roleArn: \"arn:aws:iam::111122223333:role/deploy\",
    generateCredentialsInWorker: $worker, labels: [\"autoattach:everywhere\"],
    autoattachEnabled: true) { id } }";

const INTEGRATIONS: &str = "{ awsIntegrations { id name
    autoattachedStacks { stackId stackName read write problems } } }";

async fn integration(client: &Client, name: &str) -> String {
    let made = client.data(INTEGRATION, json!({ "name": name, "worker": false }));
    let made = made.await;
    made["awsIntegrationCreate"]["id"].as_str().unwrap().into()
}

async fn stack(client: &Client, name: &str, labels: Value) {
    let mut input = provider_input(client, name);
    input["labels"] = labels;
    let make =
        "mutation($input: StackInput!) { stackCreate(input: $input, manageState: false) { id } }";
    client.data(make, json!({ "input": input })).await;
}

async fn populated() -> Client {
    let client = Client::start().await;
    let context = "mutation { contextCreateV2(input: {name: \"Shared\", labels: \
                   [\"autoattach:everywhere\"]}) { id } }";
    client.data(context, json!({})).await;
    let set = "mutation { contextConfigAdd(context: \"shared\", config: {id: \"SHARED\", type: \
               ENVIRONMENT_VARIABLE, value: \"y\", writeOnly: false}) { id } }";
    client.data(set, json!({})).await;
    for n in 0..MANY {
        let id = format!("stack-{n}");
        stack(&client, &id, json!(["everywhere"])).await;
        let fill = "mutation($id: ID!) {
            stackConfigAdd(stack: $id, config: {id: \"NAME\", type: ENVIRONMENT_VARIABLE,
                value: \"x\", writeOnly: false}) { id }
            stackIntegrationAwsCreate(id: $id, roleArn: \"arn:aws:iam::111122223333:role/own\",
                generateCredentialsInWorker: true) { activated }
            runTrigger(stack: $id) { id } }";
        client.data(fill, json!({ "id": id })).await;
    }
    client
}

async fn reads(client: &Client, query: &str, first: i64) -> (u64, Value) {
    let before = client.app.reads();
    let answer = client.data(query, json!({ "first": first })).await;
    (client.app.reads() - before, answer)
}

/// What is asked for within the same millisecond is gathered, so that a busy moment can split what
/// another one asks at once: the numbers of two requests may differ by a few. One statement a thing would
/// show as so many more.
fn asks_no_more(of_one: u64, of_many: u64, things: i64) {
    let most = of_one + things as u64 / 2;
    assert!(
        of_many < most,
        "{of_one} statements for one, {of_many} for {things}"
    );
}

#[tokio::test]
async fn a_list_of_stacks_asks_as_often_as_one_stack() {
    let client = populated().await;
    let (of_one, one) = reads(&client, STACKS, 1).await;
    let (of_many, many) = reads(&client, STACKS, MANY).await;
    let edges = many["searchStacks"]["edges"].as_array().unwrap();
    assert_eq!(edges.len() as i64, MANY);
    for edge in edges {
        let node = &edge["node"];
        assert_eq!(node["config"][0]["value"], "x", "{node}");
        assert_eq!(node["runtimeConfig"][0]["element"]["id"], "NAME");
        assert_eq!(node["effectiveConfig"][1]["element"]["id"], "SHARED");
        assert_eq!(node["attachedContexts"][0]["config"][0]["id"], "SHARED");
        assert_eq!(
            node["integrations"]["aws"]["assumedRoleArn"],
            "arn:aws:iam::111122223333:role/own"
        );
        assert_eq!(node["blocker"]["state"], "READY");
        assert_eq!(node["blocker"]["isMostRecent"], true);
        assert_eq!(node["blocker"]["history"].as_array().unwrap().len(), 2);
        assert_eq!(node["runs"][0]["id"], node["blocker"]["id"]);
        assert!(node["runs"][0]["waitingFor"].is_string());
        assert!(!node["cloudAccess"].as_array().unwrap().is_empty());
    }
    assert_eq!(one["searchStacks"]["edges"][0], edges[0]);
    asks_no_more(of_one, of_many, MANY);
}

#[tokio::test]
async fn an_integration_names_the_stacks_that_it_attaches_itself_to() {
    let client = Client::start().await;
    let first = integration(&client, "first").await;
    stack(&client, "served", json!(["everywhere"])).await;
    stack(&client, "other", json!(["elsewhere"])).await;
    let (alone, answer) = reads(&client, INTEGRATIONS, 0).await;
    assert_eq!(
        answer["awsIntegrations"],
        json!([{ "id": first, "name": "first", "autoattachedStacks": [{
            "stackId": "served", "stackName": "served", "read": true, "write": true,
            "problems": [],
        }] }])
    );

    integration(&client, "second").await;
    for n in 0..10 {
        stack(&client, &format!("also-{n}"), json!(["everywhere"])).await;
    }
    let (with_others, answer) = reads(&client, INTEGRATIONS, 0).await;
    asks_no_more(alone, with_others, 10);
    // Both pages say why the phases of the stack fail, and what its runs say.
    for page in answer["awsIntegrations"].as_array().unwrap() {
        let stacks = page["autoattachedStacks"].as_array().unwrap();
        assert_eq!(stacks.len(), 11);
        let served = stacks.iter().find(|stack| stack["stackId"] == "served");
        let served = served.unwrap();
        assert_eq!(
            (&served["read"], &served["write"]),
            (&json!(false), &json!(false))
        );
        let problems = served["problems"].as_array().unwrap();
        assert_eq!(problems.len(), 2);
        let access = "{ stack(id: \"served\") { cloudAccess { fails explanation } } }";
        let access = client.data(access, json!({})).await;
        for problem in problems {
            assert!(problem.as_str().unwrap().contains("\"first\""), "{problem}");
            assert!(
                problem.as_str().unwrap().contains("\"second\""),
                "{problem}"
            );
            let said = access["stack"]["cloudAccess"].as_array().unwrap().iter();
            assert!(
                said.clone().any(|one| one["explanation"] == *problem),
                "{problem}"
            );
        }
    }

    // What a stack has of its own leaves nothing to serve.
    let own = "mutation { stackIntegrationAwsCreate(id: \"served\", roleArn: \
               \"arn:aws:iam::111122223333:role/own\", generateCredentialsInWorker: true) { activated } }";
    client.data(own, json!({})).await;
    let (_, answer) = reads(&client, INTEGRATIONS, 0).await;
    let stacks = answer["awsIntegrations"][0]["autoattachedStacks"].as_array();
    assert!(
        stacks
            .unwrap()
            .iter()
            .all(|stack| stack["stackId"] != "served")
    );
}
