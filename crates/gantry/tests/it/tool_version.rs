//! Tools that are on no PATH: downloaded from a release server on loopback, verified, and pinned.

use gantry_core::engine::Engine;
use gantry_testkit::client::StackInput;
use gantry_testkit::release_server::ReleaseServer;
use serde_json::json;

use crate::world::{ALWAYS_CHANGES, World};

/// Where the system's own programs are, and no Terraform.
const SYSTEM: &str = "/usr/bin:/usr/sbin:/bin:/sbin";

/// The real Terraform of this machine, and the version that it says it is.
fn terraform() -> (Vec<u8>, String) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = std::env::split_paths(&path)
        .map(|dir| dir.join("terraform"))
        .find(|file| file.is_file())
        .expect("these tests need `terraform` on PATH");
    let output = std::process::Command::new(&file)
        .args(["version", "-json"])
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let version = said["terraform_version"].as_str().unwrap().to_owned();
    (std::fs::read(file).unwrap(), version)
}

fn minor(version: &str) -> String {
    let (minor, _) = version.rsplit_once('.').unwrap();
    minor.to_owned()
}

/// A server without tools, and where it may get them.
async fn world(releases: &ReleaseServer, directory: &std::path::Path) -> World {
    let key = releases.key_file(directory).unwrap();
    let builder = World::builder()
        .env("PATH", SYSTEM)
        .set(
            "worker.tools_mirror_terraform",
            releases.mirror(Engine::Terraform),
        )
        .set(
            "worker.tools_mirror_opentofu",
            releases.mirror(Engine::OpenTofu),
        )
        .set("worker.tools_keys", key.display().to_string());
    World::of(builder).await
}

