//! Contexts, and what they add to the runs of stacks.

mod attach;
mod life;
mod run;

use gantry_app::config_element::NewElement;
use gantry_app::context::ContextInput;
use gantry_core::config_element::ConfigKind;
use gantry_core::ids::{ContextId, StackId};
use secrecy::SecretString;

use crate::world::World;

pub fn named(name: &str) -> ContextInput {
    ContextInput {
        name: name.into(),
        ..ContextInput::default()
    }
}

pub fn variable(name: &str, value: &str, write_only: bool) -> NewElement {
    NewElement {
        kind: ConfigKind::EnvironmentVariable,
        name: name.into(),
        value: SecretString::from(value),
        write_only,
        description: None,
    }
}

pub fn file(path: &str, base64: &str, write_only: bool) -> NewElement {
    NewElement {
        kind: ConfigKind::FileMount,
        ..variable(path, base64, write_only)
    }
}

impl World {
    pub async fn context(&self, input: ContextInput) -> ContextId {
        let made = self.app.context_create(&self.admin, input).await;
        made.unwrap().id
    }

    pub async fn set_in_context(&self, context: &ContextId, element: NewElement) {
        let set = self.app.context_config_add(&self.admin, context, element);
        set.await.unwrap();
    }

    pub async fn set_on_stack(&self, stack: &StackId, element: NewElement) {
        let set = self.app.stack_config_add(&self.admin, stack, element);
        set.await.unwrap();
    }

    pub async fn attach_context(&self, context: &ContextId, stack: &StackId, priority: i64) {
        self.app
            .context_attach(&self.admin, context, stack, priority)
            .await
            .unwrap();
    }
}
