//! What this server counts, for Prometheus. Labels name classes of things (a phase, an outcome), never a
//! thing: no stack, no run, no person.

mod census;
mod process;

use std::fmt::Write as _;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use census::Census;
use process::Process;

use crate::{App, OpError};

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// From a tenth of a second to more than an hour.
const LONG: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 4200.0,
];
/// From a millisecond to a minute.
const SHORT: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];

/// Makes histograms with these bounds.
#[derive(Clone)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

type Histograms<const N: usize> = Family<Labels<N>, Histogram, Bounds>;

/// What stands in `docs/metrics.md`.
pub struct Described {
    pub name: String,
    pub labels: &'static str,
    pub help: &'static str,
}

pub struct Metrics {
    registry: Registry,
    described: Vec<Described>,
    census: Census,
    process: Process,
    pub(crate) runs_ended: Family<Labels<2>, Counter>,
    pub(crate) claims: Counter,
    pub(crate) claim_wait: Histogram,
    phases: Histograms<2>,
    sts: Histograms<1>,
    pub(crate) leases_lost: Counter,
    pub(crate) log_bytes: Counter,
    http: Histograms<2>,
    statements: Counter,
    commits: Counter,
    traces: Family<Labels<1>, Counter>,
    objects_written: Counter,
    object_bytes_written: Counter,
    /// One scrape at a time sets what is counted when it is asked for.
    scraping: tokio::sync::Mutex<()>,
}

/// Registers, and keeps the description for the documentation.
struct Registering {
    registry: Registry,
    described: Vec<Described>,
}

impl Registering {
    /// A counter's name is given without its `_total`.
    fn add(&mut self, name: &str, labels: &'static str, help: &'static str, metric: impl Metric) {
        self.registry
            .register(name, help.trim_end_matches('.'), metric);
        self.described.push(Described {
            name: name.to_owned(),
            labels,
            help,
        });
    }

    fn counter(
        &mut self,
        name: &str,
        labels: &'static str,
        help: &'static str,
        metric: impl Metric,
    ) {
        self.add(name, labels, help, metric);
        if let Some(last) = self.described.last_mut() {
            last.name.push_str("_total");
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Registering {
            registry: Registry::default(),
            described: vec![],
        };
        let census = Census::register(&mut all);
        let runs_ended = Family::default();
        all.counter(
            "gantry_runs_ended",
            "kind, state",
            "Runs that ended here.",
            runs_ended.clone(),
        );
        let claims = Counter::default();
        all.counter(
            "gantry_claims",
            "",
            "Runs that this server gave to a worker.",
            claims.clone(),
        );
        let claim_wait = Bounds(LONG).new_metric();
        let help = "Seconds from the moment at which a run could be claimed to its claim.";
        all.add("gantry_claim_wait_seconds", "", help, claim_wait.clone());
        let phases = Family::new_with_constructor(Bounds(LONG));
        let help = "Seconds that a phase took, from its start to the worker's report; those that \
                    somebody stopped are left out.";
        all.add(
            "gantry_phase_seconds",
            "phase, outcome",
            help,
            phases.clone(),
        );
        let sts = Family::new_with_constructor(Bounds(SHORT));
        let help = "Seconds that the cloud took to answer a request for credentials.";
        all.add("gantry_sts_seconds", "outcome", help, sts.clone());
        let leases_lost = Counter::default();
        let help = "Runs whose worker was lost.";
        all.counter("gantry_leases_lost", "", help, leases_lost.clone());
        let log_bytes = Counter::default();
        let help = "Bytes of logs that workers sent.";
        all.counter("gantry_log_bytes", "", help, log_bytes.clone());
        let http = Family::new_with_constructor(Bounds(SHORT));
        let help = "Seconds until a request was answered. `query` and `mutation` are GraphQL; `state` \
                    is the tools' state and its links; `worker` is the worker protocol, and \
                    `worker_wait` what it holds back on purpose: claims and heartbeats.";
        all.add(
            "gantry_http_request_seconds",
            "class, outcome",
            help,
            http.clone(),
        );
        let statements = Counter::default();
        let help = "Statements that the database was sent.";
        all.counter("gantry_database_statements", "", help, statements.clone());
        let commits = Counter::default();
        let help = "Transactions that were committed.";
        all.counter("gantry_database_commits", "", help, commits.clone());
        let objects_written = Counter::default();
        let help = "Objects that were written: pieces of logs, plans, states.";
        all.counter("gantry_objects_written", "", help, objects_written.clone());
        let object_bytes_written = Counter::default();
        let help = "Bytes of those.";
        all.counter(
            "gantry_object_bytes_written",
            "",
            help,
            object_bytes_written.clone(),
        );
        let traces = Family::default();
        let help =
            "Traces of runs: `sent` to the collector, or `lost` since it took none for too long.";
        all.counter("gantry_traces", "outcome", help, traces.clone());
        let process = Process::register(&mut all);
        Metrics {
            registry: all.registry,
            described: all.described,
            census,
            process,
            runs_ended,
            claims,
            claim_wait,
            phases,
            sts,
            leases_lost,
            log_bytes,
            http,
            statements,
            commits,
            traces,
            objects_written,
            object_bytes_written,
            scraping: tokio::sync::Mutex::default(),
        }
    }
}

impl Metrics {
    pub(crate) fn phase(&self, phase: &'static str, outcome: &'static str, millis: i64) {
        let labels = [("phase", phase), ("outcome", outcome)];
        let seconds = millis.max(0) as f64 / 1000.0;
        self.phases.get_or_create(&labels).observe(seconds);
    }

    pub(crate) fn sts(&self, outcome: &'static str, took: Duration) {
        let labels = [("outcome", outcome)];
        self.sts.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A request of a class was answered.
    pub fn request(&self, class: &'static str, outcome: &'static str, took: Duration) {
        let labels = [("class", class), ("outcome", outcome)];
        self.http.get_or_create(&labels).observe(took.as_secs_f64());
    }

    pub fn traces(&self, outcome: &'static str, count: u64) {
        let labels = [("outcome", outcome)];
        self.traces.get_or_create(&labels).inc_by(count);
    }

    /// The table of `docs/metrics.md`.
    pub fn table(&self) -> String {
        let mut table = String::from("| Metric | Labels | Meaning |\n|---|---|---|\n");
        for metric in &self.described {
            let labels = match metric.labels {
                "" => String::new(),
                labels => format!("`{}`", labels.replace(", ", "`, `")),
            };
            let _ = writeln!(table, "| `{}` | {labels} | {} |", metric.name, metric.help);
        }
        table
    }

    /// The names of all metrics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.described.iter().map(|metric| metric.name.as_str())
    }
}

impl App {
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Everything, as text in the format of OpenMetrics.
    pub async fn scrape(&self) -> Result<String, OpError> {
        let metrics = &self.metrics;
        let _one = metrics.scraping.lock().await;
        metrics.census.take(&self.store, self.clock.now()).await?;
        metrics.process.look();
        for (counter, value) in [
            (&metrics.statements, self.store.statements()),
            (&metrics.commits, self.store.commits()),
            (&metrics.objects_written, self.objects.written()),
            (&metrics.object_bytes_written, self.objects.bytes_written()),
        ] {
            counter
                .inner()
                .store(value, std::sync::atomic::Ordering::Relaxed);
        }
        let mut text = String::new();
        encode(&mut text, &metrics.registry)
            .map_err(|error| OpError::internal("write its metrics", error))?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
