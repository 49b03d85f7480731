//! The proxy and the certificates of the installation, as a run has them.

use gantry_core::protocol::PhaseOutcome;
use gantry_core::run::{Phase, RunKind};
use serde_json::json;

use crate::bench::Bench;
use crate::gateway::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_child_has_the_proxy_and_the_certificates_and_its_log_no_password() {
    let show = "for name in HTTP_PROXY http_proxy HTTPS_PROXY https_proxy NO_PROXY; do \
                eval \"echo $name=\\$$name\"; done; echo \"the password is hunter%402, or hunter@2\"; \
                for file in \"$SSL_CERT_FILE\" \"$AWS_CA_BUNDLE\" \"$GIT_SSL_CAINFO\" \
                \"$CURL_CA_BUNDLE\" \"$REQUESTS_CA_BUNDLE\" \"$NODE_EXTRA_CA_CERTS\"; do \
                cat \"$file\"; done; ! echo >> \"$SSL_CERT_FILE\"";
    let mut bench = Bench::scripted(&[("main.tf", "")], |_, phase| start(phase));
    let bundle = bench.directory.path().join("ca.pem");
    std::fs::write(&bundle, "the bundle\n").unwrap();
    bench.start_with(json!({
        "proxy": {
            "http": "http://plain:3128",
            "https": "http://ada:hunter%402@proxy:3128",
            "none": "localhost,.internal",
        },
        "ca_bundle": bundle,
    }));
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.command = Some(show.into());
    bench.run(job).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        assert_eq!(
            told.outcome(Phase::Perform),
            Some(&PhaseOutcome::Succeeded),
            "{log}"
        );
        for line in [
            "HTTP_PROXY=http://plain:3128\n",
            "http_proxy=http://plain:3128\n",
            "HTTPS_PROXY=http://*****@proxy:3128\n",
            "https_proxy=http://*****@proxy:3128\n",
            "NO_PROXY=localhost,.internal\n",
            "the password is *****, or *****\n",
        ] {
            assert!(log.contains(line), "{line}: {log}");
        }
        assert_eq!(log.matches("the bundle\n").count(), 6, "{log}");
        assert!(!log.contains("hunter"), "{log}");
    });
    bench.end("test").await;
}
