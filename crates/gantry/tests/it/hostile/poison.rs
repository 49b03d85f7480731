//! Leaving something behind in plan that has an effect in apply. Whatever is left says `POISONED`
//! when it is run or read.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gantry_testkit::client::RunView;
use gantry_testkit::provider::reports;
use gantry_testkit::witness::Witness;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::apart::apart;
use super::scene::{self, FIND, PROVIDER};
use crate::world::World;

const CODE: &str = r#"
variable "text" {
  default = "genuine"
}

data "probe_poison" "this" {
  config = file("${path.module}/poison.json")
}

resource "probe_thing" "one" {
  input = var.text
}

resource "terraform_data" "ran" {
  provisioner "local-exec" {
    command = "echo GENUINE-provisioner"
  }
}

output "poison" {
  value = data.probe_poison.this.report
}
"#;

const SCRIPT: &str = "echo GENUINE-hook\n";

/// Runs what plan could have poisoned, and shows whatever is left of it.
const BEFORE_APPLY: &str = r#"
sh scripts/apply.sh
python3 -c 'import boto3' || true
echo "endpoint: $AWS_ENDPOINT_URL, text: $POISON"
echo "tree: $(find . -name .git -prune -o -name .terraform -prune -o -print | sort | tr '\n' ' ')"
echo "left: $(ls -A /tmp "$HOME" | tr '\n' ' ')"
grep -rl 'POISON''ED' . /tmp "$HOME" /mnt/workspace /dev/shm --exclude-dir=providers 2>/dev/null
true
"#;

