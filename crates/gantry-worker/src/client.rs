//! Messages to the server: HTTP/1.1, connections kept.
//!
//! A connection carries one request at a time, so there are as many as there are requests under
//! way: a held-back heartbeat never stands in the way of a log.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use gantry_core::protocol::{PREFIX, Refusal};

use crate::config::Server;
use crate::transport::{NoTransport, Transport};

/// The largest answer that is read: a plan bundle.
const LARGEST_ANSWER: usize = 1 << 30;

/// How long an answer may take that is not held back on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// Idle connections that are kept.
const KEPT: usize = 16;

pub struct Gateway {
    transport: Transport,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    /// Why the server takes nothing from this worker any more.
    turned_away: watch::Sender<Option<String>>,
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// `409`: the lease is gone, or the message does not fit the run's state.
    #[error("the server refused: {reason}")]
    Refused {
        reason: String,
        /// Of a log that came with a gap: where the server's copy ends.
        expected_offset: Option<u64>,
    },
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
            // 401 on a socket: a server that was started anew, with another token. It has a worker of
            // its own, which waits for this one to end and reports what is left in the spool. From
            // elsewhere it ends this worker, and what is not reported stays in the spool.
            GatewayError::Answered { status, .. } => *status >= 500 || matches!(*status, 401 | 429),
            GatewayError::Refused { .. } | GatewayError::Unreadable(_) => false,
        }
    }
}

/// A message without its run and its numbers.
struct Kind<'a>(&'a str);

impl std::fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.0.split('?').next().unwrap_or_default();
        let kind = path.split('/').nth(2).unwrap_or(path);
        write!(f, "a message: {kind}")
    }
}

impl Gateway {
    pub fn new(server: &Server) -> Result<Self, NoTransport> {
        Ok(Gateway {
            transport: Transport::new(server)?,
            idle: Mutex::new(Vec::new()),
            turned_away: watch::Sender::new(None),
        })
    }

    /// Returns when the server says that this is no worker of its installation, or not any more, with
    /// the reason it gives.
    pub async fn turned_away(&self) -> String {
        let mut receiver = self.turned_away.subscribe();
        let found = receiver.wait_for(Option::is_some).await;
        match found.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            // Does not happen: the sender lives in `self`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// The reason, if the server has turned this worker away.
    pub fn turned_away_for(&self) -> Option<String> {
        self.turned_away.borrow().clone()
    }

    /// What is kept may be dead without anybody having said so: a network that was gone is back.
    pub fn forget_connections(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.clear();
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
            let mut request = Request::builder()
                .method(method.clone())
                .uri(format!("{PREFIX}/{path}"))
                .header(HOST, "gantry")
                .header(CONTENT_TYPE, content_type);
            if let Some(authorization) = &self.transport.authorization {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            request
                .body(Full::new(body.clone()))
                .map_err(|error| GatewayError::Unreachable(error.to_string()))
        };
        gantry_fault::before(Kind(path));
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
            .map_err(|_| {
                self.forget_connections();
                GatewayError::Unreachable("no answer in time".into())
            })??;
        gantry_fault::after(Kind(path));
        if status.is_success() {
            return Ok((status, body));
        }
        if status == StatusCode::CONFLICT {
            let refusal = serde_json::from_slice(&body).unwrap_or_else(|_| Refusal {
                reason: "the lease is gone".into(),
                expected_offset: None,
            });
            return Err(GatewayError::Refused {
                reason: refusal.reason,
                expected_offset: refusal.expected_offset,
            });
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        if status == StatusCode::UNAUTHORIZED && self.transport.is_elsewhere() {
            self.turned_away.send_replace(Some(text.clone()));
        }
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
        let stream = self.transport.connect().await;
        let stream = stream.map_err(GatewayError::Unreachable)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| GatewayError::Unreachable(error.to_string()))?;
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
