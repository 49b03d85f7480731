//! The gateway as workers elsewhere reach it: a TLS listener, real connections.

use std::sync::Arc;

use gantry_app::{Clock, worker_token};
use gantry_core::protocol::{PREFIX, Standing, VERSION};
use gantry_store::{Connect, Store};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::client::Client;

struct Gateway {
    client: Client,
    port: u16,
    stop: CancellationToken,
}

impl Gateway {
    async fn start() -> Self {
        let client = Client::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority = client.app.worker_authority().await.unwrap();
        let tls = gantry_api::gateway::listener::tls(authority, "127.0.0.1").unwrap();
        let router = gantry_api::gateway::remote(client.app.clone());
        let stop = CancellationToken::new();
        let serving = gantry_api::gateway::listener::serve(listener, tls, router, stop.clone());
        tokio::spawn(serving);
        Gateway { client, port, stop }
    }

    /// Another look into the same database, as the command line has it.
    async fn store(&self) -> Store {
        let file = self.client.folder.path().join("gantry.db");
        Store::open(&Connect::Sqlite(file)).await.unwrap()
    }

    /// A bearer token that is known, with its ID.
    async fn token(&self) -> (gantry_core::ids::WorkerTokenId, String) {
        let store = self.store().await;
        let now = Clock::system().now();
        let made = worker_token::create(&store, "edge", now).await.unwrap();
        let bearer = format!("Bearer {}.{}", made.token.id, made.secret.expose_secret());
        store.close().await;
        (made.token.id, bearer)
    }

    async fn connector(&self, identity: Option<(String, String)>) -> TlsConnector {
        let authority = self.client.app.worker_authority().await.unwrap();
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(authority.certificate().as_bytes());
        roots.add(certificate.unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }

    /// Sends a request; answers with the status and the body, or `None` when the connection was
    /// refused.
    async fn ask(
        &self,
        identity: Option<(String, String)>,
        bearer: Option<&str>,
        path: &str,
    ) -> Option<(u16, String)> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = self.connector(identity).await;
        let mut stream = connector.connect(name, stream).await.ok()?;
        let authorization = bearer
            .map(|bearer| format!("Authorization: {bearer}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "GET {PREFIX}/{path} HTTP/1.1\r\nHost: gantry\r\n{authorization}Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        // A client certificate that is refused shows at the first read.
        let read = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if answer.is_empty() {
            read.ok();
            return None;
        }
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let body = answer.split_once("\r\n\r\n")?.1.to_owned();
        Some((status, body))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_the_caller_is() {
    let gateway = Gateway::start().await;
    let (id, bearer) = gateway.token().await;
    let (status, body) = gateway.ask(None, Some(&bearer), "caller").await.unwrap();
    assert_eq!(status, 200, "{body}");
    let standing: Standing = serde_json::from_str(&body).unwrap();
    assert_eq!(standing.protocol, VERSION);
    assert_eq!(standing.caller, format!("a worker with the token {id}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_identity_there_is_nothing_but_a_reason() {
    let gateway = Gateway::start().await;
    let (id, bearer) = gateway.token().await;
    let wrong = format!("Bearer {id}.wrong");
    let foreign = bearer.replace(id.as_str(), "01NOBODY");
    for bearer in [
        None,
        Some(""),
        Some("Bearer x"),
        Some(&wrong),
        Some(&foreign),
    ] {
        for path in ["caller", "hello", "runs/x/plan?fence=1", "nowhere"] {
            let (status, body) = gateway.ask(None, bearer, path).await.unwrap();
            assert_eq!(status, 401, "{bearer:?} {path}");
            assert!(body.contains("token"), "{bearer:?} {path}: {body}");
        }
    }
    let store = gateway.store().await;
    worker_token::revoke(&store, &id, 1).await.unwrap();
    store.close().await;
    let (status, body) = gateway.ask(None, Some(&bearer), "caller").await.unwrap();
    assert_eq!(status, 401);
    assert!(body.contains("was revoked"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_somebody_else_ends_the_handshake() {
    let gateway = Gateway::start().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["workers".to_owned()]).unwrap();
    let own = params.self_signed(&key).unwrap();
    let (_, bearer) = gateway.token().await;
    let identity = Some((own.pem(), key.serialize_pem()));
    assert_eq!(gateway.ask(identity, Some(&bearer), "caller").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_is_cut_off() {
    let gateway = Gateway::start().await;
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port))
        .await
        .unwrap();
    let request = format!("GET {PREFIX}/caller HTTP/1.1\r\nHost: gantry\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_is_refused() {
    let gateway = Gateway::start().await;
    let long = format!("Bearer {}", "x".repeat(64 << 10));
    let answer = gateway.ask(None, Some(&long), "caller").await;
    assert!(answer.is_none_or(|(status, _)| status == 431));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_nobody_is_answered() {
    let gateway = Gateway::start().await;
    gateway.stop.cancel();
    let closed = async {
        while TcpStream::connect(("127.0.0.1", gateway.port))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    };
    let closed = tokio::time::timeout(std::time::Duration::from_secs(10), closed);
    closed.await.expect("the listener is gone");
}
