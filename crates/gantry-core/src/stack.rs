//! A stack: a root of infrastructure code, its settings and its lock.

use serde::{Deserialize, Serialize};

use crate::commit::Commit;
use crate::engine::Engine;
use crate::hooks::Hooks;
use crate::ids::{RunId, SpaceId, StackId, WorkerPoolId};
use crate::run::{RunState, SystemLock};

/// A stack as it is stored. Times are epoch milliseconds.
#[derive(Clone, Debug)]
pub struct Stack {
    pub id: StackId,
    pub settings: StackSettings,
    /// Fixed at creation: who keeps the state.
    pub manages_state: bool,
    pub disabled: bool,
    /// The newest commit of the branch that a run or a look has seen, or the one that a person set
    /// the stack to; see [`Stack::pinned_commit`].
    pub tracked_commit: Option<Commit>,
    /// Who set it; `None` follows the branch.
    pub tracked_commit_set_by: Option<String>,
    pub lock: Option<StackLock>,
    pub system_lock: Option<StackSystemLock>,
    /// The state of the newest run that holds or held the stack; `None` before the first.
    pub state: Option<RunState>,
    pub state_set_at: Option<i64>,
    /// The run that holds the stack.
    pub blocker: Option<RunId>,
    /// Counts leases of this stack; the newest one fences the others.
    pub fence: i64,
    pub deleting: bool,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Stack {
    /// The commit that a person set the stack to: runs use it instead of the head of the branch.
    pub fn pinned_commit(&self) -> Option<&Commit> {
        self.tracked_commit_set_by
            .as_ref()
            .and(self.tracked_commit.as_ref())
    }
}

/// What create and update replace as a whole.
#[derive(Clone, Debug)]
pub struct StackSettings {
    pub name: String,
    pub description: Option<String>,
    pub space: SpaceId,
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
    /// Whose workers alone take the stack's runs; `None`: the installation's own.
    pub worker_pool: Option<WorkerPoolId>,
    pub vendor: Vendor,
    pub hooks: Hooks,
    pub source: StackSource,
}

/// Where the code comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSource {
    /// The contract's `VCSProvider`.
    pub provider: String,
    pub namespace: String,
    pub repository: String,
    /// Of a `GIT` source.
    pub repository_url: Option<String>,
    pub branch: String,
    pub project_root: Option<String>,
    pub project_globs: Vec<String>,
    pub sparse_paths: Vec<String>,
}

/// Which tool, and how; JSON in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "vendor", rename_all = "snake_case")]
pub enum Vendor {
    Terraform(TerraformVendor),
    Opentofu(OpenTofuVendor),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerraformVendor {
    pub version: Option<String>,
    pub workflow_tool: TerraformWorkflowTool,
    pub workspace: Option<String>,
    pub use_smart_sanitization: bool,
    pub external_state_access_enabled: bool,
}

/// The names are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TerraformWorkflowTool {
    TerraformFoss,
    OpenTofu,
    Custom,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTofuVendor {
    pub version: Option<String>,
    pub custom_workflow: bool,
    pub workspace: Option<String>,
    pub concise: bool,
    pub use_smart_sanitization: bool,
    pub external_state_access_enabled: bool,
}

impl Vendor {
    pub fn engine(&self) -> Engine {
        match self {
            Vendor::Terraform(terraform) => match terraform.workflow_tool {
                TerraformWorkflowTool::OpenTofu => Engine::OpenTofu,
                TerraformWorkflowTool::TerraformFoss | TerraformWorkflowTool::Custom => {
                    Engine::Terraform
                }
            },
            Vendor::Opentofu(_) => Engine::OpenTofu,
        }
    }

    pub fn version(&self) -> Option<&str> {
        match self {
            Vendor::Terraform(terraform) => terraform.version.as_deref(),
            Vendor::Opentofu(tofu) => tofu.version.as_deref(),
        }
    }

    /// Whether runs of other stacks may read the state.
    pub fn external_state_access_enabled(&self) -> bool {
        match self {
            Vendor::Terraform(terraform) => terraform.external_state_access_enabled,
            Vendor::Opentofu(tofu) => tofu.external_state_access_enabled,
        }
    }

    pub fn workspace(&self) -> Option<&str> {
        match self {
            Vendor::Terraform(terraform) => terraform.workspace.as_deref(),
            Vendor::Opentofu(tofu) => tofu.workspace.as_deref(),
        }
    }
}

/// A person's lock: only its holder triggers or confirms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackLock {
    /// A subject's stable identifier, and its name for people.
    pub holder: String,
    pub holder_name: String,
    pub note: Option<String>,
    pub locked_at: i64,
}

/// A lock that a failed write phase left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackSystemLock {
    pub kind: SystemLock,
    pub note: String,
    pub run: RunId,
    /// When it may go by itself; `None` waits for proof or for an administrator.
    pub until: Option<i64>,
    /// An older lock that this one does not settle: it is back when this one goes.
    pub beneath: Option<Box<StackSystemLock>>,
}
