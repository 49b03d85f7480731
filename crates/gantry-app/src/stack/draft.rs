//! Settings as somebody wishes them, and the checks that make them a stack's.

use gantry_core::hooks::Hooks;
use gantry_core::ids::{SpaceId, WorkerPoolId};
use gantry_core::quoted::Quoted;
use gantry_core::stack::{StackSettings, StackSource};

use super::vendor::VendorDraft;
use crate::repository::{DEFAULT, GIT};
use crate::{App, OpError};

const LONGEST_NAME: usize = 255;
const LONGEST_TEXT: usize = 64 * 1024;
const MOST_LABELS: usize = 200;
const LONGEST_LABEL: usize = 255;
const MOST_PATHS: usize = 100;
const LONGEST_PATH: usize = 1024;
const MOST_HOOK_LINES: usize = 200;
const LARGEST_HOOKS: usize = 64 * 1024;

/// What create and update ask for: always everything, where `None` means "the default".
#[derive(Clone, Debug)]
pub struct StackDraft {
    pub name: String,
    pub description: Option<String>,
    /// On create the default space, on update the one it is in.
    pub space: Option<String>,
    pub labels: Vec<String>,
    pub administrative: bool,
    pub protect_from_deletion: bool,
    pub autodeploy: bool,
    pub autoretry: bool,
    pub github_action_deploy: bool,
    pub local_preview_enabled: bool,
    pub well_known_secret_masking: bool,
    pub sensitive_output_upload: bool,
    pub runner_image: Option<String>,
    pub worker_pool: Option<String>,
    pub vendor: VendorDraft,
    pub hooks: Hooks,
    pub source: SourceDraft,
}

#[derive(Clone, Debug)]
pub struct SourceDraft {
    /// The contract's `VCSProvider`.
    pub provider: Option<String>,
    pub vcs_integration: Option<String>,
    pub namespace: Option<String>,
    pub repository: String,
    pub repository_url: Option<String>,
    pub branch: String,
    pub project_root: Option<String>,
    pub project_globs: Vec<String>,
    pub sparse_paths: Vec<String>,
}

impl StackDraft {
    /// Checks everything that can be said without the database. `current` is the source that the
    /// stack has now: a local repository that is gone for the moment does not stop other changes.
    pub(super) fn settings(
        self,
        app: &App,
        space: SpaceId,
        current: Option<&StackSource>,
    ) -> Result<StackSettings, OpError> {
        check_name(&self.name)?;
        check_labels(&self.labels)?;
        check_hooks(&self.hooks)?;
        let description = filled(self.description);
        if description
            .as_ref()
            .is_some_and(|text| text.len() > LONGEST_TEXT)
        {
            return Err(OpError::invalid(format!(
                "description: it is longer than {LONGEST_TEXT} bytes"
            )));
        }
        let runner_image = filled(self.runner_image);
        if let Some(image) = &runner_image {
            check_line("runnerImage", image, LONGEST_PATH)?;
        }
        let source = self.source.check(app)?;
        if current.is_none_or(|current| !same_repository(current, &source)) {
            app.check_repository(&source)?;
        }
        Ok(StackSettings {
            name: self.name,
            description,
            space,
            labels: self.labels,
            administrative: self.administrative,
            protect_from_deletion: self.protect_from_deletion,
            autodeploy: self.autodeploy,
            autoretry: self.autoretry,
            github_action_deploy: self.github_action_deploy,
            local_preview_enabled: self.local_preview_enabled,
            well_known_secret_masking: self.well_known_secret_masking,
            sensitive_output_upload: self.sensitive_output_upload,
            runner_image,
            worker_pool: filled(self.worker_pool).map(WorkerPoolId::new),
            vendor: self.vendor.check()?,
            hooks: self.hooks,
            source,
        })
    }
}