fn files(config: &Value) -> Vec<(String, String)> {
    [
        ("main.tf", format!("{PROVIDER}{CODE}")),
        ("poison.json", config.to_string()),
        ("scripts/apply.sh", SCRIPT.to_owned()),
        ("reviewed.zip", "as it was reviewed\n".to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec()
}

async fn stack(
    world: &World,
    name: &str,
    config: &Value,
    hooks: &[(&'static str, &str)],
) -> String {
    let files = files(config);
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    scene::stack(world, name, &files, hooks).await
}

/// A run up to where somebody would confirm it, or to its end.
async fn plan(world: &World, stack: &str) -> RunView {
    let run = world.client.trigger(stack, "TRACKED", None).await.unwrap();
    world
        .client
        .wait_for(stack, &run, "UNCONFIRMED")
        .await
        .unwrap()
}

/// What came of each step.
async fn steps(world: &World, stack: &str, run: &RunView) -> Value {
    let log = world.client.log(stack, &run.id, "PLANNING").await.unwrap();
    reports(&log)
        .pop()
        .unwrap_or_else(|| panic!("no report: {log}"))
}

#[test]
fn nothing_that_plan_leaves_behind_has_an_effect_in_apply() {
    apart(|| async {
        let world = scene::world(scene::builder_with_tools()).await;
        let witness = Witness::start().unwrap();
        let (caller, calls) = count_calls();
        let config = json!({"calls": caller, "plan": "/mnt/workspace/plan/tfplan"});
        let export = "export AWS_ENDPOINT_URL=http://127.0.0.1:9/ POISON=POISONED-export";
        let hooks = [
            ("beforePlan", export),
            ("afterPlan", export),
            ("beforeApply", BEFORE_APPLY),
            ("afterApply", &witness.hook("apply")),
        ];
        let stack = stack(&world, "poisoned", &config, &hooks).await;
        let view = plan(&world, &stack).await;
        world.expect(&stack, &view, "UNCONFIRMED").await;

        // What can be written was written, or the rest would prove nothing.
        let steps = steps(&world, &stack, &view).await;
        let refused = [
            "binary",
            "binary-beside",
            "data-directory",
            "modules",
            "backend",
        ];
        for (step, done) in steps.as_object().unwrap() {
            let expected = match refused.contains(&step.as_str()) {
                true => "failed: ",
                false => "done",
            };
            assert!(
                done.as_str().unwrap().starts_with(expected),
                "{step}: {done}"
            );
        }
        wait_for_calls(&caller);
        assert!(
            calls.load(Ordering::Relaxed) > 0,
            "no background process was alive"
        );
        assert_eq!(background_processes(&caller), [], "outlived the phase");

        let before = calls.load(Ordering::Relaxed);
        world.client.confirm(&stack, &view.id).await.unwrap();
        let view = world.client.wait_for_end(&stack, &view.id).await.unwrap();
        world.expect(&stack, &view, "FINISHED").await;
        let log = world
            .client
            .log(&stack, &view.id, "APPLYING")
            .await
            .unwrap();
        assert!(!log.contains("POISONED"), "{log}");
        for genuine in [
            "GENUINE-hook",
            "GENUINE-provisioner",
            "probe_thing.one: Creation complete",
        ] {
            assert!(log.contains(genuine), "no {genuine}: {log}");
        }
        let endpoint = format!("endpoint: {}, text: \n", world.ministack().endpoint());
        assert!(log.contains(&endpoint), "{log}");
        // Of everything that plan added, the one plain archive.
        let tree = "tree: . ./.terraform.lock.hcl ./build ./build/carried.zip ./main.tf ./poison.json \
                    ./reviewed.zip ./scripts ./scripts/apply.sh \n";
        assert!(log.contains(tree), "{log}");
        assert!(log.contains("left: /home/gantry:  /tmp: "), "{log}");
        assert!(!log.contains("left-by-poison"), "{log}");
        wait_for_calls(&caller);
        assert_eq!(
            calls.load(Ordering::Relaxed),
            before,
            "something called during apply"
        );
        let heard = witness.heard();
        let writer = format!(":assumed-role/{}/", world.role_name("poisoned-writer"));
        assert!(
            heard.len() == 1 && heard[0].identity.contains(&writer),
            "{heard:?}"
        );
    });
}

/// By a process that outlives the data source, and by a hook that runs code of the workspace.
#[test]
fn a_rewritten_plan_is_not_applied() {
    apart(|| async {
        let world = scene::world(scene::builder()).await;
        let wait = "for n in $(seq 200); do test -e plan-is-rewritten && break; sleep 0.05; done; \
                    test -e plan-is-rewritten";
        let rewrite = format!(
            "\"{FIND}\" rewrite /mnt/workspace/plan/tfplan 'echo GENUINE' 'echo POISONED-plan'"
        );
        for (name, step, hook) in [("by-process", "plan", wait), ("by-hook", "tmp", &rewrite)] {
            let stack = stack(
                &world,
                name,
                &json!({"steps": [step]}),
                &[("afterPlan", hook)],
            )
            .await;
            let view = plan(&world, &stack).await;
            world.expect(&stack, &view, "FAILED").await;
            let reason = "the saved plan does not match the configuration: file `main.tf` differs";
            assert!(view.reason().contains(reason), "{name}: {}", view.reason());
        }
    });
}

#[test]
fn a_plan_that_leaves_too_much_to_carry_fails() {
    apart(|| async {
        let world = scene::world(scene::builder()).await;
        let stack = stack(&world, "huge", &json!({"steps": ["zip-huge"]}), &[]).await;
        let view = plan(&world, &stack).await;
        world.expect(&stack, &view, "FAILED").await;
        assert!(view.reason().contains("carry"), "{}", view.reason());
    });
}

/// Whoever can push a branch could otherwise hold up the stack, and pass off a state of their own as
/// one that is to be stored.
#[test]
fn a_proposed_run_leaves_no_state_behind() {
    apart(|| async {
        let world = scene::world(scene::builder()).await;
        let stack = stack(&world, "state", &json!({"steps": ["errored-state"]}), &[]).await;
        let client = &world.client;
        let run = client.trigger(&stack, "PROPOSED", None).await.unwrap();
        let view = client.wait_for_end(&stack, &run).await.unwrap();
        world.expect(&stack, &view, "FINISHED").await;
        assert_eq!(steps(&world, &stack, &view).await["errored-state"], "done");
        // The stack is free, and there is nothing that a task could store.
        let task = client.create_task(&stack, "ls -A", false).await.unwrap();
        let view = client.wait_for_end(&stack, &task).await.unwrap();
        world.expect(&stack, &view, "FINISHED").await;
        let log = client.log(&stack, &task, "PERFORMING").await.unwrap();
        assert!(
            log.contains("main.tf") && !log.contains("errored.tfstate"),
            "{log}"
        );
        let stack = client.stack(&stack, "lockedBy").await.unwrap();
        assert_eq!(stack, json!({"lockedBy": null}));
    });
}

/// The same poison works where somebody plans and applies by hand.
#[test]
fn the_poison_works_without_all_this() {
    apart(|| async {
        let folder = tempfile::tempdir().unwrap();
        let (caller, _) = count_calls();
        let steps = ["hook", "python", "tmp", "plan"];
        let config = json!({"steps": steps, "plan": "tfplan", "calls": caller});
        for (name, text) in files(&config) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let rc = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
            scene::mirror()
        );
        std::fs::write(folder.path().join("rc"), rc).unwrap();
        let script = "terraform init && terraform plan -out=tfplan && \
            for n in $(seq 200); do test -e plan-is-rewritten && break; sleep 0.05; done; \
            sh scripts/apply.sh; python3 -c 'import boto3'; terraform apply tfplan";
        let output = Command::new("sh")
            .args(["-c", script])
            .current_dir(&folder)
            .env("TF_CLI_CONFIG_FILE", "rc")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        for poison in ["POISONED-hook", "POISONED-python", "POISONED-plan"] {
            assert!(
                said.contains(poison),
                "no {poison}: {said}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        assert!(std::fs::remove_file("/tmp/left-by-poison").is_ok());
        let left = background_processes(&caller);
        assert!(!left.is_empty(), "no background process outlived the plan");
        for (pid, _) in left {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    });
}

/// An address that counts the background processes which call.
fn count_calls() -> (String, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Others only look who listens here.
            let mut word = [0; 5];
            let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
            if stream.read_exact(&mut word).is_ok() && word == *b"alive" {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    (address, calls)
}

/// Until every call so far is counted: they are, in the order in which they came.
fn wait_for_calls(address: &str) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"wait.").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Background processes of the provider that call this address.
fn background_processes(calls: &str) -> Vec<(i32, String)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            (line.contains(" daemon {") && line.contains(calls)).then_some((pid, line))
        })
        .collect()
}
