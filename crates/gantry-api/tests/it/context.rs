//! The documents that the Terraform provider and the CLI send for contexts and mounted files, as
//! they stand on the wire.

use serde_json::{Value, json};

use crate::client::Client;
use crate::stack::{create, provider_input};

const CONTEXT: &str = "{id,description,labels,name,space,hooks{afterApply,afterDestroy,afterInit,\
    afterPerform,afterPlan,afterRun,beforeApply,beforeDestroy,beforeInit,beforePerform,beforePlan}}";
const ELEMENT: &str = "{id,checksum,createdAt,description,runtime,type,value,writeOnly}";
/// SHA-256 of `aGVsbG8K`.
const DIGEST: &str = "30463dcbfb1813ccc89b669a71122815f8428e79bf47fe6a4f35253623a7f6ad";
const ATTACHMENT: &str = "{id,stackId,isModule,priority}";

/// What the provider sends for a context with a name and hooks of one phase.
fn input(name: &str) -> Value {
    json!({
        "name": name, "description": null, "labels": null, "space": null,
        "hooks": {
            "afterApply": [], "afterDestroy": [], "afterInit": [], "afterPerform": [],
            "afterPlan": [], "afterRun": ["true"], "beforeApply": [], "beforeDestroy": [],
            "beforeInit": [], "beforePerform": [], "beforePlan": ["echo plan"],
        },
    })
}

async fn make(client: &Client, name: &str) -> Value {
    let query =
        format!("mutation($input:ContextInput!){{contextCreateV2(input: $input){CONTEXT}}}");
    let variables = json!({ "input": input(name) });
    client.data(&query, variables).await["contextCreateV2"].take()
}

async fn set(client: &Client, context: &str, config: Value) -> Value {
    let query = format!(
        "mutation($config:ConfigInput!$context:ID!){{contextConfigAdd(context: $context, config: \
         $config){ELEMENT}}}"
    );
    let variables = json!({ "context": context, "config": config });
    client.data(&query, variables).await["contextConfigAdd"].take()
}

async fn attach(client: &Client, context: &str, stack: &str, priority: i64) -> Value {
    let query = format!(
        "mutation($id:ID!$priority:Int!$stack:ID!){{contextAttach(id: $id, stack: $stack, \
         priority: $priority){ATTACHMENT}}}"
    );
    let variables = json!({ "id": context, "stack": stack, "priority": priority });
    client.data(&query, variables).await["contextAttach"].take()
}

