//! What an operator sees: metrics, readiness, logs, and what systemd is told.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use gantry_testkit::client::RunView;
use gantry_testkit::http;
use gantry_testkit::server::Builder;
use serde_json::Value;

use crate::world::{ALWAYS_CHANGES, World};

on_both_databases!(
    a_whole_run_is_counted,
    every_line_about_a_run_names_it_and_its_stack,
    readiness_says_what_is_wrong,
);

async fn applied(world: &World) -> (String, RunView) {
    let stack = world.stack_with_cloud("infra", ALWAYS_CHANGES, &[]).await;
    let client = &world.client;
    let run = client.trigger(&stack, "TRACKED", None).await.unwrap();
    client.wait_for(&stack, &run, "UNCONFIRMED").await.unwrap();
    client.confirm(&stack, &run).await.unwrap();
    let view = client.wait_for(&stack, &run, "FINISHED").await.unwrap();
    (stack, view)
}

/// The value of the first sample that begins so.
fn sample(text: &str, start: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(start));
    let line = line.unwrap_or_else(|| panic!("no sample `{start}` in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn a_whole_run_is_counted(builder: Builder) {
    let port = gantry_testkit::port::Port::reserve();
    let address = format!("127.0.0.1:{}", port.number());
    let builder = builder
        .set("metrics.listen", &address)
        .set("metrics.token", "let me see");
    let world = World::of(builder).await;
    let (stack, run) = applied(&world).await;
    let url = format!("http://{address}/metrics");
    for wrong in [None, Some("Bearer let me see!"), Some("let me see")] {
        let (status, body) = http::get(&url, wrong).await;
        assert_eq!((status, body.as_str()), (401, ""), "{wrong:?}");
    }
    let (status, text) = http::get(&url, Some("Bearer let me see")).await;
    assert_eq!(status, 200, "{text}");
    for (start, least) in [
        (
            "gantry_runs_ended_total{kind=\"TRACKED\",state=\"FINISHED\"}",
            1.0,
        ),
        ("gantry_claims_total", 2.0),
        ("gantry_claim_wait_seconds_count", 2.0),
        (
            "gantry_phase_seconds_count{phase=\"plan\",outcome=\"succeeded\"}",
            1.0,
        ),
        (
            "gantry_phase_seconds_count{phase=\"apply\",outcome=\"succeeded\"}",
            1.0,
        ),
        ("gantry_sts_seconds_count{outcome=\"issued\"}", 2.0),
        ("gantry_leases_lost_total", 0.0),
        ("gantry_log_bytes_total", 100.0),
        (
            "gantry_http_request_seconds_count{class=\"mutation\",outcome=\"answered\"}",
            3.0,
        ),
        (
            "gantry_http_request_seconds_count{class=\"query\",outcome=\"answered\"}",
            3.0,
        ),
        (
            "gantry_http_request_seconds_count{class=\"worker\",outcome=\"answered\"}",
            5.0,
        ),
        (
            "gantry_http_request_seconds_count{class=\"worker_wait\",outcome=\"answered\"}",
            2.0,
        ),
        ("gantry_database_statements_total", 50.0),
        ("gantry_database_commits_total", 10.0),
        ("gantry_objects_written_total", 3.0),
        ("gantry_object_bytes_written_total", 100.0),
        ("gantry_queue_runs", 0.0),
        ("gantry_stacks_locked{lock=\"user\"}", 0.0),
        ("gantry_workers{pool=\"shared\",state=", 1.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
    ] {
        let value = sample(&text, start);
        assert!(value >= least, "{start}: {value}");
    }
    // What is exported is what is documented, and no label is about a thing.
    let documented = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/metrics.md"
    ))
    .unwrap();
    let documented: BTreeSet<&str> = documented
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let ends = ["_bucket", "_sum", "_count"];
        let family = ends.iter().find_map(|end| name.strip_suffix(end));
        assert!(documented.contains(family.unwrap_or(name)), "{name}");
        for secret in [run.id.as_str(), stack.as_str(), world.server.account()] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    assert!(documented.len() > 15, "{documented:?}");
    assert!(!world.server.log().contains("let me see"));
    let once = format!("stack.slug=\"{stack}\"");
    assert!(world.server.log().contains(&once));
    assert!(!world.server.log().contains(&format!("{once} {once}")));
    let (status, _) = http::get(&format!("{}/metrics", world.server.url()), None).await;
    assert_eq!(status, 404, "the public address has no metrics");
}

