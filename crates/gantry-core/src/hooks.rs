use serde::{Deserialize, Serialize};

use crate::run::Phase;

/// Shell lines that run around a phase's command, with the access of that phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hooks {
    pub before_init: Vec<String>,
    pub after_init: Vec<String>,
    pub before_plan: Vec<String>,
    pub after_plan: Vec<String>,
    pub before_apply: Vec<String>,
    pub after_apply: Vec<String>,
    pub before_perform: Vec<String>,
    pub after_perform: Vec<String>,
    pub before_destroy: Vec<String>,
    pub after_destroy: Vec<String>,
    /// Runs once at the end, whatever happened, and gets no cloud credentials.
    pub after_run: Vec<String>,
}

impl Hooks {
    pub fn before(&self, phase: Phase) -> &[String] {
        match phase {
            Phase::Initialize => &self.before_init,
            Phase::Plan => &self.before_plan,
            Phase::Apply => &self.before_apply,
            Phase::Perform => &self.before_perform,
            Phase::Destroy => &self.before_destroy,
        }
    }

    pub fn after(&self, phase: Phase) -> &[String] {
        match phase {
            Phase::Initialize => &self.after_init,
            Phase::Plan => &self.after_plan,
            Phase::Apply => &self.after_apply,
            Phase::Perform => &self.after_perform,
            Phase::Destroy => &self.after_destroy,
        }
    }

    /// Adds the lines of `other` that run before a command.
    pub fn extend_before(&mut self, other: &Hooks) {
        self.before_init.extend_from_slice(&other.before_init);
        self.before_plan.extend_from_slice(&other.before_plan);
        self.before_apply.extend_from_slice(&other.before_apply);
        self.before_perform.extend_from_slice(&other.before_perform);
        self.before_destroy.extend_from_slice(&other.before_destroy);
    }

    /// Adds the lines of `other` that run after a command, those at the very end included.
    pub fn extend_after(&mut self, other: &Hooks) {
        self.after_init.extend_from_slice(&other.after_init);
        self.after_plan.extend_from_slice(&other.after_plan);
        self.after_apply.extend_from_slice(&other.after_apply);
        self.after_perform.extend_from_slice(&other.after_perform);
        self.after_destroy.extend_from_slice(&other.after_destroy);
        self.after_run.extend_from_slice(&other.after_run);
    }

    /// Each place under the contract's name of it.
    pub fn places(&self) -> [(&'static str, &Vec<String>); 11] {
        [
            ("beforeInit", &self.before_init),
            ("afterInit", &self.after_init),
            ("beforePlan", &self.before_plan),
            ("afterPlan", &self.after_plan),
            ("beforeApply", &self.before_apply),
            ("afterApply", &self.after_apply),
            ("beforePerform", &self.before_perform),
            ("afterPerform", &self.after_perform),
            ("beforeDestroy", &self.before_destroy),
            ("afterDestroy", &self.after_destroy),
            ("afterRun", &self.after_run),
        ]
    }

    /// Where `other` has lines, they stand in place of those here.
    pub fn overridden_by(&self, other: &Hooks) -> Hooks {
        let choose = |own: &Vec<String>, given: &Vec<String>| match given.is_empty() {
            true => own.clone(),
            false => given.clone(),
        };
        Hooks {
            before_init: choose(&self.before_init, &other.before_init),
            after_init: choose(&self.after_init, &other.after_init),
            before_plan: choose(&self.before_plan, &other.before_plan),
            after_plan: choose(&self.after_plan, &other.after_plan),
            before_apply: choose(&self.before_apply, &other.before_apply),
            after_apply: choose(&self.after_apply, &other.after_apply),
            before_perform: choose(&self.before_perform, &other.before_perform),
            after_perform: choose(&self.after_perform, &other.after_perform),
            before_destroy: choose(&self.before_destroy, &other.before_destroy),
            after_destroy: choose(&self.after_destroy, &other.after_destroy),
            after_run: choose(&self.after_run, &other.after_run),
        }
    }
}
