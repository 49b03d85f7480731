//! Logins to the console: what a browser sends, and what a page of another site can't.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::client::Client;

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const VIEWER: &str = "{\"query\": \"{viewer{name}}\"}";

async fn send(
    client: &Client,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> (StatusCode, Option<String>, Value) {
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (status, headers, body) = client.http(request).await;
    let cookie = headers.get("set-cookie");
    let cookie = cookie.map(|value| value.to_str().unwrap().to_owned());
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (status, cookie, body)
}

/// A key of an administrator, as the body of a login.
async fn pair(client: &Client) -> Value {
    let make = "mutation { apiKeyCreate(input: {name: \"person\", admin: true, teams: []}) \
                { id secret } }";
    client.data(make, json!({})).await["apiKeyCreate"].take()
}

/// The cookie as a browser sends it back.
async fn log_in(client: &Client, pair: &Value) -> String {
    let to = ("POST", "/session");
    let (status, cookie, body) = send(client, to, &[OWN], &pair.to_string()).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["name"], "person");
    let cookie = cookie.unwrap();
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn viewer(client: &Client, headers: &[(&str, &str)]) -> (StatusCode, Value) {
    let (status, _, body) = send(client, ("POST", "/graphql"), headers, VIEWER).await;
    (status, body)
}

#[tokio::test]
async fn a_session_counts_for_the_consoles_own_pages_alone() {
    let client = Client::start().await;
    let pair = pair(&client).await;
    let cookie = log_in(&client, &pair).await;
    let held = ("cookie", cookie.as_str());
    let (_, body) = viewer(&client, &[held, OWN]).await;
    assert_eq!(body["data"]["viewer"]["name"], "person", "{body}");
    let origin = ("origin", "https://gantry.test");
    let (_, body) = viewer(&client, &[held, origin, ("host", "gantry.test")]).await;
    assert_eq!(body["data"]["viewer"]["name"], "person", "{body}");

    let refused: [&[(&str, &str)]; 5] = [
        &[held],
        &[held, ("sec-fetch-site", "cross-site")],
        &[
            held,
            ("sec-fetch-site", "same-site"),
            origin,
            ("host", "gantry.test"),
        ],
        &[
            held,
            ("origin", "https://evil.test"),
            ("host", "gantry.test"),
        ],
        &[held, ("origin", "null"), ("host", "gantry.test")],
    ];
    for headers in refused {
        let (status, body) = viewer(&client, headers).await;
        assert_eq!(status, 403, "{headers:?}: {body}");
    }
    // A token needs no page, and goes before the session.
    let token = format!("Bearer {}", client.token());
    let (_, body) = viewer(&client, &[held, ("authorization", &token)]).await;
    assert_eq!(body["data"]["viewer"]["name"], "admin", "{body}");
}

#[tokio::test]
async fn neither_login_nor_logout_is_for_another_site() {
    let client = Client::start().await;
    let pair = pair(&client).await;
    let to = ("POST", "/session");
    let site = ("sec-fetch-site", "cross-site");
    let (status, cookie, _) = send(&client, to, &[site], &pair.to_string()).await;
    assert_eq!((status.as_u16(), cookie), (403, None));
    let cookie = log_in(&client, &pair).await;
    let held = ("cookie", cookie.as_str());
    let (status, ..) = send(&client, ("DELETE", "/session"), &[held, site], "").await;
    assert_eq!(status, 403);
    let (_, body) = viewer(&client, &[held, OWN]).await;
    assert_eq!(body["data"]["viewer"]["name"], "person", "{body}");
}

#[tokio::test]
async fn whoever_logs_out_is_nobody() {
    let client = Client::start().await;
    let pair = pair(&client).await;
    let cookie = log_in(&client, &pair).await;
    let other = log_in(&client, &pair).await;
    let held = ("cookie", cookie.as_str());
    let out = ("DELETE", "/session?everywhere=true");
    let (status, cleared, _) = send(&client, out, &[held, OWN], "").await;
    assert_eq!(status, 204);
    assert!(cleared.unwrap().contains("Max-Age=0"));
    for cookie in [&cookie, &other] {
        let (_, body) = viewer(&client, &[("cookie", cookie), OWN]).await;
        assert_eq!(body["data"]["viewer"], Value::Null, "{body}");
    }
}

#[tokio::test]
async fn a_login_that_fails_says_why() {
    let client = Client::start().await;
    let mut pair = pair(&client).await;
    pair["secret"] = "wrong".into();
    let to = ("POST", "/session");
    let (status, cookie, body) = send(&client, to, &[OWN], &pair.to_string()).await;
    assert_eq!((status.as_u16(), cookie), (401, None));
    let said = body["errors"][0]["message"].as_str().unwrap();
    assert!(said.contains("its secret is another one"), "{said}");
    let (status, ..) = send(&client, to, &[OWN], "id=1").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_session_opens_no_state() {
    let client = Client::start().await;
    let pair = pair(&client).await;
    let cookie = log_in(&client, &pair).await;
    let held = ("cookie", cookie.as_str());
    let (with, ..) = send(&client, ("GET", "/state/any"), &[held, OWN], "").await;
    let (without, ..) = send(&client, ("GET", "/state/any"), &[], "").await;
    assert_eq!((with.as_u16(), with), (401, without));
}
