//! A client that speaks to the router as the public ones do: over HTTP, with a token.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use gantry_app::api_key::{self, ApiKeyDraft};
use gantry_app::{App, Clock, MasterKey, Objects, ObjectsLocation, Settings};
use gantry_cloud::aws::AwsSettings;
use gantry_cloud::registry::Registry;
use gantry_store::{Connect, Store};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Base64 of 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub struct Client {
    pub app: Arc<App>,
    pub folder: TempDir,
    router: axum::Router,
    token: String,
}

impl Client {
    /// An installation of its own, and its administrator.
    pub async fn start() -> Self {
        let aws = AwsSettings {
            principal: Some("arn:aws:iam::111122223333:root".into()),
            ..AwsSettings::default()
        };
        Self::with_clouds(Registry::new(aws)).await
    }

    pub async fn with_clouds(clouds: Registry) -> Self {
        Self::of(clouds, Settings::default()).await
    }

    /// With other settings than usual.
    pub async fn with_settings(settings: Settings) -> Self {
        Self::of(Registry::new(AwsSettings::default()), settings).await
    }

    async fn of(clouds: Registry, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("repositories/infra")).unwrap();
        let connect = Connect::Sqlite(folder.path().join("gantry.db"));
        let store = Store::open(&connect).await.unwrap();
        let key = api_key::create(&store, ApiKeyDraft::admin("admin"), "test", 1).await;
        let key = key.unwrap();
        let objects = ObjectsLocation::Directory(folder.path().join("objects"));
        let settings = Settings {
            git: Some(gantry_git::Settings::new(folder.path().join("git"))),
            local_repository_roots: vec![folder.path().join("repositories")],
            ..settings
        };
        let app = App::open(
            store,
            Objects::open(&objects).unwrap(),
            &MasterKey::parse(MASTER_KEY).unwrap(),
            Some("acme"),
            settings,
            Clock::system(),
            clouds,
        )
        .await
        .unwrap();
        let mut client = Client {
            router: gantry_api::http::router(app.clone()),
            app,
            folder,
            token: String::new(),
        };
        let (id, secret) = (key.key.id.as_str(), key.secret.expose_secret());
        client.token = client.log_in(id, secret).await;
        client
    }

    /// Exchanges a key for a token.
    pub async fn log_in(&self, id: &str, secret: &str) -> String {
        let login = self
            .send_as(
                "",
                "mutation($id:ID!$secret:String!){apiKeyUser(id: $id, secret: $secret){jwt}}",
                json!({ "id": id, "secret": secret }),
            )
            .await;
        login["data"]["apiKeyUser"]["jwt"].as_str().unwrap().into()
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn repository(&self) -> String {
        let path = self.folder.path().join("repositories/infra");
        path.to_str().unwrap().into()
    }

    /// Sends any request; the body of the answer may go on for ever. It is answered in a task of its own,
    /// as a server does it: not on top of what the test has on its stack.
    pub async fn send_to(&self, request: Request<Body>) -> axum::response::Response {
        let answering = tokio::spawn(self.router.clone().oneshot(request));
        answering.await.unwrap().unwrap()
    }

    /// Sends any request, as it is.
    pub async fn http(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let response = self.send_to(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, body)
    }

    /// Sends a document; answers with the whole body.
    pub async fn send(&self, query: &str, variables: Value) -> Value {
        self.send_as(&self.token, query, variables).await
    }

    /// The same for whoever has that token; nobody has the empty one.
    pub async fn send_as(&self, token: &str, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.send_to(request).await;
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    /// The data of a document that has to work.
    #[track_caller]
    pub fn data(&self, query: &str, variables: Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let mut answer = self.send(query, variables).await;
            assert!(answer["errors"].is_null(), "{place}: {answer:#}");
            answer["data"].take()
        }
    }

    /// The first message of a document that has to fail.
    pub async fn error(&self, query: &str, variables: Value) -> String {
        let answer = self.send(query, variables).await;
        let message = answer["errors"][0]["message"].as_str();
        message.unwrap_or_else(|| panic!("{answer:#}")).into()
    }
}
