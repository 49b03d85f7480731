//! A box that stands ready behaves like one that is built for its child.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gantry_worker::child::{Command, Ended, Ending, Launch, Outcome, Standby};
use gantry_worker::hooks::PhaseHooks;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::stage::{Stage, launch};

fn call(stage: &Stage, tool: &str, arguments: &[&str]) -> Launch {
    let mut call = launch(
        stage.run(&[]).initialize(),
        Command::Tool {
            arguments: arguments
                .iter()
                .map(|argument| (*argument).to_owned())
                .collect(),
            changes_are_two: false,
        },
    );
    call.tool = Some(PathBuf::from(tool));
    call
}

async fn standing_by(stage: &Stage, launch: &Launch) -> Standby {
    let tool = launch.tool.as_deref().unwrap_or(Path::new("/usr/bin/true"));
    Standby::start(&stage.sandbox, launch.view.clone(), tool)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
        .expect("there is a sandbox")
}

/// Runs it in a box that stood by, and says whether it was that box.
async fn ready(stage: &Stage, mut launch: Launch) -> (Ended, String, bool) {
    let standby = standing_by(stage, &launch).await;
    let pid = standby.pid().unwrap().cast_signed();
    let (processes, mut started) = mpsc::unbounded_channel();
    launch.processes = Some(processes);
    launch.standby = Some(standby);
    let (ended, output) = stage.child(launch).await;
    let used = started.recv().await == Some(pid);
    (ended, output, used)
}

fn environment(of: &[(&str, &str)]) -> Vec<(String, SecretString)> {
    of.iter()
        .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)))
        .collect()
}

const ODD: &[(&str, &str)] = &[
    ("QUOTES", "it's \"so\" '' `so` $HOME $(id) ${IFS} \\ \\n"),
    ("LINES", "one\ntwo\r\n\nfour\n"),
    ("LETTERS", "Á é \u{81} \u{88} 漢字"),
    ("EMPTY", ""),
    ("TF_VAR_a", "# no comment; no && end | of > it"),
    ("_under", "-n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_the_one_that_was_given() {
    let stage = Stage::new();
    let mut call = call(&stage, "/usr/bin/env", &["-0"]);
    call.environment = environment(ODD);
    call.environment
        .extend(environment(&[("LONG", &"x'y ".repeat(30_000))]));
    let given = call.environment.clone();
    let view = call.view.clone();
    let (ended, output, used) = ready(&stage, call).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    assert!(used);
    let lines: BTreeSet<&str> = output.split_terminator('\0').collect();
    for (name, value) in &given {
        let line = format!("{name}={}", value.expose_secret());
        assert!(lines.contains(line.as_str()), "{name} came otherwise");
    }

    let mut plain = launch(
        view,
        Command::Tool {
            arguments: vec!["-0".to_owned()],
            changes_are_two: false,
        },
    );
    plain.tool = Some("/usr/bin/env".into());
    plain.environment = given;
    let (_, without) = stage.child(plain).await;
    let without: BTreeSet<&str> = without.split_terminator('\0').collect();
    assert_eq!(lines, without);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tool_gets_no_descriptor_of_ours() {
    let stage = Stage::new();
    let (ended, output, used) =
        ready(&stage, call(&stage, "/usr/bin/ls", &["/proc/self/fd"])).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    assert!(used);
    // 3 is the directory itself.
    assert_eq!(
        output.split_whitespace().collect::<Vec<_>>(),
        ["0", "1", "2", "3"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_surround_the_tool_and_export() {
    let stage = Stage::new();
    let mut call = call(&stage, "/usr/bin/echo", &["the tool"]);
    call.environment = environment(&[("GIVEN", "it's given")]);
    call.hooks = PhaseHooks {
        before: vec!["echo \"before, $GIVEN\"; export MADE=here".to_owned()],
        after: vec!["echo after; ls /proc/self/fd >&2".to_owned()],
    };
    call.capture_exports = true;
    let (ended, output, used) = ready(&stage, call).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    assert!(used);
    assert!(
        output.starts_with("before, it's given\nthe tool\nafter\n"),
        "{output}"
    );
    let exports: Vec<(&str, &str)> = ended
        .exports
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()))
        .collect();
    assert_eq!(exports, [("MADE", "here")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_hook_is_named() {
    let stage = Stage::new();
    let mut call = call(&stage, "/usr/bin/echo", &["the tool"]);
    call.hooks.before = vec!["exit 3".to_owned()];
    let (ended, output, used) = ready(&stage, call).await;
    assert!(used);
    assert!(
        matches!(ended.outcome, Outcome::HookEndedShell { status: 3, .. }),
        "{:?} {output}",
        ended.outcome
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shell_would_not_hand_on_needs_another_box() {
    let stage = Stage::new();
    for (name, value) in [
        ("IFS", "x"),
        ("OPTIND", "no number"),
        ("UID", "7"),
        ("with-dash", "1"),
        ("PS4", "$(id)"),
    ] {
        let mut call = call(&stage, "/usr/bin/env", &["-0"]);
        call.environment = environment(&[(name, value)]);
        let (ended, output, used) = ready(&stage, call).await;
        assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
        assert!(!used, "{name}");
        let line = format!("{name}={value}");
        assert!(
            output.split_terminator('\0').any(|found| found == line),
            "{output}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_with_another_view_is_taken_down() {
    let stage = Stage::new();
    let other = call(&stage, "/usr/bin/true", &[]);
    let standby = standing_by(&stage, &other).await;
    let pid = standby.pid().unwrap();
    let mut call = call(&stage, "/usr/bin/true", &[]);
    call.standby = Some(standby);
    let (ended, output) = stage.child(call).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 }, "{output}");
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_broke_down_is_replaced() {
    let stage = Stage::new();
    let mut call = call(&stage, "/usr/bin/echo", &["here"]);
    let standby = standing_by(&stage, &call).await;
    let pid = standby.pid().unwrap().cast_signed();
    let watched = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(watched, nix::sys::signal::Signal::SIGKILL).unwrap();
    // Dead, and not reaped: that is up to the box.
    let dead = || {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            stat.rsplit_once(')')
                .is_some_and(|(_, rest)| rest.starts_with(" Z"))
        })
    };
    while !dead() {
        tokio::task::yield_now().await;
    }
    call.standby = Some(standby);
    let (ended, output) = stage.child(call).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 0 });
    assert_eq!(output, "here\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_interrupts_the_tool() {
    let stage = Stage::new();
    let mut call = call(
        &stage,
        "/usr/bin/bash",
        &[
            "-c",
            "trap 'echo asked; exit 0' INT; echo begun; while :; do sleep 0.05; done",
        ],
    );
    call.standby = Some(standing_by(&stage, &call).await);
    let (ended, output) = stage
        .stoppable(call, CancellationToken::new(), |text| {
            text.contains("begun")
        })
        .await;
    assert_eq!(
        ended.outcome,
        Outcome::Stopped(Ending::InOrder { status: Some(0) }),
        "{output}"
    );
    assert!(output.ends_with("asked\n"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_nothing_stands_by() {
    let stage = Stage::insecure();
    let view = stage.run(&[]).initialize();
    let standby = Standby::start(&stage.sandbox, view, Path::new("/usr/bin/true")).await;
    assert!(matches!(standby, Ok(None)));
}
