//! A collector of OpenTelemetry's traces that keeps what it was sent, and refuses on demand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// One request.
#[derive(Clone, Debug)]
pub struct Export {
    /// As it came, head and all.
    pub text: String,
    pub spans: Vec<Span>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Span {
    pub trace_id: String,
    pub span_id: String,
    pub parent_span_id: String,
    pub name: String,
    pub kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    #[serde(default)]
    pub status: Option<Status>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub code: u8,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    key: String,
    value: Text,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Text {
    string_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeSpans {
    scope: Scope,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    name: String,
}

impl Span {
    pub fn attribute(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|one| one.key == key)?;
        Some(&found.value.string_value)
    }

    /// Begin and end, in nanoseconds.
    pub fn times(&self) -> (u64, u64) {
        let parsed = |text: &str| text.parse().expect("nanoseconds");
        (
            parsed(&self.start_time_unix_nano),
            parsed(&self.end_time_unix_nano),
        )
    }
}

#[derive(Default)]
struct State {
    exports: Mutex<Vec<Export>>,
    /// What is answered instead of taking anything; 0: nothing.
    refusal: AtomicU16,
}

/// Listens on loopback until the test process ends.
pub struct Collector {
    port: u16,
    state: Arc<State>,
}

impl Collector {
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || {
                    if let Err(error) = answer(&stream, &state) {
                        eprintln!("the collector can't read a request: {error:#}");
                        let _ = respond(&stream, 400);
                    }
                });
            }
        });
        Ok(Self { port, state })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1/traces", self.port)
    }

    pub fn refuse_with(&self, status: u16) {
        self.state.refusal.store(status, Ordering::SeqCst);
    }

    pub fn heal(&self) {
        self.refuse_with(0);
    }

    /// What was taken, in order.
    pub fn exports(&self) -> Vec<Export> {
        let exports = self.state.exports.lock();
        exports.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn spans(&self) -> Vec<Span> {
        self.exports()
            .into_iter()
            .flat_map(|export| export.spans)
            .collect()
    }
}

fn answer(stream: &TcpStream, state: &State) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let begin = head.len();
        reader.read_line(&mut head)?;
        let line = head[begin..].trim();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    ensure!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    ensure!(head.contains("content-type: application/json"), "{head}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let refusal = state.refusal.load(Ordering::SeqCst);
    if refusal != 0 {
        return respond(stream, refusal);
    }
    let body = String::from_utf8(body)?;
    let request: Request = serde_json::from_str(&body).context("that is no request of OTLP")?;
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let service = group.resource.attributes.iter();
        let named = service
            .filter(|one| one.key == "service.name" && one.value.string_value == "gantry")
            .count();
        ensure!(named == 1, "the service has no name: {body}");
        for scope in group.scope_spans {
            ensure!(!scope.scope.name.is_empty(), "a scope has no name: {body}");
            spans.extend(scope.spans);
        }
    }
    for span in &spans {
        let hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        ensure!(
            hex(&span.trace_id, 32) && hex(&span.span_id, 16),
            "{span:?}"
        );
        ensure!(
            span.parent_span_id.is_empty() || hex(&span.parent_span_id, 16),
            "{span:?}"
        );
    }
    state
        .exports
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Export {
            text: format!("{head}{body}"),
            spans,
        });
    respond(stream, 200)
}

fn respond(mut stream: &TcpStream, status: u16) -> Result<()> {
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    );
    Ok(stream.write_all(head.as_bytes())?)
}