async fn every_line_about_a_run_names_it_and_its_stack(builder: Builder) {
    let world = World::of(builder.set("log.format", "json")).await;
    let (stack, run) = applied(&world).await;
    let log = world.server.log();
    let mut about = 0;
    for line in log.lines().filter(|line| !line.starts_with("---")) {
        if !line.starts_with('{') {
            // The first start shows the administrator's key, to be read by a person.
            assert!(!line.contains(&run.id), "{line}");
            continue;
        }
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        if !line.contains(&run.id) {
            continue;
        }
        about += 1;
        let none = vec![];
        let spans = event["spans"].as_array().unwrap_or(&none);
        let said = |name: &str, value: &str| {
            let places = std::iter::once(&event["fields"]).chain(spans);
            places.into_iter().any(|place| place[name] == value)
        };
        assert!(said("run.id", &run.id), "{line}");
        assert!(said("stack.slug", &stack), "{line}");
    }
    assert!(about >= 5, "{about} lines are about the run\n{log}");
}

async fn readiness_says_what_is_wrong(builder: Builder) {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("notify");
    let socket = UnixDatagram::bind(&told).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut world = World::of(builder.env("NOTIFY_SOCKET", told.display().to_string())).await;
    let hear = || {
        let mut text = [0; 64];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    assert_eq!(hear(), "READY=1");
    let url = format!("{}/readyz", world.server.url());
    let ask = || async {
        let (status, text) = http::get(&url, None).await;
        let said: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        (status, said)
    };
    let ready = crate::world::eventually("a worker is there", || async {
        let (status, said) = ask().await;
        (said["checks"]["worker"]["ok"] == true).then_some((status, said))
    })
    .await;
    assert_eq!(
        (ready.0, &ready.1["ready"]),
        (200, &Value::Bool(true)),
        "{}",
        ready.1
    );
    assert!(
        !ready.1.to_string().contains(env!("CARGO_PKG_VERSION")),
        "{}",
        ready.1
    );

    // Not a directory any more.
    let objects = world.server.data_dir().join("objects");
    let aside = folder.path().join("objects");
    std::fs::rename(&objects, &aside).unwrap();
    std::fs::write(&objects, "in the way").unwrap();
    let (status, said) = crate::world::eventually("it is not ready", || async {
        let (status, said) = ask().await;
        (said["ready"] == false).then_some((status, said))
    })
    .await;
    assert_eq!(status, 503);
    let sentence = said["checks"]["objects"]["says"].as_str().unwrap();
    assert_eq!(sentence, "the object storage can't be read");
    assert_eq!(said["checks"]["storing"]["ok"], false);
    assert_eq!(said["checks"]["database"]["ok"], true);
    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&aside, &objects).unwrap();
    crate::world::eventually("it is ready again", || async {
        (ask().await.0 == 200).then_some(())
    })
    .await;
    world.server.stop();
    assert_eq!(hear(), "STOPPING=1");
}

/// What else is on this machine reaches every port of it; a socket has an owner.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_whoever_has_the_token_or_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let builder = World::builder().set("metrics.listen", path.display().to_string());
    let world = World::of(builder).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    for (what, expected) in [("metrics", "# EOF"), ("readyz", "the database answers")] {
        let mut socket = UnixStream::connect(&path).unwrap();
        let request = format!("GET /{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(expected), "{answer}");
    }
    let other = format!("data_dir={}", folder.path().join("data").display());
    let settings = [
        &other,
        "server.listen=127.0.0.1:0",
        "metrics.listen=127.0.0.1:0",
    ];
    let settings = settings.map(|setting| format!("--set={setting}"));
    let mut command = world.server.command(&["server"]);
    let output = command.args(settings).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("set metrics.token too"), "{said}");
}
