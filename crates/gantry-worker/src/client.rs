//! Messages to the server over its unix socket: HTTP/1.1, one bearer token, connections kept.
//!
//! A connection carries one request at a time, so there are as many as there are requests under
//! way: a held-back heartbeat never stands in the way of a log.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use gantry_core::protocol::{PREFIX, Refusal, WireSecret};

/// The largest answer that is read: a plan bundle.
const LARGEST_ANSWER: usize = 1 << 30;

/// How long an answer may take that is not held back on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// Idle connections that are kept.
const KEPT: usize = 16;

pub struct Gateway {
    socket: PathBuf,
    authorization: HeaderValue,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// `409`: the lease is gone, or the message does not fit the run's state.
    #[error("the server refused: {0}")]
    Refused(String),
    /// No answer. The message may have arrived; all of them may be sent again.
    #[error("the server can't be reached: {0}")]
    Unreachable(String),
    /// Any other status: a fault of the server's, or of ours.
    #[error("the server answered {status}: {text}")]
    Answered { status: u16, text: String },
    #[error("the server's answer can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl GatewayError {
    /// Whether the same message may be understood later.
    pub fn is_passing(&self) -> bool {
        match self {
            GatewayError::Unreachable(_) => true,
            // 401: a server that was started anew, with another token. It has a worker of its own,
            // which waits for this one to end and reports what is left in the spool.
            GatewayError::Answered { status, .. } => *status >= 500 || matches!(*status, 401 | 429),
            GatewayError::Refused(_) | GatewayError::Unreadable(_) => false,
        }
    }
}

impl Gateway {
    /// `None` when the token can't stand in a header.
    pub fn new(socket: PathBuf, token: &WireSecret) -> Option<Self> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
        authorization.set_sensitive(true);
        Some(Gateway {
            socket,
            authorization,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Sends a JSON message. `held` is how long the server may hold the answer back.
    pub async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
        held: Duration,
    ) -> Result<Option<A>, GatewayError> {
        let body = Bytes::from(serde_json::to_vec(message)?);
        let (status, answer) = self
            .send(Method::POST, path, "application/json", body, held)
            .await?;
        match status {
            StatusCode::NO_CONTENT => Ok(None),
            _ => Ok(Some(serde_json::from_slice(&answer)?)),
        }
    }

    /// Sends bytes that are answered with nothing.
    pub async fn upload(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(), GatewayError> {
        self.send(
            method,
            path,
            "application/octet-stream",
            body,
            Duration::ZERO,
        )
        .await
        .map(drop)
    }

    pub async fn download(&self, path: &str) -> Result<Bytes, GatewayError> {
        let (_, body) = self
            .send(
                Method::GET,
                path,
                "application/json",
                Bytes::new(),
                Duration::ZERO,
            )
            .await?;
        Ok(body)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: Bytes,
        held: Duration,
    ) -> Result<(StatusCode, Bytes), GatewayError> {
        let request = || {
            Request::builder()
                .method(method.clone())
                .uri(format!("{PREFIX}/{path}"))
                .header(HOST, "gantry")
                .header(AUTHORIZATION, self.authorization.clone())
                .header(CONTENT_TYPE, content_type)
                .body(Full::new(body.clone()))
                .map_err(|error| GatewayError::Unreachable(error.to_string()))
        };
        let whole = async {
            // The server may have closed a kept connection in the meantime; what was sent into it
            // is sent once more over a new one.
            if let Some(kept) = self.take()
                && let Ok(answer) = self.exchange(kept, request()?).await
            {
                return Ok(answer);
            }
            self.exchange(self.connect().await?, request()?).await
        };
        let (status, body) = tokio::time::timeout(PATIENCE + held, whole)
            .await
            .map_err(|_| GatewayError::Unreachable("no answer in time".into()))??;
        if status.is_success() {
            return Ok((status, body));
        }
        if status == StatusCode::CONFLICT {
            let reason = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.reason);
            return Err(GatewayError::Refused(
                reason.unwrap_or_else(|_| "the lease is gone".into()),
            ));
        }
        let text = String::from_utf8_lossy(&body).chars().take(300).collect();
        Err(GatewayError::Answered {
            status: status.as_u16(),
            text,
        })
    }

    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().ok()?;
        while let Some(connection) = idle.pop() {
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, GatewayError> {
        let unreachable = |error: &dyn std::fmt::Display| {
            GatewayError::Unreachable(format!("{}: {error}", self.socket.display()))
        };
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|e| unreachable(&e))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| unreachable(&e))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn exchange(
        &self,
        mut connection: SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), GatewayError> {
        let broken = |error: &dyn std::fmt::Display| GatewayError::Unreachable(error.to_string());
        let answer = connection
            .send_request(request)
            .await
            .map_err(|e| broken(&e))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
            .collect()
            .await
            .map_err(|e| broken(&e))?
            .to_bytes();
        if connection.ready().await.is_ok()
            && let Ok(mut idle) = self.idle.lock()
            && idle.len() < KEPT
        {
            idle.push(connection);
        }
        Ok((status, body))
    }
}
