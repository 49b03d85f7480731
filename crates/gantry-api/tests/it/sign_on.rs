//! Single sign-on before a provider that is strict, and one that lies.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use gantry_app::Settings;
use gantry_app::sign_on::SignOnSettings;
use gantry_core::authz::group::GroupRoles;
use gantry_testkit::identity_provider::{
    CLIENT_ID, CLIENT_SECRET, Callback, IdentityProvider, Signature,
};
use serde_json::{Value, json};

use crate::client::Client;

struct World {
    client: Client,
    provider: IdentityProvider,
}

/// What the server answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    /// The value of a cookie that it sets; empty where it takes it away.
    fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all("set-cookie").iter();
        let mut pairs = cookies.filter_map(|cookie| {
            let pair = cookie.to_str().ok()?.split(';').next()?;
            pair.split_once('=')
        });
        let found = pairs.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.to_owned())
    }

    fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }
}

/// A browser's half of a login.
struct Attempt {
    cookie: String,
    location: String,
}

const SESSION: &str = "__Host-gantry";
const ATTEMPT: &str = "__Host-gantry-sign-on";

impl World {
    async fn start() -> Self {
        let provider = IdentityProvider::start().await.unwrap();
        let roles = [
            "admins=root:admin",
            "network=legacy:writer",
            "gone=nowhere:admin",
        ];
        let settings = Settings {
            sign_on: Some(SignOnSettings {
                issuer: provider.issuer().into(),
                client_id: CLIENT_ID.into(),
                client_secret: CLIENT_SECRET.into(),
                scopes: vec!["openid".into(), "email".into()],
                groups_claim: "groups".into(),
                roles: GroupRoles::parse(roles).unwrap(),
                name: "Example".into(),
                network: Default::default(),
            }),
            ..Settings::default()
        };
        World {
            client: Client::with_settings(settings).await,
            provider,
        }
    }

