//! Files over HTTP or HTTPS on loopback, from memory: it counts who asks, and breaks off on demand.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Body = BoxBody<Bytes, std::io::Error>;

#[derive(Default)]
struct State {
    files: BTreeMap<String, Bytes>,
    elsewhere: BTreeMap<String, String>,
    /// Announced in full, and sent by half.
    cut: HashSet<String>,
    asked: Vec<String>,
}

/// Ends with its value.
pub struct FileServer {
    address: String,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

impl FileServer {
    pub async fn start() -> Result<Self> {
        FileServer::serve("http", "127.0.0.1", None).await
    }

    /// With a new certificate for `localhost`; it is written to the path that is answered.
    pub async fn start_tls(directory: &Path) -> Result<(Self, PathBuf)> {
        let (certificate, key) = certificate(directory)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(&certificate)?],
                PrivateKeyDer::from_pem_file(&key)?,
            )?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = FileServer::serve("https", "localhost", Some(acceptor)).await?;
        Ok((server, certificate))
    }

    /// Without a slash at its end.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn put(&self, path: &str, content: impl Into<Bytes>) {
        self.state().files.insert(path.to_owned(), content.into());
    }

    pub fn file(&self, path: &str) -> Option<Bytes> {
        self.state().files.get(path).cloned()
    }

    pub fn remove(&self, path: &str) {
        self.state().files.remove(path);
    }

    /// Sends whoever asks for `path` to another address.
    pub fn send_on(&self, path: &str, to: &str) {
        let mut state = self.state();
        state.elsewhere.insert(path.to_owned(), to.to_owned());
    }

    /// Breaks off in the middle of this file from now on.
    pub fn cut(&self, path: &str) {
        self.state().cut.insert(path.to_owned());
    }

    pub fn mend(&self) {
        self.state().cut.clear();
    }

    /// The paths that were asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(scheme: &str, host: &str, tls: Option<TlsAcceptor>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("{scheme}://{host}:{}", listener.local_addr()?.port());
        let state = Arc::new(Mutex::new(State::default()));
        let serving = tokio::spawn({
            let state = state.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (state, tls) = (state.clone(), tls.clone());
                    tokio::spawn(async move {
                        match tls {
                            None => converse(stream, state).await,
                            Some(tls) => {
                                if let Ok(stream) = tls.accept(stream).await {
                                    converse(stream, state).await;
                                }
                            }
                        }
                    });
                }
            }
        });
        Ok(FileServer {
            address,
            state,
            serving,
        })
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    state: Arc<Mutex<State>>,
) {
    let service = service_fn(|request| {
        let answer = answer(&request, &state);
        async move { Ok::<_, Infallible>(answer) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(request: &Request<Incoming>, state: &Mutex<State>) -> Response<Body> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let path = request.uri().path().to_owned();
    state.asked.push(path.clone());
    let whole = |content: Bytes| Full::new(content).map_err(|never| match never {}).boxed();
    let builder = Response::builder();
    let answer = if let Some(to) = state.elsewhere.get(&path) {
        builder
            .status(302)
            .header("location", to)
            .body(whole(Bytes::new()))
    } else {
        match state.files.get(&path) {
            None => builder.status(404).body(whole(Bytes::new())),
            Some(content) if state.cut.contains(&path) => {
                let half = content.slice(..content.len() / 2);
                builder
                    .header("content-length", content.len())
                    .body(broken(half))
            }
            Some(content) => builder
                // Network mirrors of providers are told apart by it.
                .header(
                    "content-type",
                    if path.ends_with(".json") {
                        "application/json"
                    } else {
                        "application/octet-stream"
                    },
                )
                .body(whole(content.clone())),
        }
    };
    answer.unwrap_or_else(|_| Response::new(whole(Bytes::new())))
}

/// Sends this much, and a little later ends the connection.
fn broken(half: Bytes) -> Body {
    let end = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other("broken off on purpose"))
    };
    let half = futures::stream::once(async { Ok(Frame::data(half)) });
    BodyExt::boxed(StreamBody::new(half.chain(futures::stream::once(end))))
}

fn certificate(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        // It is its own authority, and serves all the same.
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .context("a certificate needs the `openssl` command; install it")?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    Ok((certificate, key))
}
