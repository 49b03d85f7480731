use std::time::{Duration, Instant};

use gantry_worker::child::{Command, Ending, Outcome, Tree};
use gantry_worker::hooks::PhaseHooks;
use gantry_worker::workspace::Workspace;

use crate::stage::{Stage, launch, shell, tool};

#[tokio::test]
async fn both_outputs_come_in_their_order() {
    let stage = Stage::new();
    let text = "for n in 1 2 3; do echo out $n; echo err $n >&2; done; exit 3";
    let (ended, output) = stage.child(shell(stage.run(&[]).initialize(), text)).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 3 });
    assert_eq!(ended.tree, Tree::Gone);
    assert_eq!(output, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

#[tokio::test]
async fn a_large_output_arrives_whole() {
    let stage = Stage::new();
    let (_, output) = stage
        .child(shell(stage.run(&[]).initialize(), "seq 200000"))
        .await;
    assert_eq!(output.lines().count(), 200_000);
    assert!(output.ends_with("199999\n200000\n"));
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_no_exit_status() {
    let stage = Stage::new();
    let program = Command::Program(vec!["/bin/there-is-no-such-thing".to_owned()]);
    let (ended, _) = stage
        .child(launch(stage.run(&[]).initialize(), program))
        .await;
    let Outcome::SpawnFailed { reason } = ended.outcome else {
        panic!("{:?}", ended.outcome)
    };
    assert!(reason.contains("there-is-no-such-thing"), "{reason}");
}

#[tokio::test]
async fn a_crash_is_told_apart() {
    let stage = Stage::new();
    let (ended, _) = stage
        .child(shell(stage.run(&[]).initialize(), "kill -SEGV $$"))
        .await;
    assert_eq!(
        ended.outcome,
        Outcome::Killed {
            signal: libc::SIGSEGV
        }
    );
}

#[tokio::test]
async fn silence_and_time_end_a_child() {
    let stage = Stage::new();
    let workspace = stage.run(&[]);
    let mut quiet = shell(workspace.initialize(), "echo x; sleep 60");
    quiet.limits.silence = Some(Duration::from_millis(300));
    let (ended, _) = stage.child(quiet).await;
    let Outcome::Silence {
        ending: Ending::InOrder { .. },
        ..
    } = ended.outcome
    else {
        panic!("{:?}", ended.outcome)
    };
    let mut long = shell(workspace.initialize(), "while sleep 0.05; do echo x; done");
    // Far apart, so that a busy machine does not make silence out of waiting.
    long.limits.wall = Duration::from_secs(4);
    long.limits.silence = Some(Duration::from_millis(3_900));
    let (ended, output) = stage.child(long).await;
    let Outcome::TimeLimit {
        ending: Ending::InOrder { .. },
        ..
    } = ended.outcome
    else {
        panic!("{:?} {output}", ended.outcome)
    };
}

#[tokio::test]
async fn a_hook_that_never_ends_is_ended() {
    let stage = Stage::new();
    let mut launch = shell(stage.run(&[]).initialize(), "echo command");
    launch.hooks = PhaseHooks {
        before: vec!["trap '' INT TERM; while :; do sleep 1; done".to_owned()],
        after: vec![],
    };
    launch.limits.wall = Duration::from_millis(200);
    launch.limits.grace = Duration::from_millis(100);
    let before = Instant::now();
    let (ended, output) = stage.child(launch).await;
    let Outcome::TimeLimit {
        ending: Ending::Forced,
        ..
    } = ended.outcome
    else {
        panic!("{:?}", ended.outcome)
    };
    assert_eq!(ended.tree, Tree::Gone);
    assert!(before.elapsed() < Duration::from_secs(9));
    assert_eq!(output, "");
}

#[tokio::test]
async fn a_stop_before_the_start_counts() {
    let stage = Stage::new();
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    let launch = shell(stage.run(&[]).initialize(), "sleep 60");
    let (ended, _) = stage.stoppable(launch, stop, |_| false).await;
    let Outcome::Stopped(_) = ended.outcome else {
        panic!("{:?}", ended.outcome)
    };
}

const SLOW: &str = r#"
resource "terraform_data" "first" {
  input = "saved"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo working; exec sleep 60"
  }
}
"#;

async fn initialized(stage: &Stage) -> Workspace {
    let workspace = stage.run(&[("main.tf", SLOW)]);
    let (ended, output) = stage
        .child(tool(
            stage,
            workspace.initialize(),
            &["init", "-input=false", "-no-color"],
        ))
        .await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    workspace.seal().unwrap();
    workspace
}

/// SIGINT while a resource is being made: Terraform stops, and saves what it has.
async fn interrupted_apply(hooks: PhaseHooks) -> String {
    let stage = Stage::new();
    let workspace = initialized(&stage).await;
    let mut launch = tool(
        &stage,
        workspace.perform(),
        &["apply", "-auto-approve", "-no-color", "-input=false"],
    );
    launch.hooks = hooks;
    let stop = tokio_util::sync::CancellationToken::new();
    let before = Instant::now();
    let (ended, output) = stage
        .stoppable(launch, stop, |text| text.contains("working"))
        .await;
    assert_eq!(
        ended.outcome,
        Outcome::Stopped(Ending::InOrder { status: Some(1) }),
        "{output}"
    );
    assert_eq!(ended.tree, Tree::Gone);
    assert!(before.elapsed() < Duration::from_secs(9), "{output}");
    assert_eq!(output.matches("Interrupt received").count(), 1, "{output}");
    assert!(!output.contains("Two interrupts"), "{output}");
    let state = workspace
        .read_clean("terraform.tfstate", 1 << 20)
        .unwrap()
        .unwrap();
    assert!(String::from_utf8_lossy(&state).contains("saved"));
    output
}

#[tokio::test]
async fn a_stopped_apply_ends_in_order() {
    interrupted_apply(PhaseHooks::default()).await;
}

#[tokio::test]
async fn a_stopped_apply_with_hooks_ends_in_order() {
    let hooks = PhaseHooks {
        before: vec!["sleep 61 & export X=1".to_owned()],
        after: vec!["echo after-hook".to_owned()],
    };
    let output = interrupted_apply(hooks).await;
    assert!(!output.contains("after-hook"), "{output}");
}

#[tokio::test]
async fn a_stopped_task_gets_the_signal_as_from_a_terminal() {
    let stage = Stage::new();
    let workspace = initialized(&stage).await;
    let mut launch = tool(&stage, workspace.perform(), &[]);
    launch.command = Command::Shell(
        "terraform apply -auto-approve -no-color -input=false; echo not reached".to_owned(),
    );
    let stop = tokio_util::sync::CancellationToken::new();
    let (ended, output) = stage
        .stoppable(launch, stop, |text| text.contains("working"))
        .await;
    let Outcome::Stopped(Ending::InOrder { .. }) = ended.outcome else {
        panic!("{:?} {output}", ended.outcome)
    };
    // What it runs got the signal too, and may have failed before Terraform spoke of its own.
    assert!(
        output.matches("Interrupt received").count() <= 1,
        "{output}"
    );
    assert!(!output.contains("not reached"), "{output}");
    assert!(!output.contains("Two interrupts"), "{output}");
    let state = workspace
        .read_clean("terraform.tfstate", 1 << 20)
        .unwrap()
        .unwrap();
    assert!(String::from_utf8_lossy(&state).contains("saved"));
}

#[tokio::test]
async fn a_reader_that_is_gone_does_not_hold_the_child() {
    let stage = Stage::new();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    drop(receiver);
    let launch = shell(stage.run(&[]).initialize(), "seq 100000");
    let ended = gantry_worker::child::run(&stage.sandbox, launch, sender, Default::default()).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 });
}

