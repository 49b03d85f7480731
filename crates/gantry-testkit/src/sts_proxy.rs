//! Stands between Gantry and STS: writes down what is asked, and breaks it on demand.
//!
//! Requests are passed on with the `Host` they came with, because their signatures cover it; so
//! the double behind judges them exactly as if nobody stood between.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::aws_request::decode_form;
use crate::sigv4::timestamp;

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Call {
    pub at: SystemTime,
    pub action: String,
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub duration: Option<u32>,
    pub policy: Option<String>,
    pub tags: Vec<(String, String)>,
    /// The access key that signed it.
    pub access_key_id: Option<String>,
    /// The region that the signature is for.
    pub region: Option<String>,
    /// When the signature was made, such as `20270115T093000Z`.
    pub signed_at: Option<String>,
    /// What was answered; `None` while nothing was.
    pub status: Option<u16>,
}

/// What to do to a request instead of passing it on.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Passes it on later.
    Delay(Duration),
    /// Passes it on, and lets the credentials in the answer end that soon, as far as the answer says.
    Expire(Duration),
    /// Never answers.
    Hang,
    /// Ends the connection without an answer.
    Disconnect,
    /// Answers with an STS error.
    Error {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
    /// Answers with something that is not STS at all.
    Body { status: u16, body: &'static str },
}

impl Fault {
    pub const fn throttling() -> Self {
        Fault::Error {
            status: 400,
            code: "Throttling",
            message: "Rate exceeded",
        }
    }

    pub const fn unavailable() -> Self {
        Fault::Error {
            status: 503,
            code: "ServiceUnavailable",
            message: "Try again later",
        }
    }
}

/// How far the clock of who signs may be off.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(15 * 60);

type Rule = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    calls: Mutex<Vec<Call>>,
    rule: Mutex<Option<Rule>>,
    connections: AtomicUsize,
    timeless: AtomicBool,
}

/// Listens on loopback, on a thread of its own, until dropped.
pub struct StsProxy {
    endpoint: String,
    state: Arc<State>,
    _stop: oneshot::Sender<()>,
}

impl StsProxy {
    /// `upstream` is `http://host:port`.
    pub fn start(upstream: &str) -> Result<Self> {
        let upstream = upstream
            .strip_prefix("http://")
            .context("not an http:// address")?;
        let upstream: Arc<str> = upstream.into();
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = serve(listener, upstream, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            endpoint,
            state,
            _stop: stop,
        })
    }

    /// Where clients find it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Everything that arrived so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state.calls).clone()
    }

    /// How many connections clients have opened.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// From now on no answer says what time it is: who reads that can set right a clock that is off.
    pub fn tell_no_time(&self) {
        self.state.timeless.store(true, Ordering::Relaxed);
    }

    pub fn forget_calls(&self) {
        lock(&self.state.calls).clear();
    }

    /// From now on asks `rule` about each request, in place of the rule before.
    pub fn break_when(&self, rule: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        *lock(&self.state.rule) = Some(Box::new(rule));
    }

    /// Breaks every request in the same way.
    pub fn break_all(&self, fault: Fault) {
        self.break_when(move |_| Some(fault.clone()));
    }

    /// Passes everything on again.
    pub fn heal(&self) {
        *lock(&self.state.rule) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: std::net::TcpListener, upstream: Arc<str>, state: Arc<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::Relaxed);
        let (upstream, state) = (Arc::clone(&upstream), Arc::clone(&state));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (upstream, state) = (Arc::clone(&upstream), Arc::clone(&state));
                async move { answer(request, &upstream, &state).await }
            });
            // An error here is a client that went away, or our own `Disconnect`.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    upstream: &str,
    state: &State,
) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let call = read_call(&head.headers, &body);
    let fault = lock(&state.rule).as_mut().and_then(|rule| rule(&call));
    let fault = fault.or_else(|| refuse_clock(&call));
    let index = {
        let mut calls = lock(&state.calls);
        calls.push(call);
        calls.len() - 1
    };
    let mut response = match fault {
        Some(Fault::Hang) => std::future::pending::<Result<_, Infallible>>().await?,
        Some(Fault::Disconnect) => anyhow::bail!("disconnected on purpose"),
        Some(Fault::Error {
            status,
            code,
            message,
        }) => respond(status, &error(code, message))?,
        Some(Fault::Body { status, body }) => respond(status, body)?,
        Some(Fault::Expire(soon)) => {
            let (head, body) = forward(head, body, upstream).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            let body = expiring(&String::from_utf8_lossy(&body), SystemTime::now() + soon);
            Response::from_parts(head, Full::new(Bytes::from(body)))
        }
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            forward(head, body, upstream).await?
        }
        None => forward(head, body, upstream).await?,
    };
    if state.timeless.load(Ordering::Relaxed) {
        // Otherwise one is added.
        let none = hyper::header::HeaderValue::from_static("");
        response.headers_mut().insert("date", none);
    }
    if let Some(call) = lock(&state.calls).get_mut(index) {
        call.status = Some(response.status().as_u16());
    }
    Ok(response)
}

