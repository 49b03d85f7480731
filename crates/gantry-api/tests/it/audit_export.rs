//! The audit trail as a file.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::client::Client;

async fn get(client: &Client, address: &str, token: &str) -> (u16, String, String) {
    let mut request = Request::get(address);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let (status, headers, body) = client.http(request).await;
    let kind = headers
        .get("content-type")
        .map(|kind| kind.to_str().unwrap());
    let kind = kind.unwrap_or_default().to_owned();
    (
        status.as_u16(),
        kind,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

/// More events than are read at once, one of them with a hostile name.
async fn many(client: &Client) -> usize {
    let create = "mutation($name:String!){spaceCreate(input:{name:$name,description:\"\",\
                  inheritEntities:true,parentSpace:\"root\"}){id}}";
    let made = client
        .data(create, serde_json::json!({"name": "=1+1, \"x\""}))
        .await;
    let id = made["spaceCreate"]["id"].as_str().unwrap().to_owned();
    let update = "mutation($id:ID!){a:spaceUpdate(space:$id,input:{name:\"=1+1, \\\"x\\\"\",\
                  description:\"d\",inheritEntities:true,parentSpace:\"root\"}){id}}";
    for _ in 0..520 {
        client.data(update, serde_json::json!({"id": id})).await;
    }
    // With the making of the key that asks.
    522
}

#[tokio::test]
async fn every_event_stands_in_it_once_and_in_order() {
    let client = Client::start().await;
    let events = many(&client).await;
    let (status, kind, text) = get(&client, "/audit/events.jsonl", client.token()).await;
    assert_eq!((status, kind.as_str()), (200, "application/x-ndjson"));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), events);
    let ids: Vec<&str> = lines
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted(), "oldest first");
    assert_eq!(lines[0]["at"], "1970-01-01T00:00:00Z");
    assert_eq!(lines[1]["action"], "space.create");
    assert_eq!(lines[1]["targetName"], "=1+1, \"x\"");

    let (status, kind, text) = get(&client, "/audit/events.csv", client.token()).await;
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8"));
    assert_eq!(text.matches("\r\n").count(), events + 1);
    assert!(text.starts_with("at,id,action,"), "{text}");
    assert!(text.contains(",\"'=1+1, \"\"x\"\"\","), "no formula");

    let made = "/audit/events.csv?action=space.create";
    let (_, _, text) = get(&client, made, client.token()).await;
    assert_eq!(text.lines().count(), 2, "{text}");
    let never = "/audit/events.jsonl?from=4&until=5";
    assert_eq!(get(&client, never, client.token()).await.2, "");
}

#[tokio::test]
async fn it_is_for_administrators_and_says_what_is_wrong() {
    let client = Client::start().await;
    assert_eq!(get(&client, "/audit/events.csv", "").await.0, 401);
    let key = client
        .data(
            "mutation{apiKeyCreate(input:{admin:false,name:\"k\",teams:[],accessRules:[{space:\
             \"root\",spaceAccessLevel:READ}]}){id secret}}",
            Value::Null,
        )
        .await;
    let text = |field: &str| key["apiKeyCreate"][field].as_str().unwrap().to_owned();
    let token = client.log_in(&text("id"), &text("secret")).await;
    let (status, _, said) = get(&client, "/audit/events.csv", &token).await;
    assert_eq!(status, 403);
    assert!(said.contains("administers no space"), "{said}");
    let (status, _, said) = get(&client, "/audit/events.csv?color=red", client.token()).await;
    assert_eq!(status, 400);
    assert!(said.contains("color"), "{said}");
    assert_eq!(
        get(&client, "/audit/events.xml", client.token()).await.0,
        404
    );
}
