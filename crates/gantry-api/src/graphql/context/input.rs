use async_graphql::{ID, InputObject};
use gantry_app::context;

use super::hooks::HooksInput;

/// Always everything: null means "none".
#[derive(InputObject)]
pub struct ContextInput {
    name: String,
    description: Option<String>,
    hooks: Option<HooksInput>,
    labels: Option<Vec<String>>,
    space: Option<ID>,
}

impl ContextInput {
    pub fn decode(self) -> context::ContextInput {
        context::ContextInput {
            name: self.name,
            description: self.description,
            space: self.space.map(|id| id.0),
            labels: self.labels.unwrap_or_default(),
            hooks: self.hooks.map(Into::into).unwrap_or_default(),
        }
    }
}
