//! What the console hears while it is open, over HTTP.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt as _;
use gantry_app::space::SpaceDraft;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::Worker;

/// One event as it came.
#[derive(Debug, PartialEq)]
struct Said {
    event: String,
    id: String,
    data: Value,
}

/// A stream that is open.
struct Stream {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(client: &Client, token: &str, address: &str, last: &str) -> Self {
        let mut request = Request::get(address).header("authorization", format!("Bearer {token}"));
        if !last.is_empty() {
            request = request.header("last-event-id", last);
        }
        let response = client.send_to(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-store");
        Stream {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event; `None` when the stream has ended, or there is none within a second.
    async fn next(&mut self) -> Option<Said> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let of = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.split_once(':'));
                    let mut found = lines.filter(|(key, _)| *key == name);
                    found.next().map(|(_, value)| value.trim().to_owned())
                };
                let Some(data) = of("data") else { continue };
                return Some(Said {
                    event: of("event").unwrap_or_default(),
                    id: of("id").unwrap_or_default(),
                    data: serde_json::from_str(&data).unwrap(),
                });
            }
            let more = tokio::time::timeout(Duration::from_secs(1), self.body.next());
            let bytes = more.await.ok()??.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn expect(&mut self, event: &str) -> Said {
        let said = self.next().await;
        let said = said.unwrap_or_else(|| panic!("no `{event}` came"));
        assert_eq!(said.event, event, "{said:?}");
        said
    }
}

async fn stack(client: &Client, name: &str, space: &str) -> String {
    let made = client
        .data(
            "mutation($input:StackInput!){stackCreate(input:$input,manageState:false){id}}",
            json!({"input": {
                "administrative": false, "autodeploy": false, "autoretry": false,
                "branch": "main", "enableSensitiveOutputUpload": false,
                "enableWellKnownSecretMasking": false, "githubActionDeploy": false,
                "localPreviewEnabled": false, "name": name, "protectFromDeletion": false,
                "provider": "GIT", "repository": "infra", "space": space,
                "repositoryURL": client.repository(),
            }}),
        )
        .await;
    made["stackCreate"]["id"].as_str().unwrap().into()
}

async fn lock(client: &Client, stack: &str) {
    let lock = "mutation($id:ID!){stackLock(id:$id){id} stackUnlock(id:$id){id}}";
    client.data(lock, json!({"id": stack})).await;
}