#[tokio::test]
async fn giving_up_waiting_kills_the_child() {
    let stage = Stage::new();
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let launch = shell(stage.run(&[]).initialize(), "echo ready; sleep 4343");
    let run = gantry_worker::child::run(&stage.sandbox, launch, sender, Default::default());
    tokio::select! {
        _ = run => panic!("it ended"),
        chunk = receiver.recv() => assert!(chunk.is_some()),
    }
    // The output ends when its last writer does.
    while receiver.recv().await.is_some() {}
}

#[tokio::test]
async fn without_a_sandbox_the_same_rules_hold() {
    let stage = Stage::insecure();
    let workspace = stage.run(&[]);
    let mut launch = shell(
        workspace.initialize(),
        // A shell that waits for a program may go on after it; this one is interrupted itself.
        "env | cut -d= -f1 | sort | tr '\\n' ' '; echo now; while :; do :; done",
    );
    launch.hooks = PhaseHooks {
        before: vec!["export FROM_HOOK=1".to_owned()],
        after: vec![],
    };
    launch.limits.grace = Duration::from_secs(2);
    let stop = tokio_util::sync::CancellationToken::new();
    let (ended, output) = stage
        .stoppable(launch, stop, |text| text.contains("now"))
        .await;
    let Outcome::Stopped(Ending::InOrder { .. }) = ended.outcome else {
        panic!("{:?} {output}", ended.outcome)
    };
    assert_eq!(ended.tree, Tree::Unknown);
    assert_eq!(output, "FROM_HOOK HOME PATH PWD TMPDIR now\n");
}