impl SourceDraft {
    fn check(self, app: &App) -> Result<StackSource, OpError> {
        if let Some(id) = filled(self.vcs_integration) {
            return Err(OpError::invalid(format!(
                "vcsIntegrationId {}: this installation has no VCS integrations yet; give \
                 `provider` GIT with a `repositoryURL` (in Terraform: a `raw_git` block)",
                Quoted(&id)
            )));
        }
        let provider = self.provider.unwrap_or_else(|| DEFAULT.to_owned());
        let repository_url = filled(self.repository_url);
        match (provider.as_str(), &repository_url) {
            (GIT, Some(_)) | (DEFAULT, None) => {}
            (GIT, None) => {
                return Err(OpError::invalid(
                    "repositoryURL: with `provider` GIT it must name the repository, as an https \
                     URL or as a path below a directory that the operator allows",
                ));
            }
            (DEFAULT, Some(_)) => {
                return Err(OpError::invalid(
                    "repositoryURL: it is for `provider` GIT (in Terraform: a `raw_git` block); \
                     change the provider or leave the URL out",
                ));
            }
            (other, _) => {
                return Err(OpError::invalid(format!(
                    "provider {other} needs a VCS integration, and this installation has none \
                     yet: give `provider` GIT with a `repositoryURL` (in Terraform: a `raw_git` \
                     block)"
                )));
            }
        }
        check_line("repository", &self.repository, LONGEST_NAME)?;
        let namespace = match filled(self.namespace) {
            Some(namespace) => namespace,
            None => app.default_namespace().to_owned(),
        };
        check_line("namespace", &namespace, LONGEST_NAME)?;
        gantry_git::valid_branch(&self.branch)
            .map_err(|error| OpError::invalid(error.to_string()))?;
        let project_root = filled(self.project_root);
        if let Some(root) = &project_root {
            check_inside("projectRoot", root)?;
        }
        check_paths("additionalProjectGlobs", &self.project_globs)?;
        check_paths("gitSparseCheckoutPaths", &self.sparse_paths)?;
        Ok(StackSource {
            provider,
            namespace,
            repository: self.repository,
            repository_url,
            branch: self.branch,
            project_root,
            project_globs: self.project_globs,
            sparse_paths: self.sparse_paths,
        })
    }
}

/// Clients write "nothing" as null or as the empty string.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(super) fn same_repository(one: &StackSource, other: &StackSource) -> bool {
    let place = |source: &StackSource| {
        (
            source.provider.clone(),
            source.namespace.clone(),
            source.repository.clone(),
            source.repository_url.clone(),
        )
    };
    place(one) == place(other)
}

fn check_name(name: &str) -> Result<(), OpError> {
    if name.trim().is_empty() {
        return Err(OpError::invalid("name: a stack needs one"));
    }
    check_line("name", name, LONGEST_NAME)
}

/// One line of text: not empty, not too long, nothing in it that a terminal would act upon.
pub(crate) fn check_line(field: &str, text: &str, longest: usize) -> Result<(), OpError> {
    let length = text.chars().count();
    if length == 0 {
        return Err(OpError::invalid(format!("{field}: it is empty")));
    }
    if length > longest {
        return Err(OpError::invalid(format!(
            "{field} {} has {length} characters: {longest} are allowed",
            Quoted(text)
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(OpError::invalid(format!(
            "{field} {} contains a control character: take it out",
            Quoted(text)
        )));
    }
    Ok(())
}

pub(crate) fn check_labels(labels: &[String]) -> Result<(), OpError> {
    if labels.len() > MOST_LABELS {
        return Err(OpError::invalid(format!(
            "labels: there are {}, and {MOST_LABELS} are allowed",
            labels.len()
        )));
    }
    for label in labels {
        check_line("labels", label, LONGEST_LABEL)?;
    }
    Ok(())
}

pub(crate) fn check_hooks(hooks: &Hooks) -> Result<(), OpError> {
    for (field, lines) in hooks.places() {
        if lines.len() > MOST_HOOK_LINES {
            return Err(OpError::invalid(format!(
                "{field}: there are {} commands, and {MOST_HOOK_LINES} are allowed; put them into \
                 a script of the repository",
                lines.len()
            )));
        }
        if lines.iter().map(String::len).sum::<usize>() > LARGEST_HOOKS {
            return Err(OpError::invalid(format!(
                "{field}: the commands have more than {LARGEST_HOOKS} bytes; put them into a \
                 script of the repository"
            )));
        }
        if lines.iter().any(|line| line.contains('\0')) {
            return Err(OpError::invalid(format!(
                "{field}: a command contains a zero byte, which no shell can read"
            )));
        }
    }
    Ok(())
}

fn check_paths(field: &str, paths: &[String]) -> Result<(), OpError> {
    if paths.len() > MOST_PATHS {
        return Err(OpError::invalid(format!(
            "{field}: there are {}, and {MOST_PATHS} are allowed",
            paths.len()
        )));
    }
    paths.iter().try_for_each(|path| check_inside(field, path))
}

/// A path that stays inside the repository.
pub(crate) fn check_inside(field: &str, path: &str) -> Result<(), OpError> {
    check_line(field, path, LONGEST_PATH)?;
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return Err(OpError::invalid(format!(
            "{field} {} leads out of the repository: give a path relative to its top, without `..`",
            Quoted(path)
        )));
    }
    Ok(())
}