#[tokio::test]
async fn changes_arrive_and_whoever_comes_back_misses_none() {
    let client = Client::start().await;
    let network = stack(&client, "network", "root").await;
    let mut stream = Stream::open(&client, client.token(), "/events", "").await;
    stream.expect("ready").await;
    lock(&client, &network).await;
    let said = stream.expect("change").await;
    assert_eq!(
        said.data,
        json!({"kind": "stack", "id": "network", "stack": "network", "space": "root"})
    );
    drop(stream);

    lock(&client, &network).await;
    let mut stream = Stream::open(&client, client.token(), "/events", &said.id).await;
    assert_eq!(stream.expect("ready").await.id, said.id);
    for _ in 0..3 {
        stream.expect("change").await;
    }
    assert_eq!(stream.next().await, None, "each is heard once");
    let address = format!("/events?lastEventId={}", said.id);
    let mut stream = Stream::open(&client, client.token(), &address, "").await;
    stream.expect("ready").await;
    stream.expect("change").await;

    let mut stream = Stream::open(&client, client.token(), "/events", "01ELSE-7").await;
    let said = stream.expect("reset").await;
    assert_ne!(said.id, "01ELSE-7");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn nobody_hears_what_they_may_not_see() {
    let client = Client::start().await;
    let draft = |name: &str| SpaceDraft {
        name: name.into(),
        description: String::new(),
        inherit_entities: false,
        parent: "root".into(),
        labels: vec![],
    };
    let admin = client.app.subject_of_token(client.token()).await.unwrap();
    let admin = admin.unwrap();
    let mut spaces = Vec::new();
    for name in ["team", "apart"] {
        let made = client.app.space_create(&admin, &draft(name)).await.unwrap();
        spaces.push(made.id.to_string());
    }
    let [team, apart] = [&spaces[0], &spaces[1]];
    let key = client
        .data(
            "mutation($rules:[SpaceAccessRuleInput!]){apiKeyCreate(input:{admin:false,name:\"k\",\
             teams:[],accessRules:$rules}){id secret}}",
            json!({"rules": [{"space": team, "spaceAccessLevel": "READ"}]}),
        )
        .await;
    let text = |field: &str| key["apiKeyCreate"][field].as_str().unwrap().to_owned();
    let (id, secret) = (text("id"), text("secret"));
    let token = client.log_in(&id, &secret).await;
    let mut stream = Stream::open(&client, &token, "/events", "").await;
    stream.expect("ready").await;
    let hidden = stack(&client, "hidden", apart).await;
    stack(&client, "shown", team).await;
    let said = stream.expect("change").await;
    assert_eq!(said.data["id"], "shown", "{said:?}");
    assert_eq!(stream.next().await, None);

    // What was said before is told by the same rule, and so is what another role lets see.
    let mut stream = Stream::open(&client, &token, "/events", &said.id).await;
    stream.expect("ready").await;
    client
        .data(
            "mutation($id:ID!,$rules:[SpaceAccessRuleInput!]!){apiKeyAccessSet(id:$id,rules:$rules)\
             {id}}",
            json!({"id": id, "rules": [{"space": apart, "spaceAccessLevel": "READ"}]}),
        )
        .await;
    stream.expect("reset").await;
    lock(&client, &hidden).await;
    assert_eq!(stream.expect("change").await.data["id"], "hidden");
    client
        .data(
            "mutation($id:ID!){apiKeyDelete(id:$id){id}}",
            json!({"id": id}),
        )
        .await;
    while let Some(said) = stream.next().await {
        assert_eq!(said.data["id"], "hidden", "{said:?}");
    }
    lock(&client, &hidden).await;
    assert_eq!(stream.next().await, None, "the key is gone");
    assert!(stream.body.next().await.is_none(), "and so is the stream");
}

#[tokio::test]
async fn the_log_of_a_run_is_followed_in_the_same_stream() {
    let client = Client::start().await;
    let network = stack(&client, "network", "root").await;
    let worker = Worker::hello(&client).await;
    let run = client
        .data(
            "mutation($id:ID!){runTrigger(stack:$id){id}}",
            json!({"id": network}),
        )
        .await;
    let run = run["runTrigger"]["id"].as_str().unwrap().to_owned();
    let job = worker.claim().await.unwrap();
    let phase = worker.prepared(&job).await;
    let address = format!("/events?stack={network}&run={run}");
    let mut stream = Stream::open(&client, client.token(), &address, "").await;
    stream.expect("ready").await;
    let first = stream.expect("log").await;
    assert_eq!(first.data["bytes"], Value::Null, "look how long it is");
    worker.log(&job, phase.version, 0, "one\n").await;
    let grew = stream.expect("log").await;
    assert_eq!(
        grew.data,
        json!({"stack": network, "run": run, "stateVersion": phase.version, "bytes": 4})
    );
    // Nobody else is told of it.
    let mut other = Stream::open(&client, client.token(), "/events", "").await;
    other.expect("ready").await;
    worker.log(&job, phase.version, 4, "two\n").await;
    assert_eq!(stream.expect("log").await.data["bytes"], 8);
    assert_eq!(other.next().await, None);
    client.app.give_no_runs();
    assert_eq!(stream.next().await, None);
    assert!(stream.body.next().await.is_none(), "the server ends");
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_heard() {
    let client = Client::start().await;
    let ask = async |address: &str, token: &str| {
        let mut request = Request::get(address);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        let response = client.send_to(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(ask("/events", "").await.0, 401);
    assert_eq!(ask("/events", "nonsense").await.0, 401);
    let (status, said) = ask("/events?stack=a", client.token()).await;
    assert_eq!(status, 400);
    assert!(said.contains("go together"), "{said}");
    let (status, said) = ask("/events?speed=9", client.token()).await;
    assert_eq!(status, 400);
    assert!(said.contains("speed"), "{said}");
    let (status, said) = ask("/events?stack=a&run=b", client.token()).await;
    assert_eq!(status, 404);
    assert!(said.contains("there is no run"), "{said}");
}
