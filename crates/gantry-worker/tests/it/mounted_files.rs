//! Mounted files: where children find them, and what becomes of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_core::protocol::*;
use gantry_core::run::{Phase, RunKind};
use gantry_worker::mounted_files::MountedFiles;
use gantry_worker::plan_file::Engine;

use crate::backend::Backend;
use crate::bench::Bench;
use crate::gateway::start;
use crate::stage::{Stage, tool};

fn file(path: &str, content: &str, masked: bool) -> MountedFile {
    MountedFile {
        path: path.into(),
        content: WireSecret::new(STANDARD.encode(content)),
        masked,
    }
}

fn mounted(files: &[(&str, &str)]) -> MountedFiles {
    let files: Vec<MountedFile> = files
        .iter()
        .map(|(path, content)| file(path, content, false))
        .collect();
    MountedFiles::decode(&files).unwrap()
}

#[tokio::test]
async fn files_are_the_runs_own_and_beside_the_checkout_not_on_disk() {
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", ""), ("taken.txt", "of the repository")]);
    let files = mounted(&[
        ("kube/config", "beside"),
        ("source/deep/er/in.txt", "inside"),
        ("source/taken.txt", "mounted"),
    ]);
    workspace.mount(&files).unwrap();
    let view = || workspace.perform().with_files(&files.beside);
    let seen = stage
        .sh(
            view(),
            "cat /mnt/workspace/kube/config ../kube/config deep/er/in.txt taken.txt; echo; \
             stat -c '%a %u' ../kube/config deep/er/in.txt; id -u; echo changed > ../kube/config",
        )
        .await;
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], "besidebesideinsidemounted");
    let uid = lines[3];
    assert_eq!(lines[1..3], [format!("600 {uid}"), format!("600 {uid}")]);
    // Each child has them anew.
    assert_eq!(stage.sh(view(), "cat ../kube/config").await, "beside");
    let on_disk = std::process::Command::new("grep")
        .args(["-r", "beside"])
        .arg(stage.directory.path())
        .output()
        .unwrap();
    assert!(on_disk.stdout.is_empty(), "{on_disk:?}");
    workspace.remove().unwrap();
    let left = std::fs::read_dir(stage.sandbox.runs()).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn without_a_sandbox_they_lie_beside_the_checkout_all_the_same() {
    let stage = Stage::insecure();
    let workspace = stage.run(&[("main.tf", "")]);
    let files = mounted(&[("kube/config", "beside")]);
    workspace.mount(&files).unwrap();
    let view = workspace.perform().with_files(&files.beside);
    assert_eq!(stage.sh(view, "cat ../kube/config").await, "beside");
    let refused = workspace.mount(&mounted(&[("sealed/tfplan", "evil")]));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("that name is taken")
    );
}

#[tokio::test]
async fn each_phase_finds_them_as_the_server_sent_them() {
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", "")]);
    let first = mounted(&[("source/a.txt", "a"), ("source/b.txt", "b")]);
    workspace.mount(&first).unwrap();
    // A child that does what it can to steer a later phase.
    let attack = "ln -sf /etc/passwd a.txt; rm b.txt; ln -s /etc c; mkdir -p d; echo evil > d/e; \
                  chmod 0 d/e";
    stage.sh(workspace.initialize(), attack).await;
    let second = mounted(&[("source/a.txt", "again"), ("source/d/e", "mounted")]);
    workspace.mount(&second).unwrap();
    let seen = stage
        .sh(
            workspace.perform(),
            "cat a.txt d/e; test -e b.txt || echo; echo gone",
        )
        .await;
    assert_eq!(seen, "againmounted\ngone\n");
    // Through a link, or over a directory, nothing is written.
    for (path, part) in [
        ("source/c/evil", "must be a plain directory"),
        ("source/d", "the repository has a directory of that name"),
    ] {
        let files = [("source/a.txt", ""), ("source/d/e", ""), (path, "x")];
        let refused = workspace.mount(&mounted(&files)).unwrap_err();
        assert!(refused.to_string().contains(part), "{refused}");
    }
    assert!(!std::path::Path::new("/etc/evil").exists());
    // What took the place of a file of the repository can't just go.
    let workspace = stage.run(&[("other.txt", "of the repository")]);
    let over = mounted(&[("source/other.txt", "mounted")]);
    workspace.mount(&over).unwrap();
    let refused = workspace.mount(&MountedFiles::default()).unwrap_err();
    assert!(
        refused.to_string().contains("trigger a new run"),
        "{refused}"
    );
}

