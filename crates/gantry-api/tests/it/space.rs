//! The documents that the Terraform provider sends for spaces, as they stand on the wire.

use serde_json::{Value, json};

use crate::client::Client;

const SPACE: &str = "{id,description,name,inheritEntities,parentSpace,labels}";

#[tokio::test]
async fn a_space_lives_as_the_provider_wants_it_to() {
    let client = Client::start().await;
    let create = format!("mutation($input:SpaceInput!){{spaceCreate(input: $input){SPACE}}}");
    let mut input = json!({
        "name": "Team A", "description": "", "inheritEntities": false, "parentSpace": "",
        "labels": null
    });
    let made = client.data(&create, json!({ "input": input })).await;
    let made = &made["spaceCreate"];
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("team-a-01"), "{id}");
    let expected = json!({
        "id": id, "name": "Team A", "description": "", "inheritEntities": false,
        "parentSpace": "root", "labels": []
    });
    assert_eq!(*made, expected);
    let read = format!("query($id:ID!){{space(id: $id){SPACE}}}");
    let found = client.data(&read, json!({ "id": id })).await;
    assert_eq!(found["space"], expected);
    // The list of the data source, which is no GraphQL, and the one of paths.
    for list in [format!("{{spaces(){SPACE}}}"), format!("{{spaces{SPACE}}}")] {
        let all = client.data(&list, Value::Null).await;
        let names: Vec<&Value> = all["spaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|space| &space["name"])
            .collect();
        assert_eq!(names, ["root", "legacy", "Team A"]);
    }

    input["labels"] = json!(["a"]);
    input["parentSpace"] = json!("legacy");
    input["inheritEntities"] = json!(true);
    let update = format!(
        "mutation($input:SpaceInput!$space:ID!){{spaceUpdate(space: $space, input: $input){SPACE}}}"
    );
    let variables = json!({ "input": input, "space": id });
    let changed = client.data(&update, variables).await;
    assert_eq!(changed["spaceUpdate"]["parentSpace"], "legacy");
    assert_eq!(changed["spaceUpdate"]["labels"], json!(["a"]));

    let delete = format!("mutation($id:ID!){{spaceDelete(space: $id){SPACE}}}");
    let said = client.error(&delete, json!({ "id": "legacy" })).await;
    assert!(said.contains("always exists"), "{said}");
    let gone = client.data(&delete, json!({ "id": id })).await;
    assert_eq!(gone["spaceDelete"]["id"], id);
    let again = client.data(&delete, json!({ "id": id })).await;
    assert_eq!(again["spaceDelete"], Value::Null);
    let found = client.data(&read, json!({ "id": id })).await;
    assert_eq!(found["space"], Value::Null);
}

#[tokio::test]
async fn a_viewer_is_told_its_own_level() {
    let client = Client::start().await;
    let make = "mutation($rules:[SpaceAccessRuleInput!]){apiKeyCreate(input: {admin: false, \
                name: \"k\", teams: [], accessRules: $rules}){id secret}}";
    let rules = json!([{ "space": "legacy", "spaceAccessLevel": "WRITE" }]);
    let made = client.data(make, json!({ "rules": rules })).await;
    let text = |name: &str| made["apiKeyCreate"][name].as_str().unwrap();
    let token = client.log_in(text("id"), text("secret")).await;
    let levels = "{spaces{id accessLevel}}";
    let seen = client.send_as(&token, levels, Value::Null).await;
    assert_eq!(
        seen["data"]["spaces"],
        json!([
            { "id": "root", "accessLevel": "READ" },
            { "id": "legacy", "accessLevel": "WRITE" },
        ])
    );
    let all = client.data(levels, Value::Null).await;
    assert!(all.to_string().matches("ADMIN").count() == 2, "{all}");
}
