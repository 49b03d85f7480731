//! What the plan phase leaves has no effect in apply.

use gantry_worker::child::Outcome;
use gantry_worker::cli_config::ProviderInstallation;
use gantry_worker::hooks::PhaseHooks;
use gantry_worker::plan_file::Engine;
use gantry_worker::sandbox::SandboxMode;
use gantry_worker::workspace::{Carry, Source, View, Workspace};

use crate::stage::{Stage, tool};

const MAIN: &str = r#"
module "inner" {
  source = "../modules/inner"
}
resource "terraform_data" "it" {
  input = "honest"
  provisioner "local-exec" {
    command = "echo applied honest; ls"
  }
}
"#;

const FILES: &[(&str, &str)] = &[
    ("live/prod/main.tf", MAIN),
    (
        "live/modules/inner/main.tf",
        "output \"a\" {\n  value = 1\n}\n",
    ),
    ("live/prod/build.sh", "echo honest build\n"),
];

async fn step(
    stage: &Stage,
    view: View,
    arguments: &[&str],
    hooks: PhaseHooks,
) -> (Outcome, String) {
    let mut launch = tool(stage, view, arguments);
    launch.hooks = hooks;
    let (ended, output) = stage.child(launch).await;
    (ended.outcome, output)
}

fn before(hook: &str) -> PhaseHooks {
    PhaseHooks {
        before: vec![hook.to_owned()],
        after: vec![],
    }
}

async fn initialized(stage: &Stage) -> Workspace {
    let workspace = stage.run_at("live/prod", FILES);
    let arguments = ["init", "-input=false", "-no-color"];
    let (outcome, output) = step(
        stage,
        workspace.initialize(),
        &arguments,
        PhaseHooks::default(),
    )
    .await;
    assert_eq!(outcome, Outcome::Exited { status: 0 }, "{output}");
    workspace.seal().unwrap();
    workspace
}

/// Plans with hooks as the attacker; returns the plan file.
async fn planned(stage: &Stage, workspace: &Workspace, hooks: PhaseHooks) -> Vec<u8> {
    let view = workspace.plan().unwrap();
    let out = format!("-out={}", view.plan_file().display());
    let arguments = [
        "plan",
        "-detailed-exitcode",
        "-input=false",
        "-no-color",
        &out,
    ];
    let (outcome, output) = step(stage, view, &arguments, hooks).await;
    assert_eq!(outcome, Outcome::Exited { status: 2 }, "{output}");
    workspace.take_plan_file(1 << 20).unwrap()
}

/// Everything of it succeeds or is refused by the file system; then the files are as they were, so that
/// the plan itself is honest.
const ATTACK: &str = r#"
cp main.tf /tmp/main.tf
mkdir -p added/.hidden ../modules/new
echo PK > added/lambda.zip
echo PK > added/.hidden/x.zip
chmod +x build.sh; echo 'echo evil build' > build.sh
echo '{"resource":{"terraform_data":{"evil":{"provisioner":{"local-exec":{"command":"echo applied evil"}}}}}}' > late.tf.json.later
ln -s /etc/passwd link.zip
echo 'import os' > boto3.py
echo evil > ../modules/inner/evil.tf.later
touch .terraform/canary 2>/dev/null && echo WRITABLE
mv .terraform aside 2>/dev/null && echo MOVED
rm -rf .terraform 2>/dev/null; test -e .terraform/modules || echo REMOVED
true
"#;

/// What plan can't do before Terraform reads the configuration, it does afterwards.
const AFTER: &str = "mv late.tf.json.later late.tf.json; mv ../modules/inner/evil.tf.later ../modules/inner/evil.tf; \
                     echo 'x = 1' > terraform.tfvars; rm main.tf; chmod 0 added/.hidden";

