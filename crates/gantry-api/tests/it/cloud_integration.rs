//! The documents that the Terraform provider sends for AWS, as they stand on the wire, before an
//! AWS that enforces trust policies.

use gantry_cloud::aws::{AwsSettings, BaseIdentity};
use gantry_cloud::registry::Registry;
use gantry_testkit::ministack::Ministack;
use gantry_testkit::trust;
use serde_json::{Value, json};

use crate::client::Client;
use crate::stack::provider_input;

const AWS: &str = "{id,durationSeconds,generateCredentialsInWorker,externalId,labels,name,roleArn,\
    space,region,autoattachEnabled,tagAssumeRole}";
const ATTACHMENT: &str = "{id,stackId,isModule,read,write}";

const CREATE: &str = "mutation($autoattachEnabled:Boolean!$durationSeconds:Int!$externalID:String!\
    $generateCredentialsInWorker:Boolean!$labels:[String!]!$name:String!$region:String\
    $roleArn:String!$space:ID$tagAssumeRole:Boolean!){awsIntegrationCreate(name: $name, roleArn: \
    $roleArn, generateCredentialsInWorker: $generateCredentialsInWorker, externalID: $externalID, \
    durationSeconds: $durationSeconds, labels: $labels, space: $space, region: $region, \
    autoattachEnabled: $autoattachEnabled, tagAssumeRole: $tagAssumeRole)";
const UPDATE: &str = "mutation($autoattachEnabled:Boolean!$durationSeconds:Int!$externalID:String!\
    $generateCredentialsInWorker:Boolean!$id:ID!$labels:[String!]!$name:String!$region:String\
    $roleArn:String!$space:ID$tagAssumeRole:Boolean!){awsIntegrationUpdate(id: $id, name: $name, \
    roleArn: $roleArn, generateCredentialsInWorker: $generateCredentialsInWorker, externalID: \
    $externalID, durationSeconds: $durationSeconds, labels: $labels, space: $space, region: \
    $region, autoattachEnabled: $autoattachEnabled, tagAssumeRole: $tagAssumeRole)";
const ATTACH: &str = "mutation($id:ID!$projectId:ID!$read:Boolean!$write:Boolean!){\
    awsIntegrationAttach(id: $id, stack: $projectId, read: $read, write: $write)";
const ATTACHMENT_UPDATE: &str = "mutation($id:ID!$read:Boolean!$write:Boolean!){\
    awsIntegrationAttachmentUpdate(id: $id, read: $read, write: $write)";
const EXTERNAL_ID: &str = "query($id:ID!$read:Boolean!$stackId:ID!$write:Boolean!){awsIntegration(\
    id: $id){id,externalIdForStack(stackId: $stackId, read: $read, write: $write){externalId,\
    assumeRolePolicyStatement}}}";
const LEGACY_CREATE: &str = "mutation($durationSeconds:Int$externalID:String\
    $generateCredentialsInWorker:Boolean!$id:ID!$region:String$roleArn:String!){\
    stackIntegrationAwsCreate(id: $id, roleArn: $roleArn, generateCredentialsInWorker: \
    $generateCredentialsInWorker, durationSeconds: $durationSeconds, externalID: $externalID, \
    region: $region){activated}}";
const LEGACY: &str = "query($id:ID!){stack(id: $id){integrations{aws{assumedRoleArn,\
    assumeRolePolicyStatement,externalID,generateCredentialsInWorker,durationSeconds,region}}}}";

async fn start(server: &str) -> Client {
    let made = Ministack::shared().create_server_user(server).await;
    let keys = made.unwrap().keys;
    let client = Client::with_clouds(Registry::new(AwsSettings {
        sts_endpoint: Some(Ministack::shared().endpoint()),
        base_identity: BaseIdentity::Keys {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key.into(),
            session_token: None,
        },
        ..AwsSettings::default()
    }))
    .await;
    let input = provider_input(&client, "network");
    let made = "mutation($input:StackInput!){stackCreate(input: $input, manageState: false){id}}";
    let made = client.data(made, json!({ "input": input })).await;
    assert_eq!(made["stackCreate"]["id"], "network");
    client
}

/// Every member, as the provider sends them when only name and role are set.
fn variables(name: &str, role_arn: &str) -> Value {
    json!({
        "autoattachEnabled": false, "durationSeconds": 900, "externalID": "",
        "generateCredentialsInWorker": false, "labels": [], "name": name, "region": null,
        "roleArn": role_arn, "space": null, "tagAssumeRole": false,
    })
}

