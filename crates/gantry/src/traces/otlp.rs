//! A trace in the words of OpenTelemetry's protocol, as JSON. It says which run of which stack was in
//! which state when, and nothing that a person or a tool has written: no notes, no names, no ARNs.

use gantry_app::trace::Trace;
use gantry_core::credentials::issuing::Issuing;
use gantry_core::ids::RunId;
use gantry_core::run::{RunState, RunTransition};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Something that goes on inside of us, not a call of another.
const INTERNAL: u8 = 1;
const OK: u8 = 1;
const ERROR: u8 = 2;

/// The body of one request.
pub fn request(account: &str, traces: &[Trace]) -> String {
    let spans: Vec<Value> = traces.iter().flat_map(spans).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(&[
            ("service.name", "gantry"),
            ("service.version", env!("CARGO_PKG_VERSION")),
            ("gantry.account", account),
        ])},
        "scopeSpans": [{ "scope": { "name": "gantry.run" }, "spans": spans }],
    }]})
    .to_string()
}

/// The run, within it each visit to a state, and within those each request for credentials.
fn spans(trace: &Trace) -> Vec<Value> {
    let run = &trace.run;
    let end = run.finished_at.unwrap_or(run.updated_at);
    let about = |more: &[(&str, &str)]| {
        let mut all = vec![
            ("run.id", run.id.as_str()),
            ("stack.slug", run.stack.as_str()),
            ("run.type", run.kind.as_str()),
        ];
        all.extend(more);
        attributes(&all)
    };
    let span = |id: &str, parent: Option<&str>, name: &str, (from, to): (i64, i64)| {
        json!({
            "traceId": trace_id(&run.id),
            "spanId": span_id(&run.id, id),
            "parentSpanId": parent.map_or(String::new(), |parent| span_id(&run.id, parent)),
            "name": name,
            "kind": INTERNAL,
            "startTimeUnixNano": nanos(from),
            "endTimeUnixNano": nanos(to.max(from)),
        })
    };
    let mut root = span("", None, "run", (run.created_at, end));
    root["attributes"] = about(&[("run.state", run.state.as_str())]);
    root["status"] = json!({ "code": status(run.state) });
    let mut all = vec![root];
    for (index, visit) in trace.history.iter().enumerate() {
        if visit.state.is_terminal() {
            continue;
        }
        let next = trace.history.get(index + 1);
        let until = next.map_or(end, |next| next.at);
        let id = visit_id(visit);
        let mut one = span(&id, Some(""), visit.state.as_str(), (visit.at, until));
        one["attributes"] = about(&[("run.state", visit.state.as_str())]);
        let ended_badly = next.is_some_and(|next| status(next.state) == ERROR);
        one["status"] = json!({ "code": if ended_badly { ERROR } else { OK } });
        all.push(one);
    }
    for issuing in &trace.issuings {
        let mut at_work = trace
            .history
            .iter()
            .filter(|visit| !visit.state.is_terminal());
        let parent = at_work.rfind(|visit| visit.at <= issuing.decided_at);
        let parent = parent.map(visit_id).unwrap_or_default();
        let asked = (issuing.decided_at, answered(issuing));
        let mut one = span(&issuing.id, Some(&parent), "credentials", asked);
        one["attributes"] = about(&[
            ("phase", issuing.phase.as_str()),
            ("access", issuing.access.as_str()),
            ("outcome", issuing.outcome.as_str()),
        ]);
        all.push(one);
    }
    all
}

fn answered(issuing: &Issuing) -> i64 {
    issuing.issued_at.unwrap_or(issuing.decided_at)
}

fn status(state: RunState) -> u8 {
    match state {
        RunState::Failed => ERROR,
        _ => OK,
    }
}

fn visit_id(visit: &RunTransition) -> String {
    visit.version.to_string()
}

fn attributes(all: &[(&str, &str)]) -> Value {
    all.iter()
        .map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }))
        .collect()
}

/// The same for whoever knows the run: a page or a log line leads to the trace.
fn trace_id(run: &RunId) -> String {
    digest(run.as_str(), 16)
}

fn span_id(run: &RunId, part: &str) -> String {
    digest(&format!("{run}/{part}"), 8)
}

fn digest(text: &str, bytes: usize) -> String {
    hex::encode(&Sha256::digest(text)[..bytes])
}

/// A number of 64 bits is text in JSON.
fn nanos(millis: i64) -> String {
    (i128::from(millis) * 1_000_000).to_string()
}
