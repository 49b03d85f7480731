//! Whole jobs: real terraform, real sandbox, real git.

use gantry_core::protocol::*;
use gantry_core::run::{Phase, RunKind};

use crate::backend::Backend;
use crate::bench::Bench;
use crate::gateway::start;

const CODE: &str = r#"
resource "terraform_data" "it" {
  input = "one"
}
output "it" {
  value = terraform_data.it.output
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_tracked_run_with_autodeploy_goes_through() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", CODE), ("backend.tf", &backend.block())]);
    bench.start();
    let mut job = bench.job(RunKind::Tracked);
    job.autodeploy = true;
    bench.run(job).await;
    bench.gateway.told(|told| {
        assert_eq!(
            told.outcome(Phase::Initialize),
            Some(&PhaseOutcome::Succeeded)
        );
        assert_eq!(told.outcome(Phase::Plan), Some(&PhaseOutcome::Changes));
        assert_eq!(told.outcome(Phase::Apply), Some(&PhaseOutcome::Succeeded));
        let place = |event: &str| told.events.iter().position(|e| e == event).unwrap();
        assert!(place("plan") < place("finished plan"), "{:?}", told.events);
        assert!(
            place("plan-json") < place("finished apply"),
            "{:?}",
            told.events
        );
        assert!(told.log_of(Phase::Apply).contains("Apply complete"));
        assert!(told.log(1).contains("First version"), "{}", told.log(1));
        let json = told.plan_json.as_ref().unwrap();
        assert_eq!(
            json["resource_changes"][0]["change"]["after"]["input"],
            "one"
        );
    });
    assert_eq!(backend.state().unwrap()["outputs"]["it"]["value"], "one");
    bench.end("test").await;
    assert_eq!(
        std::fs::read_dir(bench.data().join("spool"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_plan_is_applied_from_the_kept_workspace() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", CODE), ("backend.tf", &backend.block())]);
    bench.start();
    let job = bench.job(RunKind::Tracked);
    bench.run(job.clone()).await;
    bench.gateway.told(|told| {
        let place = |event: &str| told.events.iter().position(|e| e == event).unwrap();
        assert!(
            place("plan-json") < place("finished plan"),
            "{:?}",
            told.events
        );
        assert!(backend.state().is_none());
    });
    // The branch moves on; what was approved is applied.
    bench
        .repository
        .commit("Later", &[("main.tf", "")])
        .unwrap();
    bench.run(bench.later(&job, Start::Apply)).await;
    bench.gateway.told(|told| {
        assert_eq!(told.outcome(Phase::Apply), Some(&PhaseOutcome::Succeeded));
        assert!(!told.log_of(Phase::Apply).contains("initializing again"));
    });
    assert_eq!(backend.state().unwrap()["outputs"]["it"]["value"], "one");
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_workspace_is_gone_is_initialized_again_inside_apply() {
    let backend = Backend::start().await;
    let files = [("main.tf", CODE), ("backend.tf", &backend.block()[..])];
    let mut bench = Bench::scripted(&files, |_, phase| {
        let mut start = start(phase);
        start.env = vec![EnvVar::plain("TF_VAR_unused", "x")];
        if phase == Phase::Apply {
            start.init_before = vec!["export FROM_INIT=again; echo init hook".into()];
            start.before = vec!["echo \"in apply: $FROM_INIT\"".into()];
        }
        start
    });
    bench.start();
    let job = bench.job(RunKind::Tracked);
    bench.run(job.clone()).await;
    bench.end("a restart").await;
    bench.start();
    bench.run(bench.later(&job, Start::Apply)).await;
    bench.gateway.told(|told| {
        assert_eq!(told.outcome(Phase::Apply), Some(&PhaseOutcome::Succeeded));
        let log = told.log_of(Phase::Apply);
        assert!(log.contains("initializing again"), "{log}");
        assert!(log.contains("init hook"), "{log}");
        assert!(log.contains("in apply: again"), "{log}");
        assert!(log.contains("Apply complete"), "{log}");
        // The second worker names the one before it.
        assert_eq!(
            told.hello[1].predecessor.as_ref(),
            Some(&told.hello[0].worker)
        );
    });
    assert_eq!(backend.state().unwrap()["outputs"]["it"]["value"], "one");
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_state_has_moved_is_not_applied() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", CODE), ("backend.tf", &backend.block())]);
    bench.start();
    let first = bench.job(RunKind::Tracked);
    bench.run(first.clone()).await;
    let mut second = bench.job(RunKind::Tracked);
    second.autodeploy = true;
    let plan = bench.gateway.told(|told| told.plan.clone());
    bench.run(second).await;
    bench.gateway.told(|told| told.plan = plan);
    bench.run(bench.later(&first, Start::Apply)).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Apply);
        assert!(
            reason.starts_with("the state has changed since this plan"),
            "{reason}"
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replan_works_on_the_same_commit() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", CODE), ("backend.tf", &backend.block())]);
    bench.start();
    let job = bench.job(RunKind::Tracked);
    bench.run(job.clone()).await;
    bench
        .repository
        .commit("Later", &[("main.tf", "")])
        .unwrap();
    bench.run(bench.later(&job, Start::Replan)).await;
    bench.gateway.told(|told| {
        let plans = told
            .finished
            .iter()
            .filter(|finished| finished.phase == Phase::Plan);
        assert_eq!(
            plans.filter(|f| f.outcome == PhaseOutcome::Changes).count(),
            2
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_run_plans_and_destroys() {
    let backend = Backend::start().await;
    let mut bench = Bench::new(&[("main.tf", CODE), ("backend.tf", &backend.block())]);
    bench.start();
    let mut job = bench.job(RunKind::Tracked);
    job.autodeploy = true;
    bench.run(job).await;
    bench.run(bench.job(RunKind::Destroy)).await;
    bench.gateway.told(|told| {
        assert_eq!(told.outcome(Phase::Destroy), Some(&PhaseOutcome::Succeeded));
        assert_eq!(
            told.plan_json.as_ref().unwrap()["resource_changes"][0]["change"]["actions"][0],
            "delete"
        );
    });
    assert_eq!(backend.state().unwrap()["resources"], serde_json::json!([]));
    bench.run(bench.job(RunKind::Destroy)).await;
    bench
        .gateway
        .told(|told| assert_eq!(told.outcome(Phase::Plan), Some(&PhaseOutcome::NoChanges)));
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_runs_in_the_project_root_and_after_run_gets_no_credentials() {
    let mut bench = Bench::scripted(&[("deep/root/main.tf", CODE)], |_, phase| {
        let mut start = start(phase);
        start.credentials = vec![EnvVar::masked("AWS_SESSION_TOKEN", "the-credential")];
        start.before = vec!["echo before; export HOOKED=yes".into()];
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Task);
    job.source.project_root = "deep/root".into();
    job.command = Some("pwd; ls; echo hooked=$HOOKED; test -n \"$AWS_SESSION_TOKEN\"".into());
    job.after_run =
        vec!["echo after: ended=$ENDED hooked=$HOOKED credentials=[$AWS_SESSION_TOKEN]".into()];
    bench.run(job).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        assert_eq!(
            told.outcome(Phase::Perform),
            Some(&PhaseOutcome::Succeeded),
            "{log}"
        );
        assert!(
            log.contains("/mnt/workspace/source/deep/root\nmain.tf\nhooked=yes\n"),
            "{log}"
        );
        // What a hook of initialize exported reaches later phases.
        assert!(
            log.ends_with("after: ended=yes hooked=yes credentials=[]\n"),
            "{log}"
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_run_is_without_the_cloud_credentials_that_users_set() {
    let mut bench = Bench::scripted(&[("main.tf", CODE)], |_, phase| {
        let mut start = start(phase);
        start.env = vec![EnvVar::masked("AWS_SECRET_ACCESS_KEY", "key-of-a-user")];
        start.before = vec!["export AWS_PROFILE=from-a-hook HOOKED=yes".into()];
        start
    });
    bench.start();
    bench.gateway.told(|told| {
        told.release_env = vec![
            EnvVar::masked("AWS_SECRET_ACCESS_KEY", "key-of-a-user"),
            EnvVar::plain("ARM_CLIENT_ID", "of-a-user"),
            EnvVar::plain("ARM_SUBSCRIPTION_ID", "a-setting"),
            EnvVar::plain("REFERS", "to ${AWS_SECRET_ACCESS_KEY}"),
        ]
    });
    let mut job = bench.job(RunKind::Task);
    job.command = Some("echo $AWS_SECRET_ACCESS_KEY > left; echo task=$AWS_PROFILE".into());
    job.after_run = vec![
        "cat left; env | grep -E '^(AWS|ARM|REFERS|HOOKED)' | sort".into(),
        "true".into(),
    ];
    bench.run(job).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        let expected = "task=from-a-hook\n\
             after_run gets no cloud credentials: its environment is without ARM_CLIENT_ID, \
             AWS_PROFILE, AWS_SECRET_ACCESS_KEY\n\
             *****\n\
             ARM_SUBSCRIPTION_ID=a-setting\n\
             ARM_USE_CLI=false\nARM_USE_MSI=false\nAWS_EC2_METADATA_DISABLED=true\n\
             HOOKED=yes\nREFERS=to ${AWS_SECRET_ACCESS_KEY}\n";
        assert!(log.ends_with(expected), "{log}");
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_gets_the_state_that_could_not_be_stored() {
    let mut bench = Bench::new(&[("main.tf", CODE)]);
    bench.start();
    bench
        .gateway
        .told(|told| told.errored_state = Some("{\"kept\":1}".into()));
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.errored_state = true;
    job.command = Some("cat errored.tfstate".into());
    bench.run(job).await;
    bench.gateway.told(|told| {
        assert!(told.log_of(Phase::Perform).contains("{\"kept\":1}"));
        assert!(!told.finished.iter().any(|finished| finished.errored_state));
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_the_state_it_was_to_get_fails_and_says_so() {
    let mut bench = Bench::new(&[("main.tf", CODE)]);
    bench.start();
    // The stack was unlocked since the task was claimed.
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.errored_state = true;
    job.command = Some("true".into());
    bench.run(job).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Perform);
        assert!(
            reason.contains("did not give what the perform phase needs"),
            "{reason}"
        );
        assert_eq!(told.released.len(), 1);
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_in_logs_and_in_the_plans_json() {
    let code = r#"
variable "password" { sensitive = true }
variable "plain" {}
resource "terraform_data" "it" {
  input = { password = var.password, plain = var.plain }
}
"#;
    let backend = Backend::start().await;
    let files = [("main.tf", code), ("backend.tf", &backend.block()[..])];
    let mut bench = Bench::scripted(&files, |_, phase| {
        let mut start = start(phase);
        start.env = vec![
            EnvVar::plain("TF_VAR_password", "declared-sensitive"),
            EnvVar::masked("TF_VAR_plain", "declared-nowhere"),
        ];
        start.credentials = vec![EnvVar::masked("AWS_SECRET_ACCESS_KEY", "hunter22hunter")];
        // A secret in two pieces, with time between them.
        start.before = vec![
            "printf 'one hunter22'; sleep 0.3; echo 'hunter two'; echo $TF_VAR_plain | base64"
                .into(),
        ];
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Tracked);
    job.autodeploy = true;
    bench.run(job).await;
    bench.gateway.told(|told| {
        assert_eq!(told.outcome(Phase::Apply), Some(&PhaseOutcome::Succeeded));
        for phase in [Phase::Initialize, Phase::Plan, Phase::Apply] {
            let log = told.log_of(phase);
            assert!(log.contains("one ***** two"), "{log}");
            assert!(!log.contains("hunter22"), "{log}");
            assert!(!log.contains("declared-nowhere"), "{log}");
            assert!(!log.contains("ZGVjbGFyZWQtbm93aGVyZ"), "{log}");
        }
        let json = told.plan_json.as_ref().unwrap().to_string();
        assert!(!json.contains("declared-sensitive"), "{json}");
        assert!(!json.contains("declared-nowhere"), "{json}");
        assert!(json.contains("(sensitive value)"), "{json}");
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_another_configuration_inside_fails_the_run() {
    let mut bench = Bench::scripted(&[("main.tf", CODE)], |_, phase| {
        let mut start = start(phase);
        if phase == Phase::Plan {
            start.before = vec!["sed -i s/one/two/ main.tf".into()];
        }
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Tracked);
    job.autodeploy = true;
    bench.run(job).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Plan);
        assert!(
            reason.contains("does not match the configuration"),
            "{reason}"
        );
        assert!(reason.contains("main.tf"), "{reason}");
        assert!(told.plan.is_none());
        assert!(!told.events.contains(&"finished apply".to_owned()));
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_configuration_fails_with_the_exit_status_and_the_log() {
    let mut bench = Bench::new(&[("main.tf", "resource {")]);
    bench.start();
    bench.run(bench.job(RunKind::Proposed)).await;
    bench.gateway.told(|told| {
        assert_eq!(
            told.failure(Phase::Initialize),
            "`terraform init` failed with exit status 1"
        );
        let log = told.log_of(Phase::Initialize);
        assert!(log.contains("main.tf"), "{log}");
        assert!(
            log.ends_with("`terraform init` failed with exit status 1\n"),
            "{log}"
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_prepared_is_released_with_a_sentence() {
    let mut bench = Bench::new(&[("main.tf", CODE)]);
    bench.start();
    let said = |bench: &Bench| {
        bench
            .gateway
            .told(|told| told.released.last().unwrap().failed.clone().unwrap())
    };
    let mut job = bench.job(RunKind::Proposed);
    job.source.branch = "nowhere".into();
    bench.run(job).await;
    assert!(
        said(&bench).contains("has no branch `nowhere`"),
        "{}",
        said(&bench)
    );
    bench
        .gateway
        .told(|told| assert!(told.log(1).contains("has no branch `nowhere`")));

    let mut job = bench.job(RunKind::Proposed);
    job.source.url = "/etc".into();
    bench.run(job).await;
    assert!(
        said(&bench).contains("is not below a directory"),
        "{}",
        said(&bench)
    );

    let mut job = bench.job(RunKind::Proposed);
    job.tool.version = Some("0.0.1".into());
    bench.run(job).await;
    assert!(
        said(&bench).contains("terraform 0.0.1 is not installed"),
        "{}",
        said(&bench)
    );

    // Found only while the server was issuing: then a phase has begun, and fails.
    let mut job = bench.job(RunKind::Proposed);
    job.source.project_root = "missing".into();
    bench.run(job).await;
    bench.gateway.told(|told| {
        assert!(
            told.failure(Phase::Initialize)
                .contains("has no directory `missing`")
        );
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_end_early_are_spoken_of_at_that_moment() {
    let mut bench = Bench::scripted(&[("main.tf", CODE)], |_, phase| {
        let mut start = start(phase);
        start.credentials_expire = Some(0);
        start.notices = vec!["This phase uses nobody".into()];
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Task);
    job.skip_initialization = true;
    job.command = Some("sleep 0.2; echo done".into());
    bench.run(job).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Perform);
        assert!(
            log.starts_with("This phase uses nobody\nWARNING: the credentials"),
            "{log}"
        );
        assert!(log.contains("ended at 1970-01-01 00:00:00 UTC"), "{log}");
        assert!(log.ends_with("done\n"), "{log}");
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_errored_state_that_came_with_the_code_is_nobodys() {
    let mut bench = Bench::new(&[("main.tf", ""), ("errored.tfstate", "{}")]);
    bench.start();
    bench.run(bench.job(RunKind::Proposed)).await;
    bench.gateway.told(|told| {
        assert_eq!(told.outcome(Phase::Plan), Some(&PhaseOutcome::NoChanges));
        assert!(told.errored_state.is_none());
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_that_plan_built_travel_to_a_later_apply_and_nothing_else_does() {
    let backend = Backend::start().await;
    let files = [("main.tf", CODE), ("backend.tf", &backend.block()[..])];
    let mut bench = Bench::scripted(&files, |_, phase| {
        let mut start = start(phase);
        start.before = match phase {
            Phase::Plan => vec!["mkdir out; echo zip > out/a.zip; echo env > out/.env; echo x > extra.bin; echo y > y.txt".into()],
            Phase::Apply => vec!["find . -type f -newer main.tf | sort; cat out/a.zip extra.bin".into()],
            _ => vec![],
        };
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Tracked);
    job.carry = vec!["*.bin".into()];
    bench.run(job.clone()).await;
    bench.end("a restart").await;
    bench.start();
    bench.run(bench.later(&job, Start::Apply)).await;
    bench.gateway.told(|told| {
        let log = told.log_of(Phase::Apply);
        assert_eq!(
            told.outcome(Phase::Apply),
            Some(&PhaseOutcome::Succeeded),
            "{log}"
        );
        assert!(log.contains("zip\nx\n"), "{log}");
        assert!(!log.contains("y.txt") && !log.contains(".env"), "{log}");
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_selected_after_initialize() {
    let mut bench = Bench::new(&[("main.tf", "output \"it\" { value = terraform.workspace }")]);
    bench.start();
    let mut job = bench.job(RunKind::Proposed);
    job.workspace = Some("blue".into());
    bench.run(job).await;
    bench.gateway.told(|told| {
        assert_eq!(
            told.outcome(Phase::Plan),
            Some(&PhaseOutcome::Changes),
            "{}",
            told.log_of(Phase::Initialize)
        );
        assert_eq!(
            told.plan_json.as_ref().unwrap()["planned_values"]["outputs"]["it"]["value"],
            "blue"
        );
    });
    bench.end("test").await;
}
