//! What one run has instead of its stack's settings, or beside them.

use std::collections::BTreeSet;

use gantry_core::config_element::check_variable;
use gantry_core::hooks::Hooks;
use gantry_core::ids::RunId;
use gantry_core::protocol::WireSecret;
use gantry_core::quoted::Quoted;
use gantry_core::stack::{Stack, Vendor};
use gantry_store::{Reader, run};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::stack::{check_hooks, check_inside, checked_version};
use crate::{App, OpError};

/// Names and values of a run's own variables together; as much as a stack may have.
const LARGEST_ENVIRONMENT: usize = 512 * 1024;

/// One variable. Its value counts as a secret: nobody said that it is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Override {
    pub name: String,
    pub value: WireSecret,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Overrides {
    pub environment: Vec<Override>,
    /// Where there are lines for a place, they stand in place of the stack's own; those of contexts
    /// run as ever.
    #[serde(default)]
    pub hooks: Hooks,
    #[serde(default)]
    pub project_root: Option<String>,
    /// Of the stack's tool: an exact version or a range.
    #[serde(default)]
    pub tool_version: Option<String>,
}

impl From<Vec<Override>> for Overrides {
    fn from(environment: Vec<Override>) -> Self {
        Overrides {
            environment,
            ..Overrides::default()
        }
    }
}

/// As it stands in the database. Before there was anything else, it was the variables alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Variables(Vec<Override>),
    All(Box<Overrides>),
}

/// The place in the database that sealed overrides are bound to.
pub(super) fn place(run: &RunId) -> String {
    format!("run|{run}|overrides")
}

impl Overrides {
    /// Whether the run is one of its stack, and nothing else.
    pub fn is_empty(&self) -> bool {
        self.environment.is_empty()
            && self.hooks == Hooks::default()
            && self.project_root.is_none()
            && self.tool_version.is_none()
    }

    pub(super) fn to_text(&self) -> Result<Zeroizing<String>, OpError> {
        serde_json::to_string(self)
            .map(Zeroizing::new)
            .map_err(|error| OpError::internal("write what a run has of its own", error))
    }

    pub(super) fn check(&self, stack: &Stack) -> Result<(), OpError> {
        self.check_variables(stack)?;
        check_hooks(&self.hooks)?;
        if let Some(root) = &self.project_root {
            check_inside("runtimeConfig.projectRoot", root)?;
        }
        checked_version("runtimeConfig", self.tool_version.clone())?;
        Ok(())
    }

    fn check_variables(&self, stack: &Stack) -> Result<(), OpError> {
        let mut names = BTreeSet::new();
        let mut bytes = 0;
        for variable in &self.environment {
            bytes += variable.name.len() + variable.value.expose().len();
            if bytes > LARGEST_ENVIRONMENT {
                return Err(OpError::invalid(format!(
                    "runtimeConfig.environment: the variables have more than {LARGEST_ENVIRONMENT} \
                     bytes together; put large values into files of the repository"
                )));
            }
            check_variable(&variable.name, variable.value.expose(), stack.manages_state)
                .map_err(|error| OpError::invalid(format!("runtimeConfig.environment: {error}")))?;
            if !names.insert(variable.name.as_str()) {
                return Err(OpError::invalid(format!(
                    "runtimeConfig.environment: {} is given twice",
                    Quoted(&variable.name)
                )));
            }
        }
        Ok(())
    }

    /// The stack as this run has it.
    pub(crate) fn applied(&self, stack: &Stack) -> Stack {
        let mut stack = stack.clone();
        let settings = &mut stack.settings;
        settings.hooks = settings.hooks.overridden_by(&self.hooks);
        if let Some(root) = &self.project_root {
            settings.source.project_root = Some(root.clone());
        }
        if let Some(version) = &self.tool_version {
            let of_stack = match &mut settings.vendor {
                Vendor::Terraform(terraform) => &mut terraform.version,
                Vendor::Opentofu(tofu) => &mut tofu.version,
            };
            *of_stack = Some(version.clone());
        }
        stack
    }
}

impl App {
    pub(crate) async fn overrides_of(
        &self,
        reader: Reader<'_>,
        id: &RunId,
    ) -> Result<Overrides, OpError> {
        let Some(sealed) = run::overrides(reader, id).await? else {
            return Ok(Overrides::default());
        };
        let text = self
            .keys
            .open_sealed(&self.store, &place(id), &sealed.key_id, &sealed.sealed)
            .await?;
        read(&text)
    }
}

fn read(text: &[u8]) -> Result<Overrides, OpError> {
    let stored = serde_json::from_slice(text)
        .map_err(|error| OpError::internal("read what a run has of its own", error))?;
    Ok(match stored {
        Stored::All(overrides) => *overrides,
        Stored::Variables(environment) => environment.into(),
    })
}

#[cfg(test)]
mod tests;