fn with(mut variables: Value, name: &str, value: impl Into<Value>) -> Value {
    variables[name] = value.into();
    variables
}

async fn trust(role: &str, statement: &Value) {
    let statement = serde_json::from_str(statement.as_str().unwrap()).unwrap();
    let policy = trust::document(&[statement]);
    let changed = Ministack::shared().change_trust(role, &policy);
    changed.await.unwrap();
}

async fn role(name: &str) -> String {
    let nobody = trust::requires("arn:aws:iam::111122223333:root", &["nobody"]);
    let made = Ministack::shared().create_role(name, &nobody).await;
    made.unwrap()
}

#[tokio::test]
async fn an_integration_lives_as_the_provider_wants_it() {
    let client = start("api-life").await;
    let arn = role("api-life").await;
    let create = format!("{CREATE}{AWS}}}");
    let made = client.data(&create, variables("prod", &arn)).await;
    let made = &made["awsIntegrationCreate"];
    assert_eq!(
        *made,
        json!({
            "id": made["id"], "name": "prod", "roleArn": arn, "durationSeconds": 900,
            "externalId": "", "generateCredentialsInWorker": false, "labels": [],
            "space": "legacy", "region": null, "autoattachEnabled": false, "tagAssumeRole": false,
        })
    );
    let id = made["id"].as_str().unwrap();

    let asked = json!({ "id": id, "stackId": "network", "read": true, "write": true });
    let found = client.data(EXTERNAL_ID, asked).await;
    let found = &found["awsIntegration"]["externalIdForStack"];
    assert_eq!(found["externalId"], format!("acme@{id}@network@write"));

    let attach = format!("{ATTACH}{ATTACHMENT}}}");
    let asked = json!({ "id": id, "projectId": "network", "read": true, "write": false });
    let said = client.error(&attach, asked.clone()).await;
    assert!(
        said.contains("you need to configure trust relationship"),
        "{said}"
    );
    trust("api-life", &found["assumeRolePolicyStatement"]).await;
    let attached = client.data(&attach, asked.clone()).await;
    let attached = &attached["awsIntegrationAttach"];
    let expected = json!({
        "id": attached["id"], "stackId": "network", "isModule": false, "read": true, "write": false,
    });
    assert_eq!(*attached, expected);
    let again = client.data(&attach, asked).await;
    assert_eq!(again["awsIntegrationAttach"], expected);

    let read = format!(
        "query($integrationId:ID!$projectId:ID!){{awsIntegration(id: $integrationId){{\
         attachedStack(id: $projectId){ATTACHMENT}}}}}"
    );
    let asked = json!({ "integrationId": id, "projectId": "network" });
    let found = client.data(&read, asked.clone()).await;
    assert_eq!(found["awsIntegration"]["attachedStack"], expected);

    let update = format!("{ATTACHMENT_UPDATE}{ATTACHMENT}}}");
    let both = json!({ "id": attached["id"], "read": true, "write": true });
    let updated = client.data(&update, both).await;
    assert_eq!(updated["awsIntegrationAttachmentUpdate"]["write"], true);

    let update = format!("{UPDATE}{AWS}}}");
    let renamed = with(variables("renamed", &arn), "id", id);
    let updated = client.data(&update, renamed).await;
    assert_eq!(updated["awsIntegrationUpdate"]["name"], "renamed");
    assert_eq!(updated["awsIntegrationUpdate"]["space"], "legacy");

    let delete = format!("mutation($id:ID!){{awsIntegrationDelete(id: $id){AWS}}}");
    let said = client.error(&delete, json!({ "id": id })).await;
    assert!(said.contains("network"), "{said}");
    let detach = format!("mutation($id:ID!){{awsIntegrationDetach(id: $id){ATTACHMENT}}}");
    let detached = client.data(&detach, json!({ "id": attached["id"] })).await;
    assert_eq!(detached["awsIntegrationDetach"]["id"], attached["id"]);
    let found = client.data(&read, asked).await;
    assert_eq!(found["awsIntegration"]["attachedStack"], Value::Null);
    client.data(&delete, json!({ "id": id })).await;

    let gone = format!("query($id:ID!){{awsIntegration(id: $id){AWS}}}");
    let gone = client.data(&gone, json!({ "id": id })).await;
    assert_eq!(gone["awsIntegration"], Value::Null);
    let list = client
        .data(&format!("{{awsIntegrations(){AWS}}}"), json!({}))
        .await;
    assert_eq!(list["awsIntegrations"], json!([]));
}

