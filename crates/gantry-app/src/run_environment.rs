//! What a phase's child finds around it, apart from its credentials: computed variables, then those
//! of contexts, the stack and the run, where later ones win; mounted files; hooks.

use gantry_core::account::Subdomain;
use gantry_core::config_element::ConfigKind;
use gantry_core::context;
use gantry_core::credentials::user_variables::ALWAYS_SET;
use gantry_core::hooks::Hooks;
use gantry_core::mounted_file::conflicting;
use gantry_core::protocol::{EnvVar, MountedFile, WireSecret};
use gantry_core::run::Run;
use gantry_core::stack::Stack;
use gantry_store::Reader;
use secrecy::{ExposeSecret as _, SecretString};

use crate::run::Overrides;
use crate::{App, OpError};

/// Where the workspace is, in every phase and on every worker.
const WORKSPACE_ROOT: &str = "/mnt/workspace";

/// All variables of a run together, overrides included: half of what the kernel gives a new process
/// for its arguments and its environment.
const LARGEST_ENVIRONMENT: usize = 1 << 20;

/// All mounted files of a run together, in base64: they lie in memory while a phase lasts.
const LARGEST_FILES: usize = 32 << 20;

/// What people put around a run: variables, mounted files and hooks of contexts, of the stack, and
/// of the run itself.
pub(crate) struct Surroundings {
    variables: Vec<EnvVar>,
    files: Vec<MountedFile>,
    pub(crate) hooks: Hooks,
}

impl Surroundings {
    pub(crate) fn names(&self) -> Vec<&str> {
        self.variables
            .iter()
            .map(|variable| variable.name.as_str())
            .collect()
    }

    /// Whether something here may open a door for longer than we know. Anything that a user sets may:
    /// a token has no name by which it could be told from a setting.
    pub(crate) fn hold_secrets(&self) -> bool {
        !self.variables.is_empty() || !self.files.is_empty()
    }

    /// Why no phase can have all of this at once, in a sentence.
    pub(crate) fn refused(&self) -> Option<String> {
        let variables = self.variables.iter();
        let bytes: usize = variables
            .map(|variable| variable.name.len() + variable.value.expose().len())
            .sum();
        if bytes > LARGEST_ENVIRONMENT {
            return Some(format!(
                "the variables of the stack, its contexts and this run have {bytes} bytes together, \
                 and a run may have {LARGEST_ENVIRONMENT}: put large values into mounted files"
            ));
        }
        let bytes: usize = self
            .files
            .iter()
            .map(|file| file.content.expose().len())
            .sum();
        if bytes > LARGEST_FILES {
            return Some(format!(
                "the mounted files of the stack and its contexts have {bytes} bytes together in \
                 base64, and a run may have {LARGEST_FILES}"
            ));
        }
        let paths = self.files.iter().map(|file| file.path.as_str());
        conflicting(paths).map(|(file, below)| {
            format!(
                "the mounted files {file:?} and {below:?} of the stack and its contexts can't both \
                 be there: the first is a file and would have to be a directory"
            )
        })
    }

    pub(crate) fn into_wire(self) -> (Vec<EnvVar>, Vec<MountedFile>) {
        (self.variables, self.files)
    }
}

impl App {
    /// `stack` is as the run has it; see [`Overrides::applied`].
    pub(crate) async fn surroundings(
        &self,
        reader: Reader<'_>,
        overrides: Overrides,
        stack: &Stack,
    ) -> Result<Surroundings, OpError> {
        let layers = self.layers(reader, stack).await?;
        let mut surroundings = Surroundings {
            variables: vec![],
            files: vec![],
            hooks: context::hooks(&layers.contexts, &stack.settings.hooks),
        };
        for element in self.open_layers(&layers).await? {
            let value = WireSecret::new(element.value.expose_secret());
            match element.kind {
                ConfigKind::EnvironmentVariable => surroundings.variables.push(EnvVar {
                    name: element.name,
                    value,
                    masked: element.write_only,
                }),
                ConfigKind::FileMount => surroundings.files.push(MountedFile {
                    path: element.name,
                    content: value,
                    masked: element.write_only,
                }),
            }
        }
        for variable in overrides.environment {
            surroundings.variables.push(EnvVar {
                name: variable.name,
                value: variable.value,
                masked: true,
            });
        }
        Ok(surroundings)
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