#[tokio::test]
async fn a_context_lives_as_the_provider_wants_it_to() {
    let client = Client::start().await;
    let made = make(&client, "Prod K8s").await;
    assert_eq!(made["id"], "prod-k8s");
    assert_eq!(
        (&made["labels"], &made["description"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(made["space"], "legacy");
    assert_eq!(made["hooks"]["beforePlan"], json!(["echo plan"]));
    let read = format!("query($id:ID!){{context(id: $id){CONTEXT}}}");
    let id = json!({ "id": "prod-k8s" });
    assert_eq!(client.data(&read, id.clone()).await["context"], made);
    let list = format!("{{contexts(){CONTEXT}}}");
    assert_eq!(
        client.data(&list, json!({})).await["contexts"],
        json!([made])
    );

    let mut changed = input("Production");
    changed["labels"] = json!(["autoattach:prod"]);
    changed["hooks"] = Value::Null;
    changed["space"] = json!("legacy");
    let update = format!(
        "mutation($id:ID!$input:ContextInput!){{contextUpdateV2(id: $id, input: $input){CONTEXT}}}"
    );
    let variables = json!({ "id": "prod-k8s", "input": changed });
    let answer = client.data(&update, variables).await["contextUpdateV2"].take();
    assert_eq!(
        (&answer["id"], &answer["name"]),
        (&json!("prod-k8s"), &json!("Production"))
    );
    assert_eq!(answer["hooks"]["beforePlan"], json!([]));

    let delete = format!("mutation($id:ID!){{contextDelete(id: $id){CONTEXT}}}");
    assert_eq!(
        client.data(&delete, id.clone()).await["contextDelete"],
        answer
    );
    let none = json!({ "context": null });
    assert_eq!(client.data(&read, id).await, none);
}

#[tokio::test]
async fn elements_and_attachments_live_as_the_provider_wants_them_to() {
    let client = Client::start().await;
    create(&client, provider_input(&client, "Infra")).await;
    make(&client, "Shared").await;
    let file = set(
        &client,
        "shared",
        json!({ "id": "kube/config", "type": "FILE_MOUNT", "value": "aGVsbG8K", "writeOnly": true,
                "description": "" }),
    )
    .await;
    // The digest of the text that was sent: otherwise the provider would replace it for ever.
    assert_eq!(file["checksum"], DIGEST);
    assert_eq!(
        (&file["value"], &file["type"]),
        (&Value::Null, &json!("FILE_MOUNT"))
    );
    let read = format!(
        "query($context:ID!$id:ID!){{context(id: $context){{configElement(id: $id){ELEMENT}}}}}"
    );
    let variables = json!({ "context": "shared", "id": "kube/config" });
    let found = client.data(&read, variables.clone()).await;
    assert_eq!(found["context"]["configElement"], file);

    let attached = attach(&client, "shared", "infra", 5).await;
    assert_eq!(
        (&attached["stackId"], &attached["isModule"]),
        (&json!("infra"), &json!(false))
    );
    // Sent again after an answer that was lost.
    assert_eq!(attach(&client, "shared", "infra", 5).await, attached);
    let one = format!(
        "query($context:ID!$id:ID!){{context(id: $context){{attachedStack(id: $id){ATTACHMENT}}}}}"
    );
    let between = json!({ "context": "shared", "id": "infra" });
    let found = client.data(&one, between.clone()).await;
    assert_eq!(found["context"]["attachedStack"], attached);

    let detach = format!("mutation($id:ID!){{contextDetach(id: $id){ATTACHMENT}}}");
    let id = json!({ "id": attached["id"] });
    assert_eq!(
        client.data(&detach, id.clone()).await["contextDetach"],
        attached
    );
    assert_eq!(client.data(&detach, id).await["contextDetach"], Value::Null);
    let found = client.data(&one, between).await;
    assert_eq!(found["context"]["attachedStack"], Value::Null);
    let delete =
        "mutation($context:ID!$id:ID!){contextConfigDelete(context: $context, id: $id){id}}";
    let deleted = client.data(delete, variables.clone()).await;
    assert_eq!(deleted["contextConfigDelete"]["id"], "kube/config");
    let deleted = client.data(delete, variables.clone()).await;
    assert_eq!(deleted["contextConfigDelete"], Value::Null);
    let found = client.data(&read, variables).await;
    assert_eq!(found["context"]["configElement"], Value::Null);
}

#[tokio::test]
async fn the_command_line_client_lists_an_environment_once() {
    let client = Client::start().await;
    let mut stack = provider_input(&client, "Infra");
    stack["labels"] = json!(["prod"]);
    create(&client, stack).await;
    for name in ["Shared", "Auto"] {
        make(&client, name).await;
    }
    let mut auto = input("Auto");
    auto["labels"] = json!(["autoattach:prod"]);
    let update =
        "mutation($id:ID!$input:ContextInput!){contextUpdateV2(id: $id, input: $input){id}}";
    client
        .data(update, json!({ "id": "auto", "input": auto }))
        .await;
    attach(&client, "shared", "infra", 0).await;
    let variable = |value: &str| json!({ "id": "REGION", "type": "ENVIRONMENT_VARIABLE", "value": value, "writeOnly": false });
    set(&client, "shared", variable("shared")).await;
    set(&client, "auto", variable("auto")).await;

    let list = "query($stack:ID!){stack(id: $stack){runtimeConfig{context{id,contextName},element{id,\
        checksum,createdAt,runtime,type,value,writeOnly}},attachedContexts{contextId,contextName,\
        priority,isAutoattached,config{id,checksum,createdAt,runtime,type,value,writeOnly}}}}";
    let answer = client.data(list, json!({ "stack": "infra" })).await;
    let runtime = answer["stack"]["runtimeConfig"].as_array().unwrap();
    assert_eq!(runtime.len(), 1);
    assert_eq!(runtime[0]["context"]["contextName"], "Shared");
    assert_eq!(runtime[0]["element"]["value"], "shared");
    let contexts = answer["stack"]["attachedContexts"].as_array().unwrap();
    let shown: Vec<_> = contexts
        .iter()
        .map(|c| {
            (
                c["contextId"].as_str().unwrap(),
                c["isAutoattached"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [("shared", false), ("auto", true)]);
    assert_eq!(contexts[1]["config"][0]["value"], "auto");

    // Which one won, and over which.
    let effective = "query($stack:ID!){stack(id: $stack){effectiveConfig{context{contextId},\
        element{id,value},hides{context{contextId},element{value}}}}}";
    let answer = client.data(effective, json!({ "stack": "infra" })).await;
    assert_eq!(
        answer["stack"]["effectiveConfig"],
        json!([{
            "context": { "contextId": "shared" }, "element": { "id": "REGION", "value": "shared" },
            "hides": [{ "context": { "contextId": "auto" }, "element": { "value": "auto" } }],
        }])
    );

    let search = "query($input:SearchInput!){searchContexts(input: $input){edges{node{id,name,\
        labels,createdAt,updatedAt,spaceDetails{id,name},description,hasAttachedStacks}},pageInfo{\
        endCursor,hasNextPage,hasPreviousPage}}}";
    let wanted = json!({ "input": {
        "first": 50, "after": null, "fullTextSearch": null, "orderBy": null,
        "predicates": [{
            "field": "labels", "exclude": false,
            "constraint": {
                "booleanEquals": null, "enumEquals": null, "stringMatches": ["autoattach:prod"]
            }
        }]
    }});
    let found = client.data(search, wanted).await["searchContexts"].take();
    assert_eq!(found["edges"].as_array().unwrap().len(), 1);
    assert_eq!(found["edges"][0]["node"]["hasAttachedStacks"], true);
    let get = "query($contextId:ID!){context(id: $contextId){id,attachedStacks{stackId,stackName,\
        isAutoattached,priority}}}";
    let found = client.data(get, json!({ "contextId": "auto" })).await;
    let stacks = json!([{
        "stackId": "infra", "stackName": "Infra", "isAutoattached": true, "priority": 0
    }]);
    assert_eq!(found["context"]["attachedStacks"], stacks);
}

#[tokio::test]
async fn a_file_that_climbs_out_is_refused_by_its_name() {
    let client = Client::start().await;
    create(&client, provider_input(&client, "Infra")).await;
    let add = "mutation($config:ConfigInput!$stack:ID!){stackConfigAdd(stack: $stack, config: \
        $config){id}}";
    let config = json!({
        "id": "source/../../etc/passwd", "type": "FILE_MOUNT", "value": "", "writeOnly": false
    });
    let refused = client
        .error(add, json!({ "stack": "infra", "config": config }))
        .await;
    assert_eq!(
        refused,
        "`id` `source/../../etc/passwd` leads out of the workspace: leave out every `..`"
    );
    let config = json!({
        "id": "source/extra.tf", "type": "FILE_MOUNT", "value": "IyBoaQ==", "writeOnly": false
    });
    let added = client
        .data(add, json!({ "stack": "infra", "config": config }))
        .await;
    assert_eq!(added["stackConfigAdd"]["id"], "source/extra.tf");
}
