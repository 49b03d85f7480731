use async_graphql::{ID, InputObject};
use gantry_app::OpError;
use gantry_app::stack::{SourceDraft, StackDraft, VendorDraft};
use gantry_core::hooks::Hooks;

use super::source::VcsProvider;
use crate::graphql::vendor::VendorConfigInput;

/// Always everything: null means "none" or "the default".
#[derive(InputObject)]
pub struct StackInput {
    administrative: bool,
    after_apply: Option<Vec<String>>,
    after_destroy: Option<Vec<String>>,
    after_init: Option<Vec<String>>,
    after_perform: Option<Vec<String>>,
    after_plan: Option<Vec<String>>,
    after_run: Option<Vec<String>>,
    autodeploy: bool,
    autoretry: bool,
    before_apply: Option<Vec<String>>,
    before_destroy: Option<Vec<String>>,
    before_init: Option<Vec<String>>,
    before_perform: Option<Vec<String>>,
    before_plan: Option<Vec<String>>,
    branch: String,
    description: Option<String>,
    github_action_deploy: bool,
    labels: Option<Vec<String>>,
    local_preview_enabled: bool,
    enable_well_known_secret_masking: bool,
    enable_sensitive_output_upload: bool,
    name: String,
    namespace: Option<String>,
    project_root: Option<String>,
    additional_project_globs: Option<Vec<String>>,
    git_sparse_checkout_paths: Option<Vec<String>>,
    protect_from_deletion: bool,
    provider: Option<VcsProvider>,
    repository: String,
    #[graphql(name = "repositoryURL")]
    repository_url: Option<String>,
    runner_image: Option<String>,
    space: Option<ID>,
    vcs_integration_id: Option<ID>,
    vendor_config: Option<VendorConfigInput>,
    worker_pool: Option<ID>,
}

impl StackInput {
    pub fn decode(self) -> Result<StackDraft, OpError> {
        let vendor = match self.vendor_config {
            Some(config) => config.decode()?,
            None => VendorDraft::DEFAULT,
        };
        Ok(StackDraft {
            name: self.name,
            description: self.description,
            space: self.space.map(|id| id.0),
            labels: self.labels.unwrap_or_default(),
            administrative: self.administrative,
            protect_from_deletion: self.protect_from_deletion,
            autodeploy: self.autodeploy,
            autoretry: self.autoretry,
            github_action_deploy: self.github_action_deploy,
            local_preview_enabled: self.local_preview_enabled,
            well_known_secret_masking: self.enable_well_known_secret_masking,
            sensitive_output_upload: self.enable_sensitive_output_upload,
            runner_image: self.runner_image,
            worker_pool: self.worker_pool.map(|id| id.0),
            vendor,
            hooks: Hooks {
                before_init: self.before_init.unwrap_or_default(),
                after_init: self.after_init.unwrap_or_default(),
                before_plan: self.before_plan.unwrap_or_default(),
                after_plan: self.after_plan.unwrap_or_default(),
                before_apply: self.before_apply.unwrap_or_default(),
                after_apply: self.after_apply.unwrap_or_default(),
                before_perform: self.before_perform.unwrap_or_default(),
                after_perform: self.after_perform.unwrap_or_default(),
                before_destroy: self.before_destroy.unwrap_or_default(),
                after_destroy: self.after_destroy.unwrap_or_default(),
                after_run: self.after_run.unwrap_or_default(),
            },
            source: SourceDraft {
                provider: self.provider.map(|provider| provider.as_str().to_owned()),
                vcs_integration: self.vcs_integration_id.map(|id| id.0),
                namespace: self.namespace,
                repository: self.repository,
                repository_url: self.repository_url,
                branch: self.branch,
                project_root: self.project_root,
                project_globs: self.additional_project_globs.unwrap_or_default(),
                sparse_paths: self.git_sparse_checkout_paths.unwrap_or_default(),
            },
        })
    }
}
