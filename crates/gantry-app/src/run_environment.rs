//! What a phase's child finds in its environment, apart from its credentials: computed variables,
//! then the stack's, then those of the run. Later ones win.

use gantry_core::account::Subdomain;
use gantry_core::credentials::user_variables::ALWAYS_SET;
use gantry_core::protocol::{EnvVar, WireSecret};
use gantry_core::run::Run;
use gantry_core::stack::Stack;
use gantry_store::Reader;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{App, OpError};

/// Where the workspace is, in every phase and on every worker.
const WORKSPACE_ROOT: &str = "/mnt/workspace";

/// Variables that people set: the stack's, then the run's.
pub(crate) struct UserVariables(Vec<EnvVar>);

impl UserVariables {
    pub(crate) fn names(&self) -> Vec<&str> {
        self.0
            .iter()
            .map(|variable| variable.name.as_str())
            .collect()
    }

    /// Whether something here may open a door for longer than we know. Any variable of a user may:
    /// a token has no name by which it could be told from a setting.
    pub(crate) fn hold_secrets(&self) -> bool {
        !self.0.is_empty()
    }

    pub(crate) fn into_wire(self) -> Vec<EnvVar> {
        self.0
    }
}

impl App {
    pub(crate) async fn user_variables(
        &self,
        reader: Reader<'_>,
        run: &Run,
        stack: &Stack,
    ) -> Result<UserVariables, OpError> {
        let set = self.stack_environment(reader, &stack.id).await?;
        let mut variables: Vec<EnvVar> = set
            .into_iter()
            .map(|variable| EnvVar {
                name: variable.name,
                value: WireSecret::new(variable.value.expose_secret()),
                masked: variable.write_only,
            })
            .collect();
        for variable in self.overrides_of(reader, &run.id).await? {
            variables.push(EnvVar {
                name: variable.name,
                value: variable.value,
                masked: true,
            });
        }
        Ok(UserVariables(variables))
    }
}

/// The computed variables (contract §2.3). The token, where there is one, is masked.
pub(crate) fn computed(
    account: &Subdomain,
    stack: &Stack,
    run: &Run,
    token: Option<&SecretString>,
) -> Vec<EnvVar> {
    let settings = &stack.settings;
    let source = &settings.source;
    let hash = run
        .commit
        .as_ref()
        .map_or("", |commit| commit.hash.as_str());
    let repository = format!("{}/{}", source.namespace, source.repository);
    let labels = settings.labels.join(",");
    let spacelift = [
        ("account_name", account.as_str()),
        ("commit_branch", run.branch.as_str()),
        ("commit_sha", hash),
        ("local_preview", "false"),
        (
            "project_root",
            source.project_root.as_deref().unwrap_or_default(),
        ),
        ("repository", repository.as_str()),
        ("run_id", run.id.as_str()),
        ("run_state", run.state.as_str()),
        ("run_trigger", run.triggered_by.as_str()),
        ("run_type", run.kind.as_str()),
        ("space_id", settings.space.as_str()),
        ("stack_branch", source.branch.as_str()),
        ("stack_id", stack.id.as_str()),
        ("stack_labels", labels.as_str()),
        ("stack_labels_list", &hcl_list(&settings.labels)),
        ("workspace_root", WORKSPACE_ROOT),
    ]
    .map(|(name, value)| EnvVar::plain(format!("TF_VAR_spacelift_{name}"), value));
    let mut env = vec![EnvVar::plain("TF_IN_AUTOMATION", "true")];
    env.extend(ALWAYS_SET.map(|(name, value)| EnvVar::plain(name, value)));
    env.extend(spacelift);
    if let Some(token) = token {
        env.push(EnvVar::masked("SPACELIFT_API_TOKEN", token.expose_secret()));
    }
    env
}

/// A list of strings as Terraform's language writes it.
fn hcl_list(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| hcl_string(item)).collect();
    format!("[{}]", quoted.join(", "))
}

fn hcl_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // The beginning of a template, doubled, stands for itself.
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([character, character]),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
