mod yaml;

use async_graphql::{Enum, InputObject};
use gantry_app::OpError;
use gantry_app::run::{Override, Overrides};
use gantry_core::hooks::Hooks;
use gantry_core::protocol::WireSecret;
use gantry_core::quoted::Quoted;

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum ForceApplyMode {
    Cascade,
    Single,
}

/// What a run has instead of its stack's settings.
#[derive(Default, InputObject)]
pub(super) struct RuntimeConfigInput {
    yaml: Option<String>,
    environment: Option<Vec<EnvVarInput>>,
    project_root: Option<String>,
    runner_image: Option<String>,
    after_apply: Option<Vec<String>>,
    after_destroy: Option<Vec<String>>,
    after_init: Option<Vec<String>>,
    after_perform: Option<Vec<String>>,
    after_plan: Option<Vec<String>>,
    after_run: Option<Vec<String>>,
    before_apply: Option<Vec<String>>,
    before_destroy: Option<Vec<String>>,
    before_init: Option<Vec<String>>,
    before_perform: Option<Vec<String>>,
    before_plan: Option<Vec<String>>,
}

#[derive(InputObject)]
struct EnvVarInput {
    key: String,
    value: String,
}

impl RuntimeConfigInput {
    /// Clients send `yaml` alone, or everything else.
    pub(super) fn decode(self) -> Result<Overrides, OpError> {
        let variables = self.environment.unwrap_or_default().into_iter();
        let given = Overrides {
            environment: variables
                .map(|variable| Override {
                    name: variable.key,
                    value: WireSecret::new(variable.value),
                })
                .collect(),
            hooks: Hooks {
                before_init: self.before_init.unwrap_or_default(),
                after_init: self.after_init.unwrap_or_default(),
                before_plan: self.before_plan.unwrap_or_default(),
                after_plan: self.after_plan.unwrap_or_default(),
                before_apply: self.before_apply.unwrap_or_default(),
                after_apply: self.after_apply.unwrap_or_default(),
                before_perform: self.before_perform.unwrap_or_default(),
                after_perform: self.after_perform.unwrap_or_default(),
                before_destroy: self.before_destroy.unwrap_or_default(),
                after_destroy: self.after_destroy.unwrap_or_default(),
                after_run: self.after_run.unwrap_or_default(),
            },
            project_root: filled(self.project_root),
            tool_version: None,
        };
        no_image("runnerImage", self.runner_image)?;
        match filled(self.yaml) {
            None => Ok(given),
            Some(_) if !given.is_empty() => Err(OpError::invalid(
                "runtimeConfig.yaml: give either a file or the settings one by one, not both",
            )),
            Some(text) => yaml::decode(&text),
        }
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// There are no images here, and a run in another one would be another run.
fn no_image(field: &str, image: Option<String>) -> Result<(), OpError> {
    match filled(image) {
        None => Ok(()),
        Some(image) => Err(OpError::invalid(format!(
            "runtimeConfig.{field} {}: runs of this installation are not started from images; leave \
             it out",
            Quoted(&image)
        ))),
    }
}