#[tokio::test]
async fn apply_starts_from_the_clean_workspace() {
    let stage = Stage::new();
    let workspace = initialized(&stage).await;
    let hooks = PhaseHooks {
        before: vec![ATTACK.to_owned()],
        after: vec![AFTER.to_owned()],
    };
    let plan = planned(&stage, &workspace, hooks).await;
    let plan = workspace
        .check_plan(&plan, Engine::Terraform, None)
        .unwrap();
    let carried = workspace.collect_carried(&Carry::new([]).unwrap()).unwrap();
    let paths: Vec<&str> = carried
        .iter()
        .filter_map(|file| file.path.to_str())
        .collect();
    assert_eq!(paths, ["live/prod/added/lambda.zip"]);
    workspace.put_plan(&plan).unwrap();

    let view = workspace.show();
    let file = view.plan_file().display().to_string();
    let (outcome, json) = step(
        &stage,
        view,
        &["show", "-json", &file],
        PhaseHooks::default(),
    )
    .await;
    assert_eq!(outcome, Outcome::Exited { status: 0 }, "{json}");
    assert!(json.contains("terraform_data.it"), "{json}");

    let view = workspace.apply(&carried).unwrap();
    let arguments = ["apply", "-input=false", "-no-color", &file];
    let hook = "sh build.sh; echo x > .terraform/x || echo read-only; echo x > /mnt/workspace/plan/tfplan || echo read-only";
    let (outcome, output) = step(&stage, view, &arguments, before(hook)).await;
    assert_eq!(outcome, Outcome::Exited { status: 0 }, "{output}");
    assert!(
        output.contains("applied honest") && output.contains("honest build"),
        "{output}"
    );
    assert!(output.contains("added\n"), "{output}");
    assert_eq!(output.matches("read-only").count(), 2, "{output}");
    for evil in [
        "evil", "WRITABLE", "MOVED", "REMOVED", "boto3", "link.zip", "late", "tfvars",
    ] {
        assert!(!output.contains(evil), "{evil}: {output}");
    }
    workspace.remove().unwrap();
    assert_eq!(std::fs::read_dir(stage.sandbox.runs()).unwrap().count(), 0);
}

/// Rewrites an entry of the saved plan with the means of a hook.
fn forge(entry: &str, content: &str) -> PhaseHooks {
    let text = format!(
        r#"python3 - <<'END'
import shutil, zipfile
path = "/mnt/workspace/plan/tfplan"
shutil.move(path, path + ".old")
old = zipfile.ZipFile(path + ".old")
new = zipfile.ZipFile(path, "w")
for name in old.namelist():
    if name != "{entry}":
        new.writestr(name, old.read(name))
new.writestr("{entry}", """{content}""")
new.close()
END"#
    );
    PhaseHooks {
        before: vec![],
        after: vec![text],
    }
}

#[tokio::test]
async fn a_rewritten_plan_is_refused() {
    let stage = Stage::new();
    let workspace = initialized(&stage).await;
    let evil = MAIN.replace("honest", "evil");
    for (entry, content, part) in [
        (
            "tfconfig/m-/main.tf",
            evil.as_str(),
            "file `main.tf` differs",
        ),
        (
            "tfconfig/m-inner/main.tf",
            "",
            "file `../modules/inner/main.tf` differs",
        ),
        (
            "tfconfig/m-/z.tf",
            "",
            "file `z.tf` is not in the workspace",
        ),
        (
            "tfconfig/modules.json",
            r#"[{"Key":"","Dir":"."}]"#,
            "module `inner` is missing in it",
        ),
        ("tfplan", "", "its state backend can't be read"),
        (
            ".terraform.lock.hcl",
            r#"provider "x/y/z" { version = "1" }"#,
            "provider `x/y/z` differs",
        ),
    ] {
        let plan = planned(&stage, &workspace, forge(entry, content)).await;
        let error = workspace
            .check_plan(&plan, Engine::Terraform, None)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{entry}: {error}");
    }
    // A replan works on a fresh copy.
    let plan = planned(&stage, &workspace, PhaseHooks::default()).await;
    workspace
        .check_plan(&plan, Engine::Terraform, None)
        .unwrap();
}

#[tokio::test]
async fn a_plan_file_that_is_a_link_is_not_followed() {
    let stage = Stage::new();
    let workspace = initialized(&stage).await;
    let view = workspace.plan().unwrap();
    stage
        .sh(
            view,
            "ln -s /etc/passwd /mnt/workspace/plan/tfplan; ln -s /etc/passwd errored.tfstate",
        )
        .await;
    let error = workspace.take_plan_file(1 << 20).unwrap_err().to_string();
    assert!(error.contains("no regular file"), "{error}");
    assert!(workspace.errored_state(Source::Plan, 1 << 20).is_err());
    assert!(
        workspace
            .errored_state(Source::Clean, 1 << 20)
            .unwrap()
            .is_none()
    );
}

