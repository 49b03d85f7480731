//! A server that gets the provider from a mirror, and a stack that uses it.

use gantry_testkit::client::StackInput;
use gantry_testkit::ministack::Ministack;
use gantry_testkit::provider;
use gantry_testkit::server::Builder;

use crate::world::{Access, World};

pub const PROVIDER: &str = r#"
terraform {
  required_providers {
    probe = {
      source = "gantry/probe"
    }
  }
}
"#;

/// Runs the attacker from a hook, wherever it can be had.
pub const FIND: &str = "$(find .terraform /opt/gantry/mirrors \"$MIRROR\" \
    -name 'terraform-provider-probe*' -type f 2>/dev/null | head -n 1)";

/// Without further tools, so that a run sees nothing of the machine but the system's programs.
pub fn builder() -> Builder {
    builder_with_tools().set("worker.extra_tools", "")
}

pub fn builder_with_tools() -> Builder {
    World::builder()
        .set("worker.provider_mirrors", mirror())
        .set("log.level", "info")
}

pub fn mirror() -> String {
    provider::mirror().unwrap().display().to_string()
}

pub async fn world(builder: Builder) -> World {
    // Its process ends with the test's.
    let cloud = Box::leak(Box::new(
        Ministack::start().unwrap_or_else(|e| panic!("{e:#}")),
    ));
    World::on(builder, cloud).await
}

/// A stack on these files, with one role to read and one to write.
pub async fn stack(
    world: &World,
    name: &str,
    files: &[(&str, &str)],
    hooks: &[(&'static str, &str)],
) -> String {
    let repository = world.repository(name, files);
    let mut input = StackInput::new(name, repository.path());
    for (place, command) in hooks {
        input = input.hook(place, command);
    }
    let stack = world.stack(&input).await;
    let client = &world.client;
    client
        .set_variable(&stack, "MIRROR", &mirror(), false)
        .await
        .unwrap();
    for (role, access) in [("reader", Access::Read), ("writer", Access::Write)] {
        let integration = world
            .integration(&format!("{name}-{role}"), &stack, &[access])
            .await;
        let (read, write) = (access == Access::Read, access == Access::Write);
        client
            .attach(&integration, &stack, read, write)
            .await
            .unwrap();
    }
    stack
}
