//! What errors never say: the two words by which clients recognise a deleted resource.

use serde_json::json;

use crate::client::Client;

#[tokio::test]
async fn no_error_is_taken_for_a_deletion() {
    let client = Client::start().await;
    let mut messages = vec![
        // Quoted by the parser, by validation, by coercion, and by us.
        client.error("{stack(id:\"not found\"", json!({})).await,
        client
            .error("{stack(id:\"a\" b:\"not found\"){id}}", json!({}))
            .await,
        client
            .error(
                "query($i:SearchInput!){searchStacks(input:$i){pageInfo{endCursor}}}",
                json!({ "i": { "orderBy": { "field": "name", "direction": "not found" } } }),
            )
            .await,
    ];
    let quoted = client
        .error(
            "query($i:SearchInput!){searchStacks(input:$i){pageInfo{endCursor}}}",
            json!({ "i": { "after": "not found" } }),
        )
        .await;
    assert!(quoted.contains("`not to be found`"), "{quoted}");
    messages.push(quoted);
    for message in messages {
        assert!(!message.contains("not found"), "{message}");
    }
}
