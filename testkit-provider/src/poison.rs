//! Tries to have an effect after its own phase: each step on its own, each with what came of it. Code
//! that runs because of a step prints `POISONED-<step>`.

mod daemon;
mod plan;
mod steps;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use daemon::run as daemon;
pub use plan::rewrite;

#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Steps of `steps.rs`; `[]` means all but those that make the run fail.
    steps: Vec<String>,
    /// Where the plan file will be.
    plan: PathBuf,
    /// Text of the configuration in the plan that the rewriting step replaces, and by what.
    from: String,
    to: String,
    /// An address (`host:port`) that a background process calls for as long as it lives.
    calls: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            plan: "/mnt/workspace/plan/tfplan".into(),
            from: "echo GENUINE".to_owned(),
            to: "echo POISONED-plan".to_owned(),
            calls: None,
        }
    }
}

pub fn run(config: &str) -> anyhow::Result<String> {
    let config: Config = serde_json::from_str(config)?;
    let mut report = BTreeMap::new();
    for (name, step) in steps::ALL {
        let wanted = match config.steps.is_empty() {
            true => !steps::LOUD.contains(name),
            false => config.steps.iter().any(|wanted| wanted == name),
        };
        if wanted {
            let done = step(&config)
                .map_or_else(|error| format!("failed: {error:#}"), |()| "done".to_owned());
            report.insert(*name, done);
        }
    }
    let known = |name: &String| steps::ALL.iter().any(|(known, _)| known == name);
    if let Some(unknown) = config.steps.iter().find(|name| !known(name)) {
        anyhow::bail!("there is no step `{unknown}`");
    }
    crate::report::wrap(&report)
}
