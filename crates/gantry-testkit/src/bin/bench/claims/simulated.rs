//! A worker that says hello and claims, over a connection of its own, and does nothing else.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, TryStreamExt as _};
use gantry_core::protocol::{PREFIX, TokenJoin, VERSION};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Handshakes that are under way together.
const TOGETHER: usize = 32;

pub struct Simulated {
    id: String,
    authorization: String,
    connection: SendRequest<Full<Bytes>>,
}

/// Workers that have said hello, in turn at the gateways of `urls`.
pub async fn hello(join: &str, urls: &[String], count: usize) -> Result<Vec<Simulated>> {
    let join = TokenJoin::decode(join)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(join.authority.as_bytes())?)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let authorization = format!("Bearer {}.{}", join.token, join.secret.expose());
    stream::iter(0..count)
        .map(|number| {
            let url = &urls[number % urls.len()];
            Simulated::hello(&connector, url, authorization.clone(), number)
        })
        .buffered(TOGETHER)
        .try_collect()
        .await
}

impl Simulated {
    async fn hello(
        connector: &TlsConnector,
        url: &str,
        authorization: String,
        number: usize,
    ) -> Result<Self> {
        let place = url.strip_prefix("https://").context("no https:// URL")?;
        let stream = TcpStream::connect(place).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1")?;
        let stream = connector.connect(name, stream).await?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let mut worker = Self {
            id: format!("01BENCH{number:019}"),
            authorization,
            connection,
        };
        let hello = json!({
            "protocol": VERSION, "worker": worker.id, "predecessor": null, "sandbox": "none",
            "metadata_unfiltered": null, "slots": 1, "metadata": {},
        });
        worker.post("hello", &hello).await?.context("no welcome")?;
        Ok(worker)
    }

    /// The run that it got, if there was one within the wait.
    pub async fn claim(&mut self, wait_ms: u64) -> Result<Option<String>> {
        let claim = json!({"worker": self.id, "wait_ms": wait_ms});
        let answer = self.post("claim", &claim).await?;
        let run = |answer: Value| {
            let run = answer["run"].as_str().or(answer["run"]["run"].as_str());
            run.map(str::to_owned)
        };
        Ok(answer.and_then(run))
    }

    async fn post(&mut self, path: &str, message: &Value) -> Result<Option<Value>> {
        let request = hyper::Request::post(format!("{PREFIX}/{path}"))
            .header("host", "gantry")
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(message.to_string())))?;
        self.connection.ready().await?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(
            status.is_success(),
            "{path}: {status}: {}",
            String::from_utf8_lossy(&body)
        );
        if body.is_empty() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&body)?))
    }
}
