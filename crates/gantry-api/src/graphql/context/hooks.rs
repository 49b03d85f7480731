use async_graphql::{InputObject, SimpleObject};
use gantry_core::hooks;

#[derive(SimpleObject)]
pub struct Hooks {
    after_apply: Vec<String>,
    after_destroy: Vec<String>,
    after_init: Vec<String>,
    after_perform: Vec<String>,
    after_plan: Vec<String>,
    after_run: Vec<String>,
    before_apply: Vec<String>,
    before_destroy: Vec<String>,
    before_init: Vec<String>,
    before_perform: Vec<String>,
    before_plan: Vec<String>,
}

impl From<hooks::Hooks> for Hooks {
    fn from(hooks: hooks::Hooks) -> Self {
        Hooks {
            after_apply: hooks.after_apply,
            after_destroy: hooks.after_destroy,
            after_init: hooks.after_init,
            after_perform: hooks.after_perform,
            after_plan: hooks.after_plan,
            after_run: hooks.after_run,
            before_apply: hooks.before_apply,
            before_destroy: hooks.before_destroy,
            before_init: hooks.before_init,
            before_perform: hooks.before_perform,
            before_plan: hooks.before_plan,
        }
    }
}

#[derive(InputObject)]
pub struct HooksInput {
    after_apply: Vec<String>,
    after_destroy: Vec<String>,
    after_init: Vec<String>,
    after_perform: Vec<String>,
    after_plan: Vec<String>,
    after_run: Vec<String>,
    before_apply: Vec<String>,
    before_destroy: Vec<String>,
    before_init: Vec<String>,
    before_perform: Vec<String>,
    before_plan: Vec<String>,
}

impl From<HooksInput> for hooks::Hooks {
    fn from(input: HooksInput) -> Self {
        hooks::Hooks {
            before_init: input.before_init,
            after_init: input.after_init,
            before_plan: input.before_plan,
            after_plan: input.after_plan,
            before_apply: input.before_apply,
            after_apply: input.after_apply,
            before_perform: input.before_perform,
            after_perform: input.after_perform,
            before_destroy: input.before_destroy,
            after_destroy: input.after_destroy,
            after_run: input.after_run,
        }
    }
}
