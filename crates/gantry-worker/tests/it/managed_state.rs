//! A state that the server keeps, with real terraform: where it goes, with which token, and what
//! can't lead it elsewhere.

use std::io::Read;

use gantry_core::protocol::*;
use gantry_core::run::{Phase, RunKind};

use crate::bench::Bench;
use crate::gateway::start;
use crate::state_server::{READ, StateServer, WRITE};

const CODE: &str = r#"
resource "terraform_data" "it" {
  input = "one"
}
"#;

/// A bench whose server keeps the state; `more` is what else a phase gets.
fn bench(
    server: &StateServer,
    files: &[(&str, &str)],
    more: impl Fn(&mut PhaseStart) + Send + Sync + 'static,
) -> Bench {
    let server = server.clone();
    let mut bench = Bench::scripted(files, move |_, phase| {
        let mut start = start(phase);
        more(&mut start);
        start.env.extend(server.env(phase));
        start
    });
    bench.start();
    bench
}

fn job(bench: &Bench, kind: RunKind) -> Job {
    let mut job = bench.job(kind);
    job.managed_state = true;
    job.autodeploy = true;
    job
}

fn task(bench: &Bench, command: &str) -> Job {
    let mut job = job(bench, RunKind::Task);
    job.command = Some(command.to_owned());
    job
}

fn succeeded(bench: &Bench, phase: Phase) {
    bench.gateway.told(|told| {
        let log = told.log_of(phase);
        assert_eq!(told.outcome(phase), Some(&PhaseOutcome::Succeeded), "{log}");
    });
}

