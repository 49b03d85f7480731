//! Which tool a stack uses: the contract's seven vendors, of which this installation runs two.

use async_graphql::{Enum, InputObject, SimpleObject, Union};
use gantry_app::OpError;
use gantry_app::stack::VendorDraft;
use gantry_core::stack::{self, Vendor};

/// Clients branch on the names of the members. Equal response keys have equal types.
#[derive(Union)]
pub enum StackConfigVendor {
    Ansible(StackConfigVendorAnsible),
    CloudFormation(StackConfigVendorCloudFormation),
    Kubernetes(StackConfigVendorKubernetes),
    OpenTofu(StackConfigVendorOpenTofu),
    Pulumi(StackConfigVendorPulumi),
    Terraform(StackConfigVendorTerraform),
    Terragrunt(StackConfigVendorTerragrunt),
}

impl From<&Vendor> for StackConfigVendor {
    fn from(vendor: &Vendor) -> Self {
        match vendor {
            Vendor::Terraform(terraform) => Self::Terraform(StackConfigVendorTerraform {
                external_state_access_enabled: terraform.external_state_access_enabled,
                use_smart_sanitization: terraform.use_smart_sanitization,
                version: terraform.version.clone(),
                workflow_tool: Some(terraform.workflow_tool.into()),
                workspace: terraform.workspace.clone(),
            }),
            Vendor::Opentofu(tofu) => Self::OpenTofu(StackConfigVendorOpenTofu {
                concise: tofu.concise,
                external_state_access_enabled: tofu.external_state_access_enabled,
                use_smart_sanitization: tofu.use_smart_sanitization,
                version: tofu.version.clone(),
                workflow_tool: Some(match tofu.custom_workflow {
                    true => OpenTofuWorkflowTool::Custom,
                    false => OpenTofuWorkflowTool::Opentofu,
                }),
                workspace: tofu.workspace.clone(),
            }),
        }
    }
}

#[derive(SimpleObject)]
pub struct StackConfigVendorAnsible {
    playbook: String,
}

#[derive(SimpleObject)]
pub struct StackConfigVendorCloudFormation {
    entry_template_file: String,
    region: String,
    stack_name: String,
    template_bucket: String,
}

#[derive(SimpleObject)]
pub struct StackConfigVendorKubernetes {
    namespace: String,
    kubectl_version: Option<String>,
    kubernetes_workflow_tool: Option<KubernetesWorkflowTool>,
}

#[derive(SimpleObject)]
pub struct StackConfigVendorOpenTofu {
    concise: bool,
    external_state_access_enabled: bool,
    use_smart_sanitization: bool,
    version: Option<String>,
    workflow_tool: Option<OpenTofuWorkflowTool>,
    workspace: Option<String>,
}

#[derive(SimpleObject)]
pub struct StackConfigVendorPulumi {
    #[graphql(name = "loginURL")]
    login_url: String,
    stack_name: String,
}

#[derive(SimpleObject)]
pub struct StackConfigVendorTerraform {
    external_state_access_enabled: bool,
    use_smart_sanitization: bool,
    version: Option<String>,
    workflow_tool: Option<TerraformWorkflowTool>,
    workspace: Option<String>,
}

