//! Tells a collector of OpenTelemetry about runs that have ended, each as a trace. Nothing waits for
//! the collector: while it is away runs line up, and those that don't fit any more are counted as lost.

mod otlp;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use gantry_app::App;
use gantry_core::ids::RunId;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Traces;

/// Traces in one request.
const AT_ONCE: usize = 64;

const PATIENCE: Duration = Duration::from_secs(10);

/// Between attempts; after the last of them the traces are lost.
const PAUSES: [u64; 5] = [1, 2, 5, 15, 60];

/// What is left when the server ends.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Who is told.
pub struct Collector {
    client: Client,
    url: String,
}

impl Collector {
    /// `None` where nobody is.
    pub fn new(config: &Traces) -> anyhow::Result<Option<Self>> {
        let url = &config.url;
        if url.is_empty() {
            return Ok(None);
        }
        if url.contains('@') {
            bail!(
                "traces.url: leave user and password out, and give them as traces.header \
                 (`Authorization: Basic …`)"
            );
        }
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            bail!("traces.url {url}: write http://host:port/v1/traces, or the same with https");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !config.header.expose_secret().is_empty() {
            let (name, value) = header(config.header.expose_secret())
                .context("traces.header: write `Name: value`, such as `Authorization: Bearer …`")?;
            headers.insert(name, value);
        }
        let client = Client::builder()
            .user_agent(concat!("gantry/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            // Only the configuration names proxies, not the server's own environment.
            .no_proxy()
            .build()
            .context("traces.url: no connection can be set up")?;
        Ok(Some(Collector {
            client,
            url: url.clone(),
        }))
    }

    /// Whether they have arrived; a reason, where another attempt may help.
    async fn take(&self, body: String) -> Result<bool, String> {
        let sent = self.client.post(&self.url).body(body).send().await;
        let answer = sent.map_err(|error| match error.is_timeout() {
            true => "no answer in time".to_owned(),
            false => innermost(&error.without_url()),
        })?;
        match answer.status() {
            status if status.is_success() => Ok(true),
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => {
                Err(format!("it answers with {status}"))
            }
            status if status.is_server_error() => Err(format!("it answers with {status}")),
            status => {
                tracing::warn!("the collector of traces refuses what it is sent, with {status}");
                Ok(false)
            }
        }
    }
}

fn header(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':')?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

/// The task that tells.
pub struct Telling {
    task: JoinHandle<()>,
    ending: CancellationToken,
}

impl Telling {
    pub fn start(collector: Collector, app: &Arc<App>) -> Self {
        let ending = CancellationToken::new();
        let told = app.ended_runs();
        let (app, stop) = (app.clone(), ending.clone());
        let task = tokio::spawn(async move {
            if let Some(ended) = told {
                tell(&collector, &app, ended, &stop).await;
            }
        });
        Telling { task, ending }
    }

    /// No run ends here any more; what waits is sent if the collector takes it now.
    pub async fn end(self) {
        self.ending.cancel();
        let _ = tokio::time::timeout(END_PATIENCE, self.task).await;
    }
}

async fn tell(
    collector: &Collector,
    app: &App,
    mut ended: Receiver<RunId>,
    ending: &CancellationToken,
) {
    let mut ids = Vec::with_capacity(AT_ONCE);
    loop {
        let count = tokio::select! {
            biased;
            count = ended.recv_many(&mut ids, AT_ONCE) => count,
            () = ending.cancelled(), if !ended.is_closed() => {
                ended.close();
                continue;
            }
        };
        if count == 0 {
            return;
        }
        let (sent, lost) = match app.traces(&ids).await {
            Ok(traces) if traces.is_empty() => (0, count),
            Ok(traces) => {
                let body = otlp::request(app.account().as_str(), &traces);
                match deliver(collector, body, ending).await {
                    true => (traces.len(), count - traces.len()),
                    false => (0, count),
                }
            }
            Err(error) => {
                tracing::warn!(?error, "the traces of runs can't be read");
                (0, count)
            }
        };
        app.metrics().traces("sent", sent as u64);
        app.metrics().traces("lost", lost as u64);
        ids.clear();
    }
}

async fn deliver(collector: &Collector, body: String, ending: &CancellationToken) -> bool {
    for pause in PAUSES.map(Some).into_iter().chain([None]) {
        match collector.take(body.clone()).await {
            Ok(taken) => return taken,
            Err(reason) => tracing::warn!("the collector of traces takes nothing: {reason}"),
        }
        let Some(pause) = pause else { break };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
            () = ending.cancelled() => break,
        }
    }
    false
}