    async fn get(&self, address: &str, cookie: &str) -> Answer {
        let request = Request::get(address).header("cookie", cookie);
        let request = request.body(Body::empty()).unwrap();
        let (status, headers, body) = self.client.http(request).await;
        Answer {
            status,
            headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    async fn begin(&self) -> Attempt {
        let answer = self.get("/session/sign-on?return=/stacks/a", "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        Attempt {
            cookie: format!("{ATTEMPT}={}", answer.cookie(ATTEMPT).unwrap()),
            location: answer.location().to_owned(),
        }
    }

    async fn finish(&self, attempt: &Attempt, callback: &Callback) -> Answer {
        let (code, state) = (&callback.code, &callback.state);
        let address = format!("/session/sign-on/callback?code={code}&state={state}");
        self.get(&address, &attempt.cookie).await
    }

    /// A whole login of somebody of whom the provider says that.
    async fn log_in(&self, claims: Value) -> Answer {
        let attempt = self.begin().await;
        let callback = self.provider.log_in(&attempt.location, claims).unwrap();
        self.finish(&attempt, &callback).await
    }

    /// One that has to be refused; answers with the sentence.
    async fn refused(&self, claims: Value) -> String {
        let answer = self.log_in(claims).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
        assert_eq!(answer.cookie(SESSION), None);
        assert_eq!(answer.cookie(ATTEMPT).as_deref(), Some(""), "it is over");
        answer.text
    }

    /// Whoever a session belongs to asks, from a page of the console.
    async fn ask(&self, session: &str, query: &str) -> Value {
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", format!("{SESSION}={session}"))
            .body(Body::from(json!({ "query": query }).to_string()))
            .unwrap();
        let (_, _, body) = self.client.http(request).await;
        serde_json::from_slice(&body).unwrap()
    }
}

fn admin() -> Value {
    json!({"sub": "ada", "email": "ada@example.com", "groups": ["admins"]})
}

#[tokio::test]
async fn a_group_with_a_role_comes_in_and_goes() {
    let world = World::start().await;
    let ways = world.get("/session/ways", "").await;
    let ways: Value = serde_json::from_str(&ways.text).unwrap();
    assert_eq!(
        ways["signOn"],
        json!({"name": "Example", "path": "/session/sign-on"})
    );

    let answer = world.log_in(admin()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.location(), "/stacks/a");
    assert_eq!(answer.cookie(ATTEMPT).as_deref(), Some(""));
    let session = answer.cookie(SESSION).unwrap();
    let cookie = answer.headers.get_all("set-cookie").iter();
    let cookie = cookie
        .map(|cookie| cookie.to_str().unwrap())
        .collect::<String>();
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let viewer = world.ask(&session, "{viewer{id name} apiKeys{id}}").await;
    assert_eq!(
        viewer["data"]["viewer"]["name"], "ada@example.com",
        "{viewer:#}"
    );

    // Somebody else, with a role in one space alone.
    let bob = json!({"sub": "bob", "name": "Bob", "groups": ["network", "unknown", "gone"]});
    let bob = world.log_in(bob).await.cookie(SESSION).unwrap();
    let refused = world.ask(&bob, "{apiKeys{id}}").await;
    let said = refused["errors"][0]["message"].as_str().unwrap();
    assert!(said.starts_with("unauthorized: Bob"), "{said}");
    let spaces = world.ask(&bob, "{spaces{id}}").await;
    assert!(spaces.to_string().contains("legacy"), "{spaces}");

    // The administrator throws Bob out.
    let users = world
        .ask(&session, "{signOnUsers{id name groups sessions}}")
        .await;
    let users = users["data"]["signOnUsers"].as_array().unwrap().clone();
    assert_eq!(users.len(), 2, "{users:?}");
    let of_bob = users.iter().find(|user| user["name"] == "Bob").unwrap();
    assert_eq!(of_bob["sessions"], 1);
    let id = of_bob["id"].as_str().unwrap();
    let out = format!("mutation{{signOnUserLogOut(id: \"{id}\"){{name}}}}");
    let done = world.ask(&session, &out).await;
    assert_eq!(done["data"]["signOnUserLogOut"]["name"], "Bob", "{done}");
    let gone = world.ask(&bob, "{viewer{id}}").await;
    assert!(gone["data"]["viewer"].is_null(), "{gone}");

    let leave = Request::delete("/session")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", format!("{SESSION}={session}"));
    let (status, _, _) = world.client.http(leave.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let gone = world.ask(&session, "{viewer{id}}").await;
    assert!(gone["data"]["viewer"].is_null(), "{gone}");
}

#[tokio::test]
async fn a_group_without_a_role_is_told_so() {
    let world = World::start().await;
    for groups in [
        json!([]),
        json!(["unknown"]),
        json!(["gone"]),
        json!(null),
        json!("Admins"),
    ] {
        let said = world
            .refused(json!({"email": "eve@example.com", "groups": groups}))
            .await;
        assert!(said.starts_with("eve@example.com is in no group"), "{said}");
        assert!(said.contains("Ask an administrator"), "{said}");
    }
    let said = world.refused(json!({"groups": [1]})).await;
    assert!(said.contains("the groups"), "{said}");
}

#[tokio::test]
async fn an_answer_that_is_for_somebody_else_is_refused() {
    let world = World::start().await;
    let with = |name: &str, value: Value| {
        let mut claims = admin();
        claims[name] = value;
        claims
    };
    let now = 1_000_000_000_i64;
    for (claims, part) in [
        (with("nonce", json!("another")), "another login"),
        (with("nonce", json!(null)), "another login"),
        (with("aud", json!("another")), "another application"),
        (with("aud", json!([])), "another application"),
        (
            with("aud", json!([CLIENT_ID, "another"])),
            "another application",
        ),
        (with("azp", json!("another")), "another application"),
        (with("exp", json!(now)), "expired"),
        (with("iat", json!(now)), "expired"),
        (with("iat", json!(now * 4)), "another time"),
        (with("nbf", json!(now * 4)), "another time"),
        (with("sub", json!("")), "malformed: sub"),
        (with("sub", json!(7)), "malformed"),
        (
            with("iss", json!("https://evil.example.com")),
            "another identity provider",
        ),
    ] {
        let said = world.refused(claims.clone()).await;
        assert!(said.contains(part), "{claims}: {said}");
    }
    let good = world.log_in(with("aud", json!([CLIENT_ID]))).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER, "{}", good.text);
}

#[tokio::test]
async fn an_answer_that_the_provider_did_not_sign_is_refused() {
    let world = World::start().await;
    for (signature, part) in [
        (Signature::Missing, "not signed in a way"),
        (Signature::Hmac, "not signed in a way"),
        (Signature::Stranger, "not signed by a key"),
    ] {
        world.provider.sign(signature);
        let said = world.refused(admin()).await;
        assert!(said.contains(part), "{signature:?}: {said}");
    }
    world.provider.sign(Signature::Right);
    assert_eq!(world.log_in(admin()).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_login_is_finished_once_and_by_whoever_began_it() {
    let world = World::start().await;
    let attempt = world.begin().await;
    let callback = world.provider.log_in(&attempt.location, admin()).unwrap();
    let other = world.begin().await;
    let stranger = Attempt {
        cookie: String::new(),
        location: String::new(),
    };
    // A victim that is made to follow a link to somebody else's login.
    for browser in [&other, &stranger] {
        let answer = world.finish(browser, &callback).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(
            answer.text.contains("not begun in this browser"),
            "{}",
            answer.text
        );
    }
    let first = world.finish(&attempt, &callback).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text);
    let again = world.finish(&attempt, &callback).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.text.contains("begin again"), "{}", again.text);

    // The code of another login, with a state of one's own.
    let theirs = world.begin().await;
    let code = world
        .provider
        .log_in(&theirs.location, admin())
        .unwrap()
        .code;
    let mine = world.begin().await;
    let state = world
        .provider
        .log_in(&mine.location, admin())
        .unwrap()
        .state;
    let answer = world.finish(&mine, &Callback { code, state }).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "PKCE");
    let denied = "/session/sign-on/callback?error=access_denied&state=x";
    let answer = world.get(denied, &mine.cookie).await;
    assert!(answer.text.contains("`access_denied`"), "{}", answer.text);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let world = World::start().await;
    for elsewhere in [
        "//evil.example.com",
        "https://evil.example.com",
        "/%5Cevil",
        "evil",
        "",
    ] {
        let answer = world
            .get(&format!("/session/sign-on?return={elsewhere}"), "")
            .await;
        let attempt = Attempt {
            cookie: format!("{ATTEMPT}={}", answer.cookie(ATTEMPT).unwrap()),
            location: answer.location().to_owned(),
        };
        let callback = world.provider.log_in(&attempt.location, admin()).unwrap();
        let answer = world.finish(&attempt, &callback).await;
        assert_eq!(answer.location(), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_not_used() {
    let provider = IdentityProvider::start().await.unwrap();
    let settings = |issuer: String| Settings {
        sign_on: Some(SignOnSettings {
            issuer,
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            scopes: vec!["openid".into()],
            groups_claim: "groups".into(),
            roles: GroupRoles::default(),
            name: "Example".into(),
            network: Default::default(),
        }),
        ..Settings::default()
    };
    for (issuer, part) in [
        (format!("{}/", provider.issuer()), "it calls itself"),
        ("http://id.example.com".to_owned(), "no https address"),
    ] {
        let client = Client::with_settings(settings(issuer)).await;
        let request = Request::get("/session/sign-on")
            .body(Body::empty())
            .unwrap();
        let (status, _, body) = client.http(request).await;
        let said = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(status, StatusCode::BAD_GATEWAY, "{said}");
        assert!(said.contains(part), "{said}");
    }
    let none = Client::start().await;
    let request = Request::get("/session/sign-on")
        .body(Body::empty())
        .unwrap();
    let (status, _, body) = none.http(request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("no single sign-on"));
}