fn stack_input(world: &World, name: &str, version: Option<&str>) -> StackInput {
    let repository = world.repository(name, &[("main.tf", ALWAYS_CHANGES)]);
    let mut input = StackInput::new(name, repository.path());
    input.terraform = json!({ "version": version });
    input
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downloaded_version_plans_and_the_same_one_applies() {
    let (executable, real) = terraform();
    let releases = ReleaseServer::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let released = releases.publish(Engine::Terraform, &real, &executable);
    released.unwrap();
    let mut world = world(&releases, directory.path()).await;

    let range = format!("~> {}.0", minor(&real));
    let input = stack_input(&world, "ranged", Some(&range));
    let stack = world.client.create_stack(&input).await.unwrap();
    let shown = world.client.stack(&stack, "terraformVersion").await;
    assert_eq!(shown.unwrap()["terraformVersion"], range);
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = world.client.wait_for(&stack, &run, "UNCONFIRMED").await;
    world.expect(&stack, &view.unwrap(), "UNCONFIRMED").await;
    let log = world.client.log(&stack, &run, "PREPARING").await.unwrap();
    assert!(log.contains(&format!("terraform {real}\n")), "{log}");
    let asked = releases.files.asked();
    let archives = |asked: &[String]| asked.iter().filter(|path| path.ends_with("zip")).count();
    assert_eq!(archives(&asked), 1, "{asked:?}");

    // Meanwhile a newer one is released, the stack is set to another one, and the server is started
    // anew: the plan is applied with what made it.
    let newer = format!("{}.99", minor(&real));
    let released = releases.publish(Engine::Terraform, &newer, b"no Terraform at all");
    released.unwrap();
    let mut other = input.clone();
    other.terraform = json!({ "version": "9.9.9" });
    world.client.update_stack(&stack, &other).await.unwrap();
    world.server.restart().unwrap();
    world.client = world.server.client().await;
    world.client.confirm(&stack, &run).await.unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    world.expect(&stack, &view, "FINISHED").await;
    let log = world.client.whole_log(&stack, &run).await.unwrap();
    assert!(log.contains("initializing again"), "{log}");
    assert!(!log.contains(&newer), "{log}");
    assert_eq!(archives(&releases.files.asked()), 0);

    // The next run has what the stack says now, which does not exist.
    let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
    let view = world.client.wait_for_end(&stack, &run).await.unwrap();
    assert_eq!(view.state, "FAILED");
    let reason = view.reason();
    assert!(
        reason.starts_with(
            "terraform 9.9.9 is not installed on this worker (PATH has none), and can't be \
             downloaded: there is no terraform 9.9.9 for this machine at http://"
        ),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_never_run() {
    let releases = ReleaseServer::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let hostile = b"#!/bin/sh\necho hostile\n";
    for version in ["1.9.7", "1.9.8"] {
        let released = releases.publish(Engine::Terraform, version, hostile);
        released.unwrap();
    }
    let archive = releases.archive(Engine::Terraform, "1.9.7");
    let mut content = releases.files.file(&archive).unwrap().to_vec();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    releases.files.put(&archive, content);
    let stranger = gantry_testkit::release_server::Signer::new().unwrap();
    let sums = releases
        .files
        .file(&releases.sums(Engine::Terraform, "1.9.8"));
    let signature = stranger.sign(&sums.unwrap()).unwrap();
    let place = releases.signature(Engine::Terraform, "1.9.8");
    releases.files.put(&place, signature);
    let world = world(&releases, directory.path()).await;
    for (name, version, part) in [
        (
            "checksum",
            "1.9.7",
            "is not what was released: its SHA-256 is",
        ),
        (
            "signature",
            "1.9.8",
            "none of the trusted keys has signed them",
        ),
    ] {
        let input = stack_input(&world, name, Some(version));
        let stack = world.client.create_stack(&input).await.unwrap();
        let run = world
            .client
            .trigger(&stack, "PROPOSED", None)
            .await
            .unwrap();
        let view = world.client.wait_for_end(&stack, &run).await.unwrap();
        assert_eq!(view.state, "FAILED");
        assert!(view.reason().contains(part), "{}", view.reason());
        let log = world.client.whole_log(&stack, &run).await.unwrap();
        assert!(!log.contains("hostile"), "{log}");
    }
    let kept = world.server.data_dir().join("worker/tools");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogues_say_what_there_is() {
    let releases = ReleaseServer::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (engine, version) in [
        (Engine::Terraform, "1.9.8"),
        (Engine::Terraform, "1.10.0"),
        (Engine::Terraform, "1.11.0-rc1"),
        (Engine::OpenTofu, "1.8.0"),
    ] {
        releases.publish(engine, version, b"").unwrap();
    }
    let tools = directory.path().join("tools/terraform/1.9.9");
    std::fs::create_dir_all(&tools).unwrap();
    std::fs::write(tools.join("terraform"), "").unwrap();
    let key = releases.key_file(directory.path()).unwrap();
    let builder = World::builder()
        .set(
            "worker.tools_mirror_terraform",
            releases.mirror(Engine::Terraform),
        )
        .set(
            "worker.tools_mirror_opentofu",
            releases.mirror(Engine::OpenTofu),
        )
        .set("worker.tools_keys", key.display().to_string())
        .set(
            "worker.tools_dir",
            directory.path().join("tools").display().to_string(),
        );
    let world = World::of(builder).await;
    let ask = "{terraformVersions openTofuVersions kubectlVersions terragruntVersions}";
    let known = world.client.query(ask, json!({})).await.unwrap();
    assert_eq!(
        known,
        json!({
            "terraformVersions": ["1.10.0", "1.9.9", "1.9.8"],
            "openTofuVersions": ["1.8.0"],
            "kubectlVersions": [],
            "terragruntVersions": [],
        })
    );
    // The list is believed for a while.
    world.client.query(ask, json!({})).await.unwrap();
    let asked = releases.files.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_who_answers() {
    let releases = ReleaseServer::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let released = releases.publish(Engine::Terraform, "1.9.8", b"");
    released.unwrap();
    let world = world(&releases, directory.path()).await;
    let said = |settings: &[&str]| {
        let mut arguments = settings.to_vec();
        arguments.push("doctor");
        let output = world.server.command(&arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let all = said(&[]);
    assert!(
        all.contains(&format!(
            "ok    terraform downloads: {} answers; its newest release is 1.9.8\n",
            releases.mirror(Engine::Terraform)
        )),
        "{all}"
    );
    // OpenTofu's has no list.
    assert!(all.contains("ok    opentofu downloads: none now"), "{all}");
    let off = [
        "--set",
        "worker.tools_mirror_terraform=off",
        "--set",
        "worker.tools_mirror_opentofu=off",
    ];
    let all = said(&off);
    assert!(
        all.contains("WRONG terraform: there is neither terraform nor tofu"),
        "{all}"
    );
    assert!(!all.contains("downloads"), "{all}");
}
