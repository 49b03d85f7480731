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
}
