//! Providers that travel in the repository.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use gantry_testkit::client::StackInput;
use gantry_testkit::provider;
use gantry_testkit::repository::Repository;

use super::apart::apart;
use super::scene::{self, PROVIDER};
use crate::world::World;

const VENDORED: &str = r#"
terraform {
  required_providers {
    vendored = {
      source = "gantry/vendored"
    }
  }
}

provider "vendored" {}
"#;

/// What Terraform says of a provider that prints something else than its address.
const SCRIPT: &str = "#!/bin/sh\necho POISONED-vendored\necho POISONED-vendored >&2\n";

/// A repository with a provider where the tools look for one.
fn repository(folder: &Path, code: &str, name: &str, version: &str) -> Repository {
    let file = format!(
        "terraform.d/plugins/registry.terraform.io/gantry/{name}/{version}/linux_{}/terraform-provider-{name}_v{version}",
        if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "amd64"
        },
    );
    let repository =
        Repository::create(folder, name, &[("main.tf", code), (&file, SCRIPT)]).unwrap();
    let file = repository.path().join(file);
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    repository.commit("Let it be executed", &[]).unwrap();
    repository
}

#[test]
fn a_committed_provider_is_not_executed() {
    apart(|| async {
        // Straight from the registry is what an installation without mirrors says.
        for builder in [scene::builder(), World::builder()] {
            let world = scene::world(builder).await;
            let repository =
                repository(&world.server.repositories(), VENDORED, "vendored", "1.0.0");
            let input = StackInput::new("vendored", repository.path());
            let stack = world.stack(&input).await;
            let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
            let view = world.client.wait_for_end(&stack, &run).await.unwrap();
            world.expect(&stack, &view, "FAILED").await;
            let log = world.client.whole_log(&stack, &run).await.unwrap();
            assert!(!log.contains("POISONED"), "{log}");
            assert!(log.contains("gantry/vendored"), "{log}");
            assert!(
                view.path().ends_with("INITIALIZING FAILED"),
                "{}",
                view.path()
            );
        }
    });
}

#[test]
fn a_committed_provider_does_not_stand_in_for_the_mirrors() {
    apart(|| async {
        let world = scene::world(scene::builder()).await;
        let code = format!("{PROVIDER}\nresource \"probe_thing\" \"one\" {{}}\n");
        let repository = repository(&world.server.repositories(), &code, "probe", "1.0.1");
        let input = StackInput {
            autodeploy: true,
            ..StackInput::new("probe", repository.path())
        };
        let stack = world.stack(&input).await;
        let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
        let view = world.client.wait_for_end(&stack, &run).await.unwrap();
        world.expect(&stack, &view, "FINISHED").await;
        let log = world.client.whole_log(&stack, &run).await.unwrap();
        assert!(
            !log.contains("POISONED") && log.contains("probe_thing.one: Creation complete"),
            "{log}"
        );
    });
}

/// A working directory of the tool that was committed with everything in it: the provider is where it
/// would have been installed, and the lock file says that it is the right one.
#[test]
fn a_committed_installation_is_not_used() {
    apart(|| async {
        let world = scene::world(scene::builder()).await;
        let folder = tempfile::tempdir().unwrap();
        let repository = installed(folder.path(), &world.server.repositories());
        let input = StackInput {
            autodeploy: true,
            ..StackInput::new("installed", repository.path())
        };
        let stack = world.stack(&input).await;
        let run = world.client.trigger(&stack, "TRACKED", None).await.unwrap();
        let view = world.client.wait_for_end(&stack, &run).await.unwrap();
        let log = world.client.whole_log(&stack, &run).await.unwrap();
        assert!(!log.contains("POISONED"), "{log}");
        // The lock file is the users', and names the other one.
        world.expect(&stack, &view, "FAILED").await;
        assert!(log.contains("checksum"), "{log}");
    });
}

/// A repository in which the tool was initialised with a provider of an attacker.
fn installed(folder: &Path, repositories: &Path) -> Repository {
    let code = format!("{PROVIDER}\nresource \"probe_thing\" \"one\" {{}}\n");
    let mirror = repository(folder, &code, "probe", provider::VERSION);
    let repository = Repository::create(repositories, "installed", &[("main.tf", &code)]).unwrap();
    let rc = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.path().join("terraform.d/plugins").display()
    );
    std::fs::write(folder.join("rc"), rc).unwrap();
    // The tool links to a mirror's directory; what is committed has to be a copy.
    let script = "terraform init && cp -rL .terraform copy && rm -r .terraform && mv copy .terraform \
        && terraform plan";
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(repository.path())
        .env("TF_CLI_CONFIG_FILE", folder.join("rc"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("POISONED-vendored"), "{said}");
    repository.commit("Commit everything", &[]).unwrap();
    repository
}

/// Terraform by itself does execute it.
#[test]
fn terraform_alone_executes_a_committed_provider() {
    apart(|| async {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository(folder.path(), VENDORED, "vendored", "1.0.0");
        let output = Command::new("sh")
            .args(["-c", "terraform init && terraform plan"])
            .current_dir(repository.path())
            .env("HOME", folder.path())
            .env_remove("TF_CLI_CONFIG_FILE")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("POISONED-vendored"), "{said}");
    });
}
