//! Which tool a stack uses, and which ones this installation knows.

use gantry_core::quoted::Quoted;
use gantry_core::stack::{
    OpenTofuVendor, StackSettings, TerraformVendor, TerraformWorkflowTool, Vendor,
};
use gantry_core::tool_version::ToolRange;

use crate::OpError;

/// A vendor's settings as a client sends them: `None` means "the default".
#[derive(Clone, Debug)]
pub enum VendorDraft {
    Terraform {
        version: Option<String>,
        workflow_tool: Option<TerraformWorkflowTool>,
        workspace: Option<String>,
        use_smart_sanitization: Option<bool>,
        external_state_access_enabled: Option<bool>,
    },
    OpenTofu {
        version: Option<String>,
        custom_workflow: Option<bool>,
        workspace: Option<String>,
        concise: Option<bool>,
        use_smart_sanitization: Option<bool>,
        external_state_access_enabled: Option<bool>,
    },
    /// A vendor of the contract that this installation does not run, by its member's name.
    Other(&'static str),
}

impl VendorDraft {
    /// What a stack without any vendor settings is.
    pub const DEFAULT: VendorDraft = VendorDraft::Terraform {
        version: None,
        workflow_tool: None,
        workspace: None,
        use_smart_sanitization: None,
        external_state_access_enabled: None,
    };

    pub(super) fn check(self) -> Result<Vendor, OpError> {
        match self {
            VendorDraft::Terraform {
                version,
                workflow_tool,
                workspace,
                use_smart_sanitization,
                external_state_access_enabled,
            } => {
                let field = "vendorConfig.terraform";
                let tool = workflow_tool.unwrap_or(TerraformWorkflowTool::TerraformFoss);
                if tool == TerraformWorkflowTool::Custom {
                    return Err(custom_workflow(field, "TERRAFORM_FOSS or OPEN_TOFU"));
                }
                Ok(Vendor::Terraform(TerraformVendor {
                    version: checked_version(field, version)?,
                    workflow_tool: tool,
                    workspace: checked_workspace(field, workspace)?,
                    use_smart_sanitization: use_smart_sanitization.unwrap_or(false),
                    external_state_access_enabled: external_state_access_enabled.unwrap_or(false),
                }))
            }
            VendorDraft::OpenTofu {
                version,
                custom_workflow: custom,
                workspace,
                concise,
                use_smart_sanitization,
                external_state_access_enabled,
            } => {
                let field = "vendorConfig.opentofu";
                if custom == Some(true) {
                    return Err(custom_workflow(field, "OPENTOFU"));
                }
                Ok(Vendor::Opentofu(OpenTofuVendor {
                    version: checked_version(field, version)?,
                    custom_workflow: false,
                    workspace: checked_workspace(field, workspace)?,
                    concise: concise.unwrap_or(false),
                    use_smart_sanitization: use_smart_sanitization.unwrap_or(true),
                    external_state_access_enabled: external_state_access_enabled.unwrap_or(false),
                }))
            }
            VendorDraft::Other(name) => Err(OpError::invalid(format!(
                "vendorConfig.{name}: this installation runs Terraform and OpenTofu only; give \
                 `vendorConfig.terraform` or `vendorConfig.opentofu`"
            ))),
        }
    }
}

fn custom_workflow(field: &str, instead: &str) -> OpError {
    OpError::invalid(format!(
        "{field}.workflowTool: CUSTOM workflows are not run by this installation; choose {instead}"
    ))
}

/// Kept as it was written: clients compare what they read with what they sent.
pub(crate) fn checked_version(
    field: &str,
    version: Option<String>,
) -> Result<Option<String>, OpError> {
    let Some(version) = version.filter(|version| !version.is_empty()) else {
        return Ok(None);
    };
    match ToolRange::parse(&version) {
        Ok(_) => Ok(Some(version)),
        Err(bad) => Err(OpError::invalid(format!(
            "{field}.version {} {bad}",
            Quoted(&version)
        ))),
    }
}

/// Terraform's own rule for names of workspaces, in so far as a path could be made of one.
fn checked_workspace(field: &str, workspace: Option<String>) -> Result<Option<String>, OpError> {
    let Some(workspace) = workspace.filter(|workspace| !workspace.is_empty()) else {
        return Ok(None);
    };
    let well_formed = workspace.len() <= 90
        && !workspace.starts_with(['-', '.'])
        && workspace
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~'));
    if well_formed {
        return Ok(Some(workspace));
    }
    Err(OpError::invalid(format!(
        "{field}.workspace {} is no name of a workspace: 1 to 90 letters, digits, `-`, `_`, `.` \
         and `~`, not beginning with `-` or `.`",
        Quoted(&workspace)
    )))
}

/// The HTTP backend, through which the tool reaches a state that is kept here, has no workspaces.
pub(super) fn refuse_workspace(settings: &StackSettings) -> Result<(), OpError> {
    let Some(workspace) = settings.vendor.workspace() else {
        return Ok(());
    };
    let field = match &settings.vendor {
        Vendor::Terraform(_) => "vendorConfig.terraform",
        Vendor::Opentofu(_) => "vendorConfig.opentofu",
    };
    Err(OpError::invalid(format!(
        "{field}.workspace {}: a stack whose state is kept here has one state and no workspaces; \
         leave the workspace out and make a stack for each, or create the stack with `manageState: \
         false` (in Terraform: `manage_state = false`) and a backend of its own",
        Quoted(workspace)
    )))
}
