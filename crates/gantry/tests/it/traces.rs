//! A run as a trace, at a collector of OpenTelemetry.

use std::collections::BTreeSet;

use gantry_testkit::collector::{Collector, Span};
use gantry_testkit::server::Builder;

use crate::world::{ALWAYS_CHANGES, World, eventually};

on_both_databases!(a_run_is_told_once_when_it_has_ended);

const SECRET: &str = "what nobody may see";

async fn root(collector: &Collector, run: &str) -> Span {
    eventually("the run is told", || async {
        let spans = collector.spans();
        spans
            .into_iter()
            .find(|span| span.parent_span_id.is_empty() && span.attribute("run.id") == Some(run))
    })
    .await
}

async fn a_run_is_told_once_when_it_has_ended(builder: Builder) {
    let collector = Collector::start().unwrap();
    let builder = builder
        .set("traces.url", collector.url())
        .set("traces.header", "X-Team: let us in");
    let mut world = World::of(builder).await;
    let stack = world.stack_with_cloud("told", ALWAYS_CHANGES, &[]).await;
    let client = world.client.clone();
    client
        .set_variable(&stack, "TF_VAR_password", SECRET, true)
        .await
        .unwrap();
    let run = world.apply(&stack).await;
    let root = root(&collector, &run.id).await;
    assert_eq!(root.name, "run");
    assert_eq!(root.attribute("stack.slug"), Some(stack.as_str()));
    assert_eq!(root.attribute("run.state"), Some("FINISHED"));
    assert_eq!(root.status.as_ref().unwrap().code, 1);
    let spans: Vec<Span> = collector
        .spans()
        .into_iter()
        .filter(|span| span.trace_id == root.trace_id)
        .collect();
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    assert_eq!(ids.len(), spans.len());
    for span in &spans {
        assert_eq!(span.attribute("run.id"), Some(run.id.as_str()), "{span:?}");
        assert_eq!(span.attribute("stack.slug"), Some(stack.as_str()));
        assert!(span.parent_span_id.is_empty() || ids.contains(span.parent_span_id.as_str()));
        let ((from, to), (begin, end)) = (span.times(), root.times());
        assert!(from <= to && begin <= from && to <= end, "{span:?}");
    }
    for state in [
        "QUEUED",
        "INITIALIZING",
        "PLANNING",
        "UNCONFIRMED",
        "APPLYING",
    ] {
        let found = spans.iter().filter(|span| span.name == state).count();
        assert_eq!(found, 1, "{state}");
    }
    let issued: Vec<&Span> = spans
        .iter()
        .filter(|span| span.name == "credentials")
        .collect();
    assert!(issued.len() >= 2, "{spans:?}");
    let applying = spans.iter().find(|span| span.name == "APPLYING").unwrap();
    assert!(
        issued
            .iter()
            .any(|span| span.parent_span_id == applying.span_id)
    );

    // A run that fails, while the collector is away for a moment; then the server goes.
    collector.refuse_with(503);
    let failing = client.create_task(&stack, "false", true).await.unwrap();
    let view = client.wait_for_end(&stack, &failing).await.unwrap();
    assert_eq!(view.state, "FAILED");
    eventually("it was refused", || async {
        let log = world.server.log();
        log.contains("the collector of traces takes nothing")
            .then_some(())
    })
    .await;
    collector.heal();
    let failed = self::root(&collector, &failing).await;
    assert_eq!(failed.status.as_ref().unwrap().code, 2);
    let last = client.create_task(&stack, "true", true).await.unwrap();
    client.wait_for_end(&stack, &last).await.unwrap();
    world.server.stop();
    self::root(&collector, &last).await;
    for run in [&run.id, &failing, &last] {
        let roots = collector
            .spans()
            .into_iter()
            .filter(|span| span.parent_span_id.is_empty() && span.attribute("run.id") == Some(run));
        assert_eq!(roots.count(), 1, "{run}");
    }
    let keys = &world.server.identity().keys;
    for export in collector.exports() {
        assert!(export.text.contains("x-team: let us in"), "{}", export.text);
        for secret in [
            SECRET,
            &keys.secret_access_key,
            &keys.access_key_id,
            &world.server.key().secret,
            "arn:aws",
        ] {
            assert!(!export.text.contains(secret), "{}", export.text);
        }
    }
    assert!(!world.server.log().contains("let us in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_can_t_be_meant_is_refused_at_the_start() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    for (settings, said) in [
        (vec!["traces.url=collector:4317"], "write http://host:port"),
        (
            vec!["traces.url=http://me:pass''word@collector/v1/traces"],
            "leave user and password out",
        ),
        (
            vec!["traces.url=http://x/v1/traces", "traces.header=pass''word"],
            "write `Name: value`",
        ),
    ] {
        let data = format!("data_dir={}", folder.path().join("data").display());
        let mut command =
            world
                .server
                .command(&["--set", &data, "--set", "server.listen=127.0.0.1:0"]);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let output = command.arg("server").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(said), "{text}");
        assert!(!text.contains("pass''word"), "{text}");
    }
}