/// The state backend that stands in the plan is compared with the real one.
#[tokio::test]
async fn the_backend_of_a_plan_is_that_of_its_initialization() {
    let stage = Stage::new();
    let backend = "terraform {\n  backend \"local\" {\n    path = \"state/x.tfstate\"\n  }\n}\n";
    let workspace = stage.run(&[
        ("main.tf", "output \"a\" {\n  value = 1\n}\n"),
        ("b.tf", backend),
    ]);
    let arguments = ["init", "-input=false", "-no-color"];
    let (outcome, output) = step(
        &stage,
        workspace.initialize(),
        &arguments,
        before("export TF_DATA_NOTHING=1"),
    )
    .await;
    assert_eq!(outcome, Outcome::Exited { status: 0 }, "{output}");
    workspace.seal().unwrap();
    assert!(
        workspace
            .read_clean(".terraform/terraform.tfstate", 1 << 20)
            .unwrap()
            .is_some()
    );
    let plan = planned(&stage, &workspace, PhaseHooks::default()).await;
    workspace
        .check_plan(&plan, Engine::Terraform, None)
        .unwrap();
    let error = workspace
        .check_plan(&plan, Engine::Terraform, Some("prod"))
        .unwrap_err();
    assert!(error.to_string().contains("workspace `default`"), "{error}");
}

#[tokio::test]
async fn a_data_directory_that_is_a_link_is_refused() {
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", "")]);
    stage.sh(workspace.initialize(), "ln -s / .terraform").await;
    let error = workspace.seal().unwrap_err().to_string();
    assert!(
        error.contains("`.terraform` must be a plain directory"),
        "{error}"
    );
}

#[tokio::test]
async fn a_task_may_write_everywhere() {
    let stage = Stage::new();
    let workspace = initialized(&stage).await;
    stage
        .sh(
            workspace.perform(),
            "touch .terraform/x main.tf && mkdir /mnt/workspace/mine",
        )
        .await;
}

#[tokio::test]
async fn whatever_a_child_leaves_is_removed() {
    let stage = Stage::new();
    let workspace = stage.run(&[]);
    // Deeper than a path can name.
    let text = "mkdir -p a/b && touch a/b/c && mkfifo a/pipe && chmod 0 a/b a; python3 -c '\n\
                import os\n\
                for n in range(3000):\n  os.mkdir(\"deeper and deeper\")\n  os.chdir(\"deeper and deeper\")\n'";
    stage.sh(workspace.initialize(), text).await;
    workspace.remove().unwrap();
    assert_eq!(std::fs::read_dir(stage.sandbox.runs()).unwrap().count(), 0);
}

const PROVIDER: &str = "terraform.d/plugins/example.test/evil/provider/1.0.0/linux_amd64/terraform-provider-provider_v1.0.0";

/// A provider in the repository is installed without our CLI configuration, and not with it.
#[tokio::test]
async fn a_provider_in_the_repository_is_not_executed() {
    let platform = match std::env::consts::ARCH {
        "aarch64" => "linux_arm64",
        _ => "linux_amd64",
    };
    let provider = PROVIDER.replace("linux_amd64", platform);
    let main = "terraform {\n  required_providers {\n    provider = {\n      source = \"example.test/evil/provider\"\n    }\n  }\n}\n\
                resource \"provider_thing\" \"x\" {}\n";
    let stage = Stage::with(SandboxMode::Bubblewrap, ProviderInstallation::default());
    for configured in [false, true] {
        let workspace = stage.run(&[
            ("main.tf", main),
            (
                &provider,
                "#!/bin/sh\necho executed > /mnt/workspace/source/executed\n",
            ),
        ]);
        let path = workspace.checkout().join(&provider);
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut said = String::new();
        for arguments in [
            ["init", "-input=false", "-no-color"],
            ["plan", "-input=false", "-no-color"],
        ] {
            let mut launch = tool(&stage, workspace.initialize(), &arguments);
            if !configured {
                launch
                    .environment
                    .retain(|(name, _)| name != "TF_CLI_CONFIG_FILE");
            }
            let (_, output) = stage.child(launch).await;
            said.push_str(&output);
        }
        let executed = workspace.checkout().join("executed").exists();
        assert_eq!(executed, !configured, "configured: {configured}\n{said}");
    }
}