#[tokio::test]
async fn mounted_configuration_is_part_of_what_a_plan_is_checked_against() {
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", "variable \"text\" {}\n")]);
    let files = mounted(&[
        (
            "source/extra.tf",
            "resource \"terraform_data\" \"extra\" {\n  input = var.text\n}\n",
        ),
        ("source/extra.auto.tfvars", "text = \"mounted\"\n"),
    ]);
    workspace.mount(&files).unwrap();
    let run = async |view, arguments: &[&str]| {
        let (ended, output) = stage.child(tool(&stage, view, arguments)).await;
        (ended.outcome, output)
    };
    run(
        workspace.initialize(),
        &["init", "-input=false", "-no-color"],
    )
    .await;
    workspace.seal().unwrap();
    let view = workspace.plan().unwrap();
    let out = format!("-out={}", view.plan_file().display());
    let (_, output) = run(view, &["plan", "-input=false", "-no-color", &out]).await;
    assert!(output.contains("1 to add"), "{output}");
    let plan = workspace.take_plan_file(1 << 20).unwrap();
    let checked = workspace.check_plan(&plan, Engine::Terraform, None);
    workspace.put_plan(&checked.unwrap()).unwrap();
    // Another content by now: the plan is not of this configuration.
    let other = mounted(&[("source/extra.tf", "")]);
    workspace.mount(&other).unwrap();
    let refused = workspace.check_plan(&plan, Engine::Terraform, None);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("extra.tf"), "{refused}");
    workspace.mount(&files).unwrap();
    let view = workspace.apply(&[]).unwrap();
    let plan = view.plan_file().display().to_string();
    let (_, output) = run(view, &["apply", "-input=false", "-no-color", &plan]).await;
    assert!(output.contains("1 added"), "{output}");
}

const CODE: &str = r#"
resource "terraform_data" "it" {
  input = filesha256("/mnt/workspace/key.pem")
}
"#;

/// Written to the log by whoever finds the file.
const SHOW: &str = "echo \"$0 sees:\"; cat /mnt/workspace/key.pem; base64 -w0 /mnt/workspace/key.pem; \
                    echo; cat ../plain.txt";

#[tokio::test(flavor = "multi_thread")]
async fn secret_files_are_there_in_every_phase_and_in_no_log() {
    let backend = Backend::start().await;
    let files = [("main.tf", CODE), ("backend.tf", &backend.block()[..])];
    let mut bench = Bench::scripted(&files, |_, phase| {
        let mut start = start(phase);
        start.files = vec![
            file("key.pem", "canary-line-one\ncanary-line-two\n", true),
            file("plain.txt", "plain text\n", false),
        ];
        start.before = vec![SHOW.into()];
        start
    });
    bench.start();
    let mut job = bench.job(RunKind::Tracked);
    job.autodeploy = true;
    bench.run(job).await;
    let mut task = bench.job(RunKind::Task);
    task.command = Some("test -s /mnt/workspace/key.pem && echo performed".into());
    bench.run(task).await;
    bench.gateway.told(|told| {
        for phase in [Phase::Initialize, Phase::Plan, Phase::Apply, Phase::Perform] {
            let log = told.log_of(phase);
            assert!(
                told.outcome(phase)
                    .is_some_and(|o| !matches!(o, PhaseOutcome::Failed { .. })),
                "{log}"
            );
            assert!(log.contains("plain text"), "{phase}: {log}");
            assert!(log.contains("*****"), "{phase}: {log}");
            assert!(!log.contains("canary"), "{phase}: {log}");
            let encoded = STANDARD.encode("canary-line-one\ncanary-line-two\n");
            assert!(!log.contains(&encoded), "{phase}: {log}");
        }
        assert!(told.log_of(Phase::Perform).contains("performed"));
    });
    bench.end("test").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_not_be_placed_fails_its_phase() {
    let mut bench = Bench::scripted(&[("modules/main.tf", "")], |_, phase| {
        let mut start = start(phase);
        start.files = vec![file("source/modules", "x", false)];
        start
    });
    bench.start();
    let job = bench.job(RunKind::Proposed);
    bench.run(job).await;
    bench.gateway.told(|told| {
        let reason = told.failure(Phase::Initialize);
        assert!(
            reason.contains("`source/modules` can't be placed"),
            "{reason}"
        );
    });
    bench.end("test").await;
}