async fn forward(
    head: hyper::http::request::Parts,
    body: Bytes,
    upstream: &str,
) -> Result<Response<Full<Bytes>>> {
    let stream = TcpStream::connect(upstream).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answer = sender
        .send_request(Request::from_parts(head, Full::new(body)))
        .await?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut response = Response::builder().status(head.status);
    if let Some(kind) = head.headers.get("content-type") {
        response = response.header("content-type", kind);
    }
    Ok(response.body(Full::new(body))?)
}

/// As STS does, and the double behind does not.
fn refuse_clock(call: &Call) -> Option<Fault> {
    let signed = call.signed_at.as_ref()?;
    let moment = |at| {
        let (day, time) = timestamp(at);
        format!("{day}T{time}Z")
    };
    let now = SystemTime::now();
    let message = if *signed < moment(now - CLOCK_TOLERANCE) {
        "Signature expired: it is more than 15 min. old"
    } else if *signed > moment(now + CLOCK_TOLERANCE) {
        "Signature not yet current: it is more than 15 min. ahead"
    } else {
        return None;
    };
    Some(Fault::Error {
        status: 403,
        code: "SignatureDoesNotMatch",
        message,
    })
}

fn respond(status: u16, body: &str) -> Result<Response<Full<Bytes>>> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "text/xml");
    Ok(response.body(Full::new(Bytes::copy_from_slice(body.as_bytes())))?)
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    )
}

/// The answer with another end of its credentials.
fn expiring(body: &str, at: SystemTime) -> String {
    let (open, close) = ("<Expiration>", "</Expiration>");
    match (body.find(open), body.find(close)) {
        (Some(begin), Some(end)) => {
            let (day, time) = timestamp(at);
            let day = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
            let time = format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]);
            format!("{}{open}{day}T{time}Z{}", &body[..begin], &body[end..])
        }
        _ => body.to_owned(),
    }
}

fn read_call(headers: &hyper::HeaderMap, body: &Bytes) -> Call {
    let form = decode_form(&String::from_utf8_lossy(body));
    let get = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let tags = (1..)
        .map_while(|number| {
            let key = get(&format!("Tags.member.{number}.Key"))?;
            Some((
                key,
                get(&format!("Tags.member.{number}.Value")).unwrap_or_default(),
            ))
        })
        .collect();
    // `… Credential=KEY/day/region/service/aws4_request, …`
    let scope = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once("Credential="))
        .map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned())
        .unwrap_or_default();
    let mut scope = scope.split('/').map(str::to_owned);
    Call {
        at: SystemTime::now(),
        action: get("Action").unwrap_or_default(),
        role_arn: get("RoleArn"),
        external_id: get("ExternalId"),
        session_name: get("RoleSessionName"),
        duration: get("DurationSeconds").and_then(|seconds| seconds.parse().ok()),
        policy: get("Policy"),
        tags,
        signed_at: headers
            .get("x-amz-date")
            .and_then(|value| Some(value.to_str().ok()?.to_owned())),
        access_key_id: scope.next().filter(|key| !key.is_empty()),
        region: scope.nth(1),
        status: None,
    }
}
