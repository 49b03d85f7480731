//! What a worker sees of a server that keeps states: a token that reads, one that writes, a lock.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gantry_core::protocol::EnvVar;
use gantry_core::run::Phase;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

pub const READ: &str = "token-that-reads";
pub const WRITE: &str = "token-that-writes";

#[derive(Default)]
struct Kept {
    state: Option<Bytes>,
    lock: Option<serde_json::Value>,
    /// Who asked for what, such as `token-that-reads GET 200`.
    requests: Vec<String>,
    /// The lock goes to somebody else as soon as it is taken.
    stolen: bool,
}

#[derive(Clone)]
pub struct StateServer {
    kept: Arc<Mutex<Kept>>,
    address: String,
}

impl StateServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = StateServer {
            kept: Arc::default(),
            address: format!("http://{}/state", listener.local_addr().unwrap()),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let server = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let server = server.clone();
                        async move { Ok::<_, Infallible>(server.serve(request).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        server
    }

    /// What a phase gets to know of it.
    pub fn env(&self, phase: Phase) -> Vec<EnvVar> {
        let token = if phase.writes() { WRITE } else { READ };
        let mut env = vec![
            EnvVar::plain("TF_HTTP_ADDRESS", &self.address),
            EnvVar::plain("TF_HTTP_USERNAME", "the-run"),
            EnvVar::masked("TF_HTTP_PASSWORD", token),
        ];
        if phase.writes() {
            for (name, value) in [
                ("TF_HTTP_UPDATE_METHOD", "POST"),
                ("TF_HTTP_LOCK_ADDRESS", &self.address),
                ("TF_HTTP_LOCK_METHOD", "LOCK"),
                ("TF_HTTP_UNLOCK_ADDRESS", &self.address),
                ("TF_HTTP_UNLOCK_METHOD", "UNLOCK"),
            ] {
                env.push(EnvVar::plain(name, value));
            }
        }
        env
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn state(&self) -> Option<serde_json::Value> {
        let kept = self.kept.lock().unwrap();
        let state = kept.state.as_ref();
        state.map(|state| serde_json::from_slice(state).unwrap())
    }

    pub fn requests(&self) -> Vec<String> {
        self.kept.lock().unwrap().requests.clone()
    }

    /// The requests since the last call.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.kept.lock().unwrap().requests)
    }

    pub fn steal_locks(&self) {
        self.kept.lock().unwrap().stolen = true;
    }

    pub fn lock_as(&self, id: &str) {
        self.kept.lock().unwrap().lock = Some(lock(id));
    }

    pub fn is_locked(&self) -> bool {
        self.kept.lock().unwrap().lock.is_some()
    }

    async fn serve(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let method = request.method().as_str().to_owned();
        let authorization = request.headers().get("authorization");
        let token = authorization.and_then(|value| password(value.to_str().ok()?));
        let token = token.unwrap_or_default();
        let id = request
            .uri()
            .query()
            .and_then(|query| query.strip_prefix("ID="))
            .map(str::to_owned);
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut kept = self.kept.lock().unwrap();
        let (status, answer) = kept.answer(&method, &token, id.as_deref(), body);
        kept.requests.push(format!("{token} {method} {status}"));
        Response::builder()
            .status(status)
            .body(Full::new(answer))
            .unwrap()
    }
}

impl Kept {
    fn answer(&mut self, method: &str, token: &str, id: Option<&str>, body: Bytes) -> (u16, Bytes) {
        let nothing = Bytes::new();
        let allowed = token == WRITE || (token == READ && method == "GET");
        if !allowed {
            return (403, nothing);
        }
        let held = self.lock.clone();
        let in_the_way = || (423, held.clone().unwrap_or_default().to_string().into());
        let given: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        match method {
            "GET" => match &self.state {
                Some(state) => (200, state.clone()),
                None => (404, nothing),
            },
            "LOCK" if self.lock.is_some() => in_the_way(),
            "LOCK" => {
                self.lock = if self.stolen {
                    Some(lock("somebody-else"))
                } else {
                    given
                };
                (200, nothing)
            }
            // An empty body is `force-unlock`.
            "UNLOCK"
                if given.is_none_or(|given| {
                    held.as_ref().is_some_and(|held| held["ID"] == given["ID"])
                }) =>
            {
                self.lock = None;
                (200, nothing)
            }
            "POST" if held.as_ref().is_some_and(|held| held["ID"].as_str() == id) => {
                self.state = Some(body);
                (200, nothing)
            }
            "UNLOCK" | "POST" => in_the_way(),
            _ => (405, nothing),
        }
    }
}

fn lock(id: &str) -> serde_json::Value {
    serde_json::json!({
        "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": "run of somebody else",
        "Version": "1.0.0", "Created": "2026-01-01T00:00:00Z", "Path": "",
    })
}

/// Of `Basic <base64 of name:password>`.
fn password(header: &str) -> Option<String> {
    use base64::Engine as _;
    let encoded = header.strip_prefix("Basic ")?;
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}
