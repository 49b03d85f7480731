//! States that the server keeps: the real binary, real terraform, and somebody who wants more than
//! the phase may.

mod backend;
mod errored;
mod external;
mod large;
mod lock;
mod moved;
mod restart;
mod run;
mod task;
mod token;

use gantry_testkit::client::{RunView, StackInput};
use serde_json::Value;

use crate::world::World;

/// A resource and an output; `{}` is what the resource holds.
pub fn code(value: &str) -> String {
    format!(
        "resource \"terraform_data\" \"it\" {{\n  input = \"{value}\"\n}}\n\n\
         output \"it\" {{\n  value = terraform_data.it.output\n}}\n"
    )
}

impl World {
    /// A stack whose state is managed, on a repository with these files.
    pub async fn managed_stack(
        &self,
        name: &str,
        files: &[(&str, &str)],
        hooks: &[(&'static str, &str)],
    ) -> String {
        let repository = self.repository(name, files);
        let mut input = StackInput::new(name, repository.path());
        input.manage_state = true;
        for (place, command) in hooks {
            input = input.hook(place, command);
        }
        self.client.create_stack(&input).await.unwrap()
    }

    /// Runs a task to its end.
    pub async fn task(&self, stack: &str, command: &str) -> RunView {
        let run = self.client.create_task(stack, command, false).await;
        let run = run.unwrap();
        self.client.wait_for_end(stack, &run).await.unwrap()
    }

    /// What a task printed that ended well.
    pub async fn told_by_task(&self, stack: &str, command: &str) -> String {
        let view = self.task(stack, command).await;
        self.expect(stack, &view, "FINISHED").await;
        let log = self.client.log(stack, &view.id, "PERFORMING").await;
        log.unwrap()
    }

    /// The state as a task reads it.
    pub async fn state(&self, stack: &str) -> Value {
        let told = self.told_by_task(stack, "terraform state pull").await;
        // What the worker says of the phase stands before it.
        match told.find('{') {
            None => Value::Null,
            Some(start) => serde_json::from_str(&told[start..])
                .unwrap_or_else(|error| panic!("{error}: {told}")),
        }
    }

    /// Where the children of a stack find its state.
    pub async fn state_address(&self, stack: &str) -> String {
        let told = self
            .told_by_task(stack, "echo \"at $TF_HTTP_ADDRESS\"")
            .await;
        let address = told.lines().find_map(|line| line.strip_prefix("at "));
        address.unwrap_or_else(|| panic!("{told}")).to_owned()
    }
}
