use gantry_worker::child::{Command, Outcome};
use gantry_worker::hooks::{HookName, PhaseHooks, When};
use secrecy::{ExposeSecret, SecretString};

use crate::stage::{Stage, launch, shell, tool};

fn hooks(before: &[&str], after: &[&str]) -> PhaseHooks {
    let own = |list: &[&str]| list.iter().map(|hook| (*hook).to_owned()).collect();
    PhaseHooks {
        before: own(before),
        after: own(after),
    }
}

async fn run(before: &[&str], text: &str, after: &[&str]) -> (Outcome, String) {
    let stage = Stage::new();
    let mut launch = shell(stage.run(&[]).initialize(), text);
    launch.hooks = hooks(before, after);
    let (ended, output) = stage.child(launch).await;
    (ended.outcome, output)
}

const FIRST: HookName = HookName {
    when: When::Before,
    index: 0,
};

#[tokio::test]
async fn exports_and_directory_of_a_before_hook_reach_the_command() {
    let (outcome, output) = run(
        &["export A=1", "# only a comment", "cd /tmp \\"],
        "echo \"$A $PWD\"; exit 0",
        &["echo after $A"],
    )
    .await;
    assert_eq!(outcome, Outcome::Exited { status: 0 }, "{output}");
    assert_eq!(output, "1 /tmp\nafter 1\n");
}

#[tokio::test]
async fn a_failing_hook_keeps_the_command_from_starting() {
    let (outcome, output) = run(&["echo one; (exit 3)", "echo two"], "echo command", &[]).await;
    assert_eq!(
        outcome,
        Outcome::HookFailed {
            hook: FIRST,
            status: 3,
            command: None
        }
    );
    assert_eq!(output, "one\n");
}

#[tokio::test]
async fn a_hook_that_exits_does_not_pass_for_the_command() {
    let (outcome, output) = run(&["exit 0"], "echo command", &[]).await;
    assert_eq!(
        outcome,
        Outcome::HookEndedShell {
            hook: Some(FIRST),
            status: 0,
            command: None
        }
    );
    assert!(
        outcome.to_string().starts_with("a hook ended the shell"),
        "{outcome}"
    );
    assert_eq!(output, "");
    let (outcome, _) = run(&["exec true"], "echo command", &[]).await;
    assert_eq!(
        outcome,
        Outcome::HookEndedShell {
            hook: Some(FIRST),
            status: 0,
            command: None
        }
    );
    let (outcome, _) = run(&["if"], "echo command", &[]).await;
    let Outcome::HookEndedShell {
        hook: None,
        command: None,
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    // Its own `terraform`, its own status: the mark counts only after a command was started.
    let (outcome, _) = run(&["echo 'command 0' >&9; exit 0"], "echo command", &[]).await;
    assert_eq!(
        outcome,
        Outcome::HookEndedShell {
            hook: Some(FIRST),
            status: 0,
            command: None
        }
    );
}

#[tokio::test]
async fn a_failing_after_hook_is_told_apart_from_the_command() {
    let (outcome, _) = run(&[], "true", &["true", "exit 4"]).await;
    let hook = HookName {
        when: When::After,
        index: 1,
    };
    assert_eq!(
        outcome,
        Outcome::HookEndedShell {
            hook: Some(hook),
            status: 4,
            command: Some(0)
        }
    );
    let (outcome, _) = run(&[], "true", &["(exit 5)"]).await;
    let hook = HookName {
        when: When::After,
        index: 0,
    };
    assert_eq!(
        outcome,
        Outcome::HookFailed {
            hook,
            status: 5,
            command: Some(0)
        }
    );
    let (outcome, output) = run(&[], "exit 6", &["echo after"]).await;
    assert_eq!(
        (outcome, output.as_str()),
        (Outcome::Exited { status: 6 }, "")
    );
}

#[tokio::test]
async fn the_command_cannot_write_marks() {
    let text = "for n in 6 7 8 9; do test -e /dev/fd/$n && echo $n; done; true";
    let (_, output) = run(&["true"], text, &[]).await;
    assert_eq!(output, "6\n", "only the task's own text is open");
}

#[tokio::test]
async fn hooks_can_run_alone() {
    let stage = Stage::new();
    let mut launch = launch(stage.run(&[]).initialize(), Command::Nothing);
    launch.hooks = hooks(&["echo one", "(exit 2)", "echo three"], &[]);
    let (ended, output) = stage.child(launch).await;
    let hook = HookName {
        when: When::Before,
        index: 1,
    };
    assert_eq!(
        ended.outcome,
        Outcome::HookFailed {
            hook,
            status: 2,
            command: None
        }
    );
    assert_eq!(output, "one\n");
}

#[tokio::test]
async fn what_hooks_export_is_captured() {
    let stage = Stage::new();
    let mut launch = shell(stage.run(&[]).initialize(), "export LOST=1");
    launch.environment = vec![
        ("SAME".to_owned(), SecretString::from("same")),
        ("CHANGED".to_owned(), SecretString::from("old")),
    ];
    launch.hooks = hooks(
        &["export CHANGED=new; export SAME; plain=1; export PATH=$PATH:/x"],
        &["export LINES='a\nb'"],
    );
    launch.capture_exports = true;
    let (ended, output) = stage.child(launch).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    let mut exports: Vec<(&str, &str)> = ended
        .exports
        .iter()
        .map(|(n, v)| (n.as_str(), v.expose_secret()))
        .collect();
    exports.sort_unstable();
    assert_eq!(exports, [("CHANGED", "new"), ("LINES", "a\nb")]);
}

#[tokio::test]
async fn a_plan_with_changes_is_a_success_for_its_hooks() {
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", "output \"a\" {\n  value = 1\n}\n")]);
    let (ended, output) = stage
        .child(tool(
            &stage,
            workspace.initialize(),
            &["init", "-input=false", "-no-color"],
        ))
        .await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    workspace.seal().unwrap();
    let view = workspace.plan().unwrap();
    let out = format!("-out={}", view.plan_file().display());
    let mut launch = tool(
        &stage,
        view,
        &["plan", "-detailed-exitcode", "-no-color", &out],
    );
    launch.hooks = hooks(&["export TF_LOG="], &["echo after the plan"]);
    let (ended, output) = stage.child(launch).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 2 }, "{output}");
    assert!(output.ends_with("after the plan\n"), "{output}");
}
