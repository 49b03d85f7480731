//! The state backend most stacks have: that of a plan is compared with that of its initialization.

use gantry_core::backend_lock::{BackendLock, COMPLAINT};
use gantry_testkit::ministack::Ministack;
use gantry_worker::child::{Launch, Outcome};
use gantry_worker::hooks::PhaseHooks;
use gantry_worker::plan_file::Engine;
use gantry_worker::workspace::{View, Workspace};
use secrecy::SecretString;

use crate::stage::{Stage, tool};

const MAIN: &str = r#"
terraform {
  backend "s3" {
    bucket                      = "states"
    key                         = "a/b.tfstate"
    region                      = "us-east-1"
    use_path_style              = true
    skip_credentials_validation = true
    max_retries                 = 3
    allowed_account_ids         = ["111122223333"]
    endpoints = {
      s3  = "ENDPOINT"
      sts = "ENDPOINT"
    }
  }
}
output "a" {
  value = 1
}
"#;

fn with_keys(mut launch: Launch) -> Launch {
    let keys = Ministack::shared().root();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", keys.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.as_str()),
    ] {
        launch
            .environment
            .push((name.to_owned(), SecretString::from(value)));
    }
    launch
}

async fn step(stage: &Stage, view: View, arguments: &[&str], after: &str) -> Outcome {
    let mut launch = with_keys(tool(stage, view, arguments));
    launch.hooks = PhaseHooks {
        before: vec![],
        after: vec![after.to_owned()],
    };
    let (ended, output) = stage.child(launch).await;
    println!("{output}");
    ended.outcome
}

async fn planned(stage: &Stage, workspace: &Workspace, after: &str) -> Vec<u8> {
    let view = workspace.plan().unwrap();
    let out = format!("-out={}", view.plan_file().display());
    let arguments = [
        "plan",
        "-detailed-exitcode",
        "-lock=false",
        "-input=false",
        &out,
    ];
    assert_eq!(
        step(stage, view, &arguments, after).await,
        Outcome::Exited { status: 2 }
    );
    workspace.take_plan_file(1 << 20).unwrap()
}

#[tokio::test]
async fn a_plan_with_state_in_s3_is_checked_against_its_initialization() {
    let ministack = Ministack::shared();
    let bucket = format!("states-{}", std::process::id());
    ministack.create_bucket(&bucket).await.unwrap();
    let main = MAIN
        .replace("ENDPOINT", &ministack.endpoint())
        .replace("\"states\"", &format!("\"{bucket}\""));
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", &main)]);
    let arguments = ["init", "-input=false", "-no-color"];
    let outcome = step(&stage, workspace.initialize(), &arguments, "true").await;
    assert_eq!(outcome, Outcome::Exited { status: 0 });
    workspace.seal().unwrap();

    let plan = planned(&stage, &workspace, "true").await;
    workspace
        .check_plan(&plan, Engine::Terraform, None)
        .unwrap_or_else(|error| panic!("{error}"));

    // The same length, so that the rest of the message stays as it is.
    let other = format!("other!-{}", std::process::id());
    let forge = format!(
        r#"python3 - <<'END'
import zipfile
path = "/mnt/workspace/plan/tfplan"
old = zipfile.ZipFile(path)
entries = [(name, old.read(name)) for name in old.namelist()]
new = zipfile.ZipFile(path, "w")
for name, content in entries:
    if name == "tfplan":
        content = content.replace(b"{bucket}", b"{other}")
    new.writestr(name, content)
new.close()
END"#
    );
    let plan = planned(&stage, &workspace, &forge).await;
    let error = workspace
        .check_plan(&plan, Engine::Terraform, None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the setting `bucket` of its state backend `s3` differs"),
        "{error}"
    );
}

/// What a lost apply leaves behind: nobody removes its lock.
#[tokio::test]
async fn a_lock_in_s3_is_described_as_the_next_apply_meets_it() {
    let ministack = Ministack::shared();
    let bucket = format!("locks-{}", std::process::id());
    ministack.create_bucket(&bucket).await.unwrap();
    let main = MAIN
        .replace("ENDPOINT", &ministack.endpoint())
        .replace("\"states\"", &format!("\"{bucket}\""))
        .replace(
            "use_path_style ",
            "use_lockfile = true\n    use_path_style ",
        );
    let slow = "resource \"terraform_data\" \"it\" {\n  provisioner \"local-exec\" {\n    command = \
                \"echo now; sleep 30\"\n  }\n}\n";
    let stage = Stage::new();
    let workspace = stage.run(&[("main.tf", &main), ("slow.tf", slow)]);
    let init = ["init", "-input=false"];
    let outcome = step(&stage, workspace.initialize(), &init, "true").await;
    assert_eq!(outcome, Outcome::Exited { status: 0 });

    let apply = ["apply", "-input=false", "-auto-approve"];
    let killed = with_keys(tool(&stage, workspace.initialize(), &apply));
    let (sender, mut output) = tokio::sync::mpsc::channel::<bytes::Bytes>(16);
    let running = gantry_worker::child::run(&stage.sandbox, killed, sender, Default::default());
    let begun = async {
        let mut said = String::new();
        while !said.contains("\u{1b}[0mnow") {
            let chunk = output.recv().await.expect("it says more");
            said.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    // Whoever gives up waiting kills the child.
    tokio::select! {
        _ = running => panic!("it ended"),
        () = begun => {}
    }

    let launch = with_keys(tool(&stage, workspace.initialize(), &apply));
    let (ended, said) = stage.child(launch).await;
    assert_eq!(ended.outcome, Outcome::Exited { status: 1 }, "{said}");
    let (_, described) = said.split_once(COMPLAINT).expect(&said);
    let lock = BackendLock::parse(described).expect(&said);
    assert!(
        lock.who.is_some() && lock.created_ms().is_some(),
        "{lock:?}"
    );
    let removal = lock.removal("terraform");
    let removal: Vec<&str> = removal.split(' ').skip(1).collect();
    let outcome = step(&stage, workspace.initialize(), &removal, "true").await;
    assert_eq!(outcome, Outcome::Exited { status: 0 });
}
