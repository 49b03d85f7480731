//! The documents that the Terraform provider and the CLI send for API keys, as they stand on the
//! wire.

use serde_json::{Value, json};

use crate::client::Client;

const KEY: &str = "{id,admin,name,secret,type,teams,accessRules{space,spaceAccessLevel},\
    isMachineUser,apiKeyRoleBindings{id,role{id,slug,isSystem,name,description,actions,\
    roleBindingsCount},spaceID,apiKeyID},oidcSettings{issuer,clientId,subjectExpression,\
    claimMapping{entries{name,value}}}}";
const SHOWN: &str = "{id,name,description,type,admin,creator,createdAt,lastUsedAt,deleted,teams,\
    teamCount,spaceCount,isMachineUser,expiresAt,accessRules{space,spaceAccessLevel}}";

#[tokio::test]
async fn a_key_lives_as_the_provider_wants_it_to() {
    let client = Client::start().await;
    let create = format!("mutation($input:ApiKeyInput!){{apiKeyCreate(input: $input){KEY}}}");
    let input = json!({ "admin": false, "name": "ci", "teams": [] });
    let made = client.data(&create, json!({ "input": input })).await;
    let made = &made["apiKeyCreate"];
    assert!(made["secret"].as_str().unwrap().len() > 40);
    assert_eq!(made["type"], "SECRET");
    assert_eq!(made["accessRules"], json!([]));
    let id = json!({ "id": made["id"] });
    let read = format!("query($id:ID!){{apiKey(id: $id){KEY}}}");
    let found = client.data(&read, id.clone()).await;
    assert_eq!(found["apiKey"]["secret"], "");

    let update = format!(
        "mutation($id:ID!$input:ApiKeyUpdateInput!){{apiKeyUpdate(id: $id, input: $input){KEY}}}"
    );
    let variables = json!({ "id": made["id"], "input": { "name": "ci 2", "teams": ["t"] } });
    let changed = client.data(&update, variables).await;
    assert_eq!(changed["apiKeyUpdate"]["name"], "ci 2");
    let shown = format!("query($id:ID!){{apiKey(id: $id){SHOWN}}}");
    let found = client.data(&shown, id.clone()).await;
    assert_eq!(found["apiKey"]["teamCount"], 1);
    assert_eq!(found["apiKey"]["spaceCount"], 0);

    let delete = format!("mutation($id:ID!){{apiKeyDelete(id: $id){KEY}}}");
    let deleted = client.data(&delete, id.clone()).await;
    assert_eq!(deleted["apiKeyDelete"]["id"], made["id"]);
    let found = client.data(&read, id).await;
    assert_eq!(found["apiKey"], Value::Null);
}

#[tokio::test]
async fn the_roles_of_a_key_are_shown_as_rules_and_as_bindings() {
    let client = Client::start().await;
    let create = format!("mutation($input:ApiKeyInput!){{apiKeyCreate(input: $input){KEY}}}");
    let input = json!({
        "admin": false, "name": "ci", "teams": [], "expiresAt": 4_000_000_000_i64,
        "accessRules": [{ "space": "legacy", "spaceAccessLevel": "READ" }],
    });
    let made = client.data(&create, json!({ "input": input })).await;
    let id = made["apiKeyCreate"]["id"].as_str().unwrap();
    let set = format!(
        "mutation($id:ID!$rules:[SpaceAccessRuleInput!]!){{apiKeyAccessSet(id: $id, rules: \
         $rules){KEY}}}"
    );
    let rules = json!([
        { "space": "legacy", "spaceAccessLevel": "WRITE" },
        { "space": "root", "spaceAccessLevel": "READ" },
    ]);
    let changed = client.data(&set, json!({ "id": id, "rules": rules })).await;
    let changed = &changed["apiKeyAccessSet"];
    assert_eq!(changed["accessRules"], rules);
    let writer = &changed["apiKeyRoleBindings"][0];
    assert_eq!(
        (&writer["spaceID"], &writer["apiKeyID"]),
        (&json!("legacy"), &json!(id))
    );
    let role = &writer["role"];
    assert_eq!(role["slug"], "space-writer");
    assert_eq!(role["roleBindingsCount"], 1);
    assert_eq!(
        role["actions"],
        json!(["RUN_TRIGGER", "SPACE_READ", "SPACE_WRITE"])
    );
    let shown = format!("query($id:ID!){{apiKey(id: $id){SHOWN}}}");
    let found = client.data(&shown, json!({ "id": id })).await;
    assert_eq!(found["apiKey"]["spaceCount"], 2);
    assert_eq!(found["apiKey"]["expiresAt"], 4_000_000_000_i64);

    let nowhere = json!([{ "space": "gone", "spaceAccessLevel": "READ" }]);
    let said = client
        .error(&set, json!({ "id": id, "rules": nowhere }))
        .await;
    assert_eq!(said, "there is no space `gone`");
    let wrong = json!([{ "space": "root", "spaceAccessLevel": "OWNER" }]);
    let said = client
        .error(&set, json!({ "id": id, "rules": wrong }))
        .await;
    assert!(said.contains("OWNER"), "{said}");
}