fn failure(bench: &Bench, phase: Phase) -> String {
    bench.gateway.told(|told| told.failure(phase).to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_phase_asks_with_its_own_token_and_only_apply_locks() {
    let server = StateServer::start().await;
    let mut bench = bench(&server, &[("main.tf", CODE)], |_| ());
    bench.run(job(&bench, RunKind::Tracked)).await;
    succeeded(&bench, Phase::Apply);
    let state = server.state().unwrap();
    assert_eq!(
        state["resources"][0]["instances"][0]["attributes"]["output"]["value"],
        "one"
    );
    let requests = server.requests();
    let apply = requests.iter().position(|r| r.starts_with(WRITE)).unwrap();
    assert!(apply > 0, "{requests:?}");
    let (reading, writing) = requests.split_at(apply);
    assert!(
        reading.iter().all(|r| *r == format!("{READ} GET 404")),
        "{requests:?}"
    );
    assert_eq!(writing.first().unwrap(), &format!("{WRITE} LOCK 200"));
    assert!(writing.contains(&format!("{WRITE} POST 200")));
    assert_eq!(writing.last().unwrap(), &format!("{WRITE} UNLOCK 200"));

    // Neither the plan nor a log says where the state is or who may ask for it.
    let bundle = bench.gateway.told(|told| told.plan.clone().unwrap());
    let mut files = 0;
    for entry in tar::Archive::new(&bundle[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        let name = entry.path().unwrap().display().to_string();
        entry.read_to_end(&mut content).unwrap();
        if name != "tfplan" {
            continue;
        }
        let mut plan = zip::ZipArchive::new(std::io::Cursor::new(content)).unwrap();
        for index in 0..plan.len() {
            let mut inner = Vec::new();
            plan.by_index(index)
                .unwrap()
                .read_to_end(&mut inner)
                .unwrap();
            let text = String::from_utf8_lossy(&inner);
            for secret in [READ, WRITE, server.address(), "the-run"] {
                assert!(
                    !text.contains(secret),
                    "{secret} in entry {index} of the plan"
                );
            }
            files += 1;
        }
    }
    assert!(files > 3);
    bench.gateway.told(|told| {
        for (version, _) in told.logs.clone() {
            let log = told.log(version);
            assert!(!log.contains(READ) && !log.contains(WRITE), "{log}");
        }
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_the_user_give_way() {
    let local = "terraform {\n  backend \"local\" {\n    path = \"/tmp/elsewhere\"\n  }\n}\n";
    let cloud = "terraform {\n  cloud {\n    organization = \"o\"\n    workspaces {\n      name = \"w\"\n    }\n  }\n}\n";
    let json = r#"{"terraform":{"backend":{"http":{"address":"http://127.0.0.1:9/"}}}}"#;
    let s3 = "terraform {\n  backend \"s3\" {}\n}\n";
    for (name, block) in [
        ("backend.tf", s3),
        ("backend.tf", cloud),
        ("override.tf", local),
        ("zzzz_override.tf", local),
        ("zzzz_override.tf", cloud),
        ("~_override.tf.json", json),
        // Of OpenTofu; Terraform doesn't read it.
        ("zzzz_override.tofu", local),
    ] {
        let server = StateServer::start().await;
        let mut bench = bench(&server, &[("main.tf", CODE), (name, block)], |_| ());
        bench.run(job(&bench, RunKind::Tracked)).await;
        succeeded(&bench, Phase::Apply);
        assert!(server.state().is_some(), "{name}: {block}");
        bench.end("test").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_of_the_state_is_named_before_anything_begins() {
    let local = "terraform {\n  backend \"local\" {}\n}\n";
    let state = r#"{"version":4,"serial":1,"lineage":"x","outputs":{"a":{"value":1,"type":"number"}},"resources":[]}"#;
    for (name, content, sentence) in [
        (
            "root/~~_override.tf",
            local,
            "the override file `root/~~_override.tf` sorts after `~gantry_override.tf.json`",
        ),
        (
            "root/~gantry_override.tf.json",
            "{}",
            "the repository holds `root/~gantry_override.tf.json`",
        ),
        (
            "root/~gantry_override.tofu.json",
            "{}",
            "the repository holds `root/~gantry_override.tofu.json`",
        ),
        (
            "root/terraform.tfstate",
            state,
            "the repository holds `root/terraform.tfstate` with a state in it",
        ),
    ] {
        let server = StateServer::start().await;
        let mut bench = bench(&server, &[("root/main.tf", CODE), (name, content)], |_| ());
        let mut job = job(&bench, RunKind::Tracked);
        job.source.project_root = "root".into();
        bench.run(job.clone()).await;
        let reason = failure(&bench, Phase::Initialize);
        assert!(reason.starts_with(sentence), "{reason}");

        // A task without initialize fails as well, before its command.
        job.kind = RunKind::Task;
        job.skip_initialization = true;
        job.command = Some("echo it began".into());
        job.run = gantry_core::ids::RunId::new(ulid::Ulid::generate().to_string());
        bench.run(job).await;
        let reason = failure(&bench, Phase::Perform);
        assert!(reason.starts_with(sentence), "{reason}");
        bench
            .gateway
            .told(|told| assert!(!told.log_of(Phase::Perform).contains("it began")));
        assert_eq!(server.requests(), Vec::<String>::new());
        bench.end("test").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initialisation_that_leads_elsewhere_fails_before_plan_and_before_a_task() {
    let later = "printf 'terraform {\\nbackend \"local\" {}\\n}\\n' > '~~_override.tf'";
    let elsewhere = StateServer::start().await;
    let address = format!("-backend-config=address={}", elsewhere.address());
    for (before, after, variable, sentence) in [
        (later, "", None, "the state backend `local`"),
        (
            "rm '~gantry_override.tf.json'",
            "",
            None,
            "initialize has changed `~gantry_override.tf.json`",
        ),
        (
            "",
            "echo {} > '~gantry_override.tf.json'",
            None,
            "initialize has changed",
        ),
        ("", "rm -r .terraform", None, "no state backend"),
        ("", "", Some("-backend=false"), "no state backend"),
        (
            "",
            "",
            Some(&address[..]),
            "a setting `address` of its own for the state backend",
        ),
    ] {
        let server = StateServer::start().await;
        let variable = variable.map(|value| EnvVar::plain("TF_CLI_ARGS_init", value));
        let mut bench = bench(&server, &[("main.tf", CODE)], move |start| {
            if start.phase == Phase::Initialize {
                start.before = vec![before.to_owned()];
                start.after = vec![after.to_owned()];
                start.env = variable.iter().cloned().collect();
            }
        });
        for job in [job(&bench, RunKind::Tracked), task(&bench, "echo it began")] {
            bench.run(job).await;
            let reason = failure(&bench, Phase::Initialize);
            assert!(reason.contains(sentence), "{reason}");
            bench.gateway.told(|told| {
                assert!(told.outcome(Phase::Plan).is_none());
                assert!(told.outcome(Phase::Perform).is_none());
            });
        }
        assert!(server.state().is_none() && elsewhere.state().is_none());
        bench.end("test").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_of_another_worker_initializes_with_its_own_token() {
    let server = StateServer::start().await;
    let mut bench = bench(&server, &[("main.tf", CODE)], |start| {
        if start.phase == Phase::Plan {
            start.before = vec!["echo zip > built.zip".into()];
        }
        if start.phase == Phase::Apply {
            start.before = vec!["cat built.zip".into()];
        }
    });
    let mut job = job(&bench, RunKind::Tracked);
    job.autodeploy = false;
    bench.run(job.clone()).await;
    bench.end("a restart").await;
    server.take_requests();
    bench.start();
    bench.run(bench.later(&job, Start::Apply)).await;
    succeeded(&bench, Phase::Apply);
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Apply);
        assert!(
            log.contains("initializing again") && log.contains("zip\n"),
            "{log}"
        );
    });
    let requests = server.requests();
    assert!(
        requests.iter().all(|r| r.starts_with(WRITE)),
        "{requests:?}"
    );
    assert!(server.state().is_some());
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_initialisation_that_leads_elsewhere_fails_before_apply() {
    let server = StateServer::start().await;
    let mut bench = bench(&server, &[("main.tf", CODE)], |start| {
        if start.phase == Phase::Apply {
            start.init_after = vec!["rm .terraform/terraform.tfstate".into()];
        }
    });
    let mut job = job(&bench, RunKind::Tracked);
    job.autodeploy = false;
    bench.run(job.clone()).await;
    bench.end("a restart").await;
    bench.start();
    bench.run(bench.later(&job, Start::Apply)).await;
    let reason = failure(&bench, Phase::Apply);
    assert!(
        reason.starts_with("the repeated initialisation failed: this stack's state is managed"),
        "{reason}"
    );
    assert!(server.state().is_none());
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_variable_and_no_hook_takes_the_state_elsewhere() {
    let server = StateServer::start().await;
    let elsewhere = StateServer::start().await;
    let address = elsewhere.address().to_owned();
    let mut bench = bench(&server, &[("main.tf", CODE)], move |start| {
        let export = format!(
            "export TF_HTTP_ADDRESS={address} TF_HTTP_PASSWORD={WRITE} TF_HTTP_LOCK_ADDRESS={address} \
             TF_HTTP_UNLOCK_ADDRESS={address} OTHER=yes"
        );
        start.before = vec![export];
        if start.phase == Phase::Plan {
            start
                .before
                .push("echo other=$OTHER lock=$TF_HTTP_LOCK_ADDRESS".into());
        }
        for name in [
            "TF_HTTP_ADDRESS",
            "TF_HTTP_LOCK_ADDRESS",
            "TF_HTTP_UPDATE_METHOD",
        ] {
            start.env.push(EnvVar::plain(name, &address));
        }
        if start.phase == Phase::Apply {
            start.after = vec!["terraform state list".into()];
        }
    });
    let mut tracked = job(&bench, RunKind::Tracked);
    tracked.after_run = vec!["echo \"after: [$TF_HTTP_PASSWORD$TF_HTTP_ADDRESS]\"".into()];
    bench.run(tracked).await;
    succeeded(&bench, Phase::Apply);
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Apply);
        assert!(log.contains("terraform_data.it\n"), "{log}");
        assert!(log.ends_with("after: []\n"), "{log}");
    });
    assert!(server.state().is_some());
    bench
        .run(task(&bench, "terraform state rm terraform_data.it"))
        .await;
    succeeded(&bench, Phase::Perform);
    assert_eq!(server.state().unwrap()["resources"], serde_json::json!([]));
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_move_import_and_unlock() {
    let server = StateServer::start().await;
    let code = format!("{CODE}\nresource \"terraform_data\" \"other\" {{}}\n");
    let mut bench = bench(&server, &[("main.tf", &code)], |_| ());
    bench
        .run(task(&bench, "terraform import terraform_data.it some-id"))
        .await;
    succeeded(&bench, Phase::Perform);
    bench
        .run(task(
            &bench,
            "terraform state mv terraform_data.it terraform_data.other",
        ))
        .await;
    succeeded(&bench, Phase::Perform);
    assert_eq!(server.state().unwrap()["resources"][0]["name"], "other");

    server.lock_as("of-a-lost-run");
    bench
        .run(task(&bench, "terraform state rm terraform_data.other"))
        .await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        // Of the answer the tool shows the ID, and nothing else.
        assert!(log.contains("already locked: ID=of-a-lost-run"), "{log}");
    });
    bench
        .run(task(&bench, "terraform force-unlock -force of-a-lost-run"))
        .await;
    succeeded(&bench, Phase::Perform);
    assert!(!server.is_locked());

    // Without initialize the command does it itself, with the same file in place.
    let mut alone = task(
        &bench,
        "terraform init -input=false && terraform state pull > s && \
         terraform state rm terraform_data.other && terraform state push -force s",
    );
    alone.skip_initialization = true;
    bench.run(alone).await;
    succeeded(&bench, Phase::Perform);
    assert_eq!(server.state().unwrap()["resources"][0]["name"], "other");
    let mut bare = task(&bench, "terraform state list");
    bare.skip_initialization = true;
    bench.run(bare).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        assert!(log.contains("Backend initialization required"), "{log}");
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_an_apply_whose_lock_was_stolen_is_kept() {
    let server = StateServer::start().await;
    let mut bench = bench(&server, &[("main.tf", CODE)], |_| ());
    server.steal_locks();
    bench.run(job(&bench, RunKind::Tracked)).await;
    assert_eq!(
        failure(&bench, Phase::Apply),
        "`terraform apply` failed with exit status 1"
    );
    bench.gateway.told(|told| {
        let state = told.errored_state.as_ref().unwrap();
        let state: serde_json::Value = serde_json::from_slice(state).unwrap();
        assert_eq!(state["resources"][0]["name"], "it");
        assert!(told.finished.last().unwrap().errored_state);
    });
    // The thief's lock stays the thief's.
    assert!(server.is_locked());
    assert!(server.state().is_none());
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_phase_can_not_bend_the_file_of_the_state() {
    let evil = r#"{"//":"bent","terraform":{"backend":{"http":{}}}}"#;
    for (command, sentence) in [
        (
            format!("echo '{evil}' > '~gantry_override.tf.json'"),
            "file `~gantry_override.tf.json` differs",
        ),
        (
            "printf 'locals {\\n}\\n' > '~~.tf'".to_owned(),
            "file `~~.tf` is not in the workspace",
        ),
    ] {
        let server = StateServer::start().await;
        let mut bench = bench(&server, &[("main.tf", CODE)], move |start| {
            if start.phase == Phase::Plan {
                start.before = vec![command.clone()];
            }
        });
        bench.run(job(&bench, RunKind::Tracked)).await;
        let reason = failure(&bench, Phase::Plan);
        assert!(reason.contains(sentence), "{reason}");
        assert!(server.requests().iter().all(|r| r.starts_with(READ)));
        bench.end("test").await;
    }
    // Replaced while planning, with a plan that knows nothing of it: apply doesn't either.
    let server = StateServer::start().await;
    let mut bench = bench(&server, &[("main.tf", CODE)], |start| {
        if start.phase == Phase::Plan {
            start.after =
                vec!["echo '{}' > '~gantry_override.tf.json'; cp main.tf '~~_override.tf'".into()];
        }
        if start.phase == Phase::Apply {
            start.before = vec!["ls -A".into()];
        }
    });
    bench.run(job(&bench, RunKind::Tracked)).await;
    succeeded(&bench, Phase::Apply);
    assert!(server.state().is_some());
    bench
        .gateway
        .told(|told| assert!(!told.log_of(Phase::Apply).contains("~~_override")));
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_managed_state_has_moved_is_not_applied() {
    let server = StateServer::start().await;
    let mut bench = bench(&server, &[("main.tf", CODE)], |_| ());
    let mut waiting = job(&bench, RunKind::Tracked);
    waiting.autodeploy = false;
    bench.run(waiting.clone()).await;
    let plan = bench.gateway.told(|told| told.plan.clone());
    bench.run(job(&bench, RunKind::Tracked)).await;
    succeeded(&bench, Phase::Apply);
    let before = server.state();
    bench.gateway.told(|told| told.plan = plan);
    bench.run(bench.later(&waiting, Start::Apply)).await;
    let reason = failure(&bench, Phase::Apply);
    assert!(
        reason.starts_with("the state has changed since this plan"),
        "{reason}"
    );
    assert_eq!(server.state(), before);
    assert!(!server.is_locked());
    bench.end("test").await;
}