#[derive(SimpleObject)]
pub struct StackConfigVendorTerragrunt {
    terraform_version: Option<String>,
    terragrunt_version: Option<String>,
    use_run_all: bool,
    use_smart_sanitization: bool,
    use_state_management: bool,
    prefix_resource_names_with_module_name: bool,
    skip_replan_when_run_all: bool,
    skip_replan: bool,
    tool: TerragruntTool,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum TerraformWorkflowTool {
    Custom,
    OpenTofu,
    TerraformFoss,
}

impl From<stack::TerraformWorkflowTool> for TerraformWorkflowTool {
    fn from(tool: stack::TerraformWorkflowTool) -> Self {
        match tool {
            stack::TerraformWorkflowTool::Custom => Self::Custom,
            stack::TerraformWorkflowTool::OpenTofu => Self::OpenTofu,
            stack::TerraformWorkflowTool::TerraformFoss => Self::TerraformFoss,
        }
    }
}

impl From<TerraformWorkflowTool> for stack::TerraformWorkflowTool {
    fn from(tool: TerraformWorkflowTool) -> Self {
        match tool {
            TerraformWorkflowTool::Custom => Self::Custom,
            TerraformWorkflowTool::OpenTofu => Self::OpenTofu,
            TerraformWorkflowTool::TerraformFoss => Self::TerraformFoss,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum OpenTofuWorkflowTool {
    Custom,
    #[graphql(name = "OPENTOFU")]
    Opentofu,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum KubernetesWorkflowTool {
    Custom,
    Kubernetes,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum TerragruntTool {
    ManuallyProvisioned,
    OpenTofu,
    TerraformFoss,
}

/// One member is given.
#[derive(InputObject)]
pub struct VendorConfigInput {
    ansible: Option<AnsibleInput>,
    cloud_formation: Option<CloudFormationInput>,
    kubernetes: Option<KubernetesInput>,
    opentofu: Option<OpenTofuInput>,
    pulumi: Option<PulumiInput>,
    terraform: Option<TerraformInput>,
    terragrunt: Option<TerragruntInput>,
}

#[derive(InputObject)]
struct AnsibleInput {
    playbook: String,
}

#[derive(InputObject)]
struct CloudFormationInput {
    entry_template_file: String,
    region: String,
    stack_name: String,
    template_bucket: String,
}

#[derive(InputObject)]
struct KubernetesInput {
    namespace: String,
    kubectl_version: Option<String>,
    kubernetes_workflow_tool: Option<KubernetesWorkflowTool>,
}

#[derive(InputObject)]
struct OpenTofuInput {
    concise: Option<bool>,
    external_state_access_enabled: Option<bool>,
    use_smart_sanitization: Option<bool>,
    version: Option<String>,
    workflow_tool: Option<OpenTofuWorkflowTool>,
    workspace: Option<String>,
}

#[derive(InputObject)]
struct PulumiInput {
    #[graphql(name = "loginURL")]
    login_url: String,
    stack_name: String,
}

#[derive(InputObject)]
struct TerraformInput {
    external_state_access_enabled: Option<bool>,
    use_smart_sanitization: Option<bool>,
    version: Option<String>,
    workflow_tool: Option<TerraformWorkflowTool>,
    workspace: Option<String>,
}

#[derive(InputObject)]
struct TerragruntInput {
    terraform_version: Option<String>,
    terragrunt_version: Option<String>,
    use_run_all: bool,
    use_smart_sanitization: bool,
    use_state_management: Option<bool>,
    skip_replan_when_run_all: Option<bool>,
    skip_replan: Option<bool>,
    prefix_resource_names_with_module_name: Option<bool>,
    tool: Option<TerragruntTool>,
}

impl VendorConfigInput {
    pub fn decode(self) -> Result<VendorDraft, OpError> {
        let drafts = [
            self.ansible.map(|_| VendorDraft::Other("ansible")),
            self.cloud_formation
                .map(|_| VendorDraft::Other("cloudFormation")),
            self.kubernetes.map(|_| VendorDraft::Other("kubernetes")),
            self.opentofu.map(VendorDraft::from),
            self.pulumi.map(|_| VendorDraft::Other("pulumi")),
            self.terraform.map(VendorDraft::from),
            self.terragrunt.map(|_| VendorDraft::Other("terragrunt")),
        ];
        let mut given = drafts.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(draft), None) => Ok(draft),
            _ => Err(OpError::invalid(
                "vendorConfig: give exactly one member, such as `terraform` or `opentofu`",
            )),
        }
    }
}

impl From<TerraformInput> for VendorDraft {
    fn from(input: TerraformInput) -> Self {
        VendorDraft::Terraform {
            version: input.version,
            workflow_tool: input.workflow_tool.map(Into::into),
            workspace: input.workspace,
            use_smart_sanitization: input.use_smart_sanitization,
            external_state_access_enabled: input.external_state_access_enabled,
        }
    }
}

impl From<OpenTofuInput> for VendorDraft {
    fn from(input: OpenTofuInput) -> Self {
        VendorDraft::OpenTofu {
            version: input.version,
            custom_workflow: input
                .workflow_tool
                .map(|tool| tool == OpenTofuWorkflowTool::Custom),
            workspace: input.workspace,
            concise: input.concise,
            use_smart_sanitization: input.use_smart_sanitization,
            external_state_access_enabled: input.external_state_access_enabled,
        }
    }
}
