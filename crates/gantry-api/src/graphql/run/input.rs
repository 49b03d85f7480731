use async_graphql::{Enum, InputObject};
use gantry_app::OpError;
use gantry_app::run::Override;
use gantry_core::protocol::WireSecret;

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
    /// The variables; anything else is refused, since a run without it would be another run.
    pub(super) fn environment(self) -> Result<Vec<Override>, OpError> {
        let texts = [
            ("yaml", self.yaml),
            ("projectRoot", self.project_root),
            ("runnerImage", self.runner_image),
        ];
        let lists = [
            ("afterApply", self.after_apply),
            ("afterDestroy", self.after_destroy),
            ("afterInit", self.after_init),
            ("afterPerform", self.after_perform),
            ("afterPlan", self.after_plan),
            ("afterRun", self.after_run),
            ("beforeApply", self.before_apply),
            ("beforeDestroy", self.before_destroy),
            ("beforeInit", self.before_init),
            ("beforePerform", self.before_perform),
            ("beforePlan", self.before_plan),
        ];
        let text = texts
            .into_iter()
            .find(|(_, text)| text.as_ref().is_some_and(|text| !text.is_empty()));
        let list = lists
            .into_iter()
            .find(|(_, lines)| lines.as_ref().is_some_and(|lines| !lines.is_empty()));
        let given = text.map(|(name, _)| name).or(list.map(|(name, _)| name));
        if let Some(name) = given {
            return Err(OpError::invalid(format!(
                "runtimeConfig.{name}: a run may have variables of its own (`environment`) and \
                 nothing else yet; set the rest on the stack"
            )));
        }
        let variables = self.environment.unwrap_or_default().into_iter();
        Ok(variables
            .map(|variable| Override {
                name: variable.key,
                value: WireSecret::new(variable.value),
            })
            .collect())
    }
}
