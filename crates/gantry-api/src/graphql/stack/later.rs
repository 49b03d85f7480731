//! What clients select of a stack and this installation has none of yet: policies, modules,
//! dependencies. The answers are what is true, none; the types are as much of the contract's as a
//! client needs to be able to ask.

use async_graphql::{Enum, ID, Object, SimpleObject};

use super::Stack;

/// A part of `Stack`.
pub struct StackLater;

#[Object]
impl StackLater {
    async fn starred(&self) -> bool {
        false
    }

    async fn vcs_integration(&self) -> Option<VcsIntegrationRef> {
        None
    }

    async fn module_versions_used(&self) -> Vec<ModuleVersion> {
        vec![]
    }

    async fn attached_policies(&self) -> Vec<StackPolicyAttachment> {
        vec![]
    }

    async fn dependency(&self, id: ID, depends_on_stack_id: Option<ID>) -> Option<StackDependency> {
        let _ = (id, depends_on_stack_id);
        None
    }

    async fn depends_on(&self) -> Vec<StackDependency> {
        vec![]
    }

    async fn is_depended_on_by(&self) -> Vec<StackDependency> {
        vec![]
    }
}

#[derive(SimpleObject)]
#[graphql(name = "VCSIntegrationRef")]
struct VcsIntegrationRef {
    id: ID,
    is_default: bool,
}

#[derive(SimpleObject)]
struct ModuleVersion {
    id: ID,
    number: String,
    module: Module,
}

#[derive(SimpleObject)]
struct Module {
    id: ID,
    name: String,
    owner: String,
}

#[derive(SimpleObject)]
struct StackPolicyAttachment {
    policy_id: ID,
    policy_name: String,
    policy_type: PolicyType,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum PolicyType {
    Access,
    Approval,
    GitPush,
    Initialization,
    Intent,
    Login,
    Notification,
    Plan,
    StackAccess,
    Task,
    TaskRun,
    TerraformPlan,
    Trigger,
}

#[derive(SimpleObject)]
#[graphql(complex)]
struct StackDependency {
    id: ID,
    stack: Stack,
    depends_on_stack: Stack,
}

#[async_graphql::ComplexObject]
impl StackDependency {
    async fn reference(
        &self,
        id: ID,
        input_name: Option<String>,
    ) -> Option<StackDependencyReference> {
        let _ = (id, input_name);
        None
    }
}

#[derive(SimpleObject)]
struct StackDependencyReference {
    id: ID,
    output_name: String,
    input_name: String,
    #[graphql(name = "type")]
    kind: StackDependencyReferenceType,
    trigger_always: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum StackDependencyReferenceType {
    EnvironmentVariable,
}