#[tokio::test]
async fn a_name_finds_its_integration() {
    let client = start("api-name").await;
    let create = format!("{CREATE}{AWS}}}");
    let made = variables("by name", "arn:aws:iam::111122223333:role/x");
    let made = client
        .data(&create, with(made, "region", "eu-west-1"))
        .await;
    let query = format!("query($name:String!){{awsIntegrationByName(name: $name){AWS}}}");
    let found = client.data(&query, json!({ "name": "by name" })).await;
    assert_eq!(found["awsIntegrationByName"], made["awsIntegrationCreate"]);
    assert_eq!(found["awsIntegrationByName"]["region"], "eu-west-1");
    let found = client.data(&query, json!({ "name": "nobody" })).await;
    assert_eq!(found["awsIntegrationByName"], Value::Null);
}

#[tokio::test]
async fn a_stack_has_its_own_role_as_the_provider_wants_it() {
    let client = start("api-legacy").await;
    let before = client.data(LEGACY, json!({ "id": "network" })).await;
    let before = &before["stack"]["integrations"]["aws"];
    let statement = &before["assumeRolePolicyStatement"];
    assert_eq!(
        *before,
        json!({
            "assumedRoleArn": null, "assumeRolePolicyStatement": statement, "externalID": null,
            "generateCredentialsInWorker": false, "durationSeconds": null, "region": null,
        })
    );

    let arn = role("api-legacy").await;
    trust("api-legacy", statement).await;
    let asked = json!({
        "id": "network", "roleArn": arn, "generateCredentialsInWorker": false,
        "durationSeconds": null, "externalID": null, "region": null,
    });
    let made = client.data(LEGACY_CREATE, asked).await;
    assert_eq!(made["stackIntegrationAwsCreate"]["activated"], true);
    let after = client.data(LEGACY, json!({ "id": "network" })).await;
    let after = &after["stack"]["integrations"]["aws"];
    assert_eq!(after["assumedRoleArn"], arn);
    assert_eq!(after["durationSeconds"], 900);
    assert_eq!(after["externalID"], Value::Null);
    assert_eq!(after["assumeRolePolicyStatement"], *statement);

    let delete = "mutation($id:ID!){stackIntegrationAwsDelete(id: $id){activated}}";
    let deleted = client.data(delete, json!({ "id": "network" })).await;
    assert_eq!(deleted["stackIntegrationAwsDelete"]["activated"], false);
    let after = client.data(LEGACY, json!({ "id": "network" })).await;
    let after = &after["stack"]["integrations"]["aws"];
    assert_eq!(after["assumedRoleArn"], Value::Null);
}

#[tokio::test]
async fn no_answer_about_a_missing_thing_makes_clients_forget_another() {
    let client = start("api-missing").await;
    let create = format!("{CREATE}{AWS}}}");
    let made = variables("prod", "arn:aws:iam::111122223333:role/x");
    let made = client.data(&create, made).await;
    let asked = json!({
        "id": made["awsIntegrationCreate"]["id"], "stackId": "gone", "read": true, "write": false,
    });
    let said = client.error(EXTERNAL_ID, asked).await;
    assert_eq!(said, "there is no stack `gone`");
    let attach = format!("{ATTACH}{ATTACHMENT}}}");
    let asked = json!({ "id": "gone", "projectId": "network", "read": true, "write": false });
    let said = client.error(&attach, asked).await;
    assert_eq!(said, "there is no integration `gone`");
}

#[tokio::test]
async fn a_stack_tells_what_its_phases_would_get() {
    let client = start("api-access").await;
    let query = "query($id:ID!){stack(id: $id){cloudAccess{runType,phase,access,cloud,explanation,\
        fails,integration,roleArn,externalId}}}";
    let answer = client.data(query, json!({ "id": "network" })).await;
    let phases = answer["stack"]["cloudAccess"].as_array().unwrap();
    // 2 proposed, 3 tracked, 2 task, 3 destroy.
    assert_eq!(phases.len(), 10);
    let apply = phases
        .iter()
        .find(|phase| phase["phase"] == "apply")
        .unwrap();
    assert_eq!(
        *apply,
        json!({
            "runType": "TRACKED", "phase": "apply", "access": "write", "cloud": "aws",
            "explanation":
                "apply gets no AWS credentials: nothing is attached to this stack for write",
            "fails": false, "integration": null, "roleArn": null, "externalId": null,
        })
    );
}
