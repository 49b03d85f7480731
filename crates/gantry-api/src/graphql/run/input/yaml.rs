//! What a run has of its own, as the command line client sends it: the text of a file, with the keys
//! that a stack has in a repository's runtime configuration.

use std::collections::BTreeMap;

use gantry_app::OpError;
use gantry_app::run::{Override, Overrides};
use gantry_core::hooks::Hooks;
use gantry_core::protocol::WireSecret;
use serde::Deserialize;

use super::{filled, no_image};

/// A larger file is none that a person wrote.
const LARGEST: usize = 1 << 20;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    environment: BTreeMap<String, Scalar>,
    project_root: Option<String>,
    runner_image: Option<String>,
    terraform_version: Option<String>,
    before_init: Vec<String>,
    after_init: Vec<String>,
    before_plan: Vec<String>,
    after_plan: Vec<String>,
    before_apply: Vec<String>,
    after_apply: Vec<String>,
    before_perform: Vec<String>,
    after_perform: Vec<String>,
    before_destroy: Vec<String>,
    after_destroy: Vec<String>,
    after_run: Vec<String>,
}

/// People leave out quotes: `TF_LOG: 1`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Flag(bool),
    Integer(i64),
    Text(String),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Scalar::Flag(flag) => flag.to_string(),
            Scalar::Integer(number) => number.to_string(),
            Scalar::Text(text) => text,
        }
    }
}

pub(super) fn decode(text: &str) -> Result<Overrides, OpError> {
    if text.len() > LARGEST {
        return Err(OpError::invalid(format!(
            "runtimeConfig.yaml: it has {} bytes, and {LARGEST} are allowed",
            text.len()
        )));
    }
    let file: File = serde_saphyr::from_str(text).map_err(|error| {
        let error = error.to_string();
        let line = error.lines().next().unwrap_or_default();
        OpError::invalid(format!(
            "runtimeConfig.yaml: {line}; a run may have `environment`, `project_root`, \
             `terraform_version` and hooks such as `before_init` of its own"
        ))
    })?;
    no_image("yaml: runner_image", file.runner_image)?;
    let variables = file.environment.into_iter();
    Ok(Overrides {
        environment: variables
            .map(|(name, value)| Override {
                name,
                value: WireSecret::new(value.into_text()),
            })
            .collect(),
        hooks: Hooks {
            before_init: file.before_init,
            after_init: file.after_init,
            before_plan: file.before_plan,
            after_plan: file.after_plan,
            before_apply: file.before_apply,
            after_apply: file.after_apply,
            before_perform: file.before_perform,
            after_perform: file.after_perform,
            before_destroy: file.before_destroy,
            after_destroy: file.after_destroy,
            after_run: file.after_run,
        },
        project_root: filled(file.project_root),
        tool_version: filled(file.terraform_version),
    })
}

#[cfg(test)]
mod tests;
