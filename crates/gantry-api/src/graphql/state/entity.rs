//! What a state contains, as the contract describes what stacks of every vendor manage. Only
//! Terraform's members are ever made here; clients ask for the others by name all the same.

use async_graphql::{ID, SimpleObject, Union};
use gantry_core::state::contents::{Contents, Module, Output, ResourceInstance};

use crate::graphql::run::Run;

#[derive(SimpleObject)]
pub struct ManagedEntity {
    id: ID,
    address: Option<String>,
    name: String,
    /// The ID of the module around it; null in the root.
    parent: Option<String>,
    /// `module`, `output`, or the type of the resource.
    #[graphql(name = "type")]
    kind: String,
    creator: Option<Run>,
    updater: Option<Run>,
    drifted: Option<i64>,
    third_party_metadata: Option<String>,
    vendor: EntityVendor,
}

/// Modules come before what is in them.
pub(super) fn of(contents: &Contents) -> Vec<ManagedEntity> {
    let modules = contents.modules.iter().map(of_module);
    let resources = contents.resources.iter().map(of_resource);
    let outputs = contents.outputs.iter().map(of_output);
    modules.chain(resources).chain(outputs).collect()
}

fn of_module(module: &Module) -> ManagedEntity {
    let entity = TerraformEntity::Module(TerraformModule { phantom: false });
    ManagedEntity {
        id: ID(module.address.clone()),
        address: Some(module.address.clone()),
        name: module.name.clone(),
        parent: module.parent.clone(),
        ..entity_of("module", entity)
    }
}

fn of_resource(resource: &ResourceInstance) -> ManagedEntity {
    let mode = if resource.managed { "managed" } else { "data" };
    let entity = TerraformEntity::Resource(TerraformResource {
        address: resource.address.clone(),
        mode: mode.into(),
        module: resource.module.clone(),
        provider: resource.provider.clone(),
        tainted: resource.tainted,
        values: resource.values.clone(),
    });
    ManagedEntity {
        id: ID(resource.address.clone()),
        address: Some(resource.address.clone()),
        name: resource.name.clone(),
        parent: resource.module.clone(),
        ..entity_of(&resource.kind, entity)
    }
}

fn of_output(output: &Output) -> ManagedEntity {
    let entity = TerraformEntity::Output(TerraformOutput {
        sensitive: output.sensitive,
        value: output.value.clone(),
        hash: output.fingerprint.clone(),
    });
    let address = format!("output.{}", output.name);
    ManagedEntity {
        id: ID(address.clone()),
        address: Some(address),
        name: output.name.clone(),
        ..entity_of("output", entity)
    }
}

fn entity_of(kind: &str, entity: TerraformEntity) -> ManagedEntity {
    ManagedEntity {
        id: ID(String::new()),
        address: None,
        name: String::new(),
        parent: None,
        kind: kind.into(),
        creator: None,
        updater: None,
        drifted: None,
        third_party_metadata: None,
        vendor: EntityVendor::Terraform(EntityVendorTerraform {
            terraform: Some(entity),
        }),
    }
}

#[derive(Union)]
enum EntityVendor {
    Ansible(EntityVendorAnsible),
    CloudFormation(EntityVendorCloudFormation),
    Kubernetes(EntityVendorKubernetes),
    Pulumi(EntityVendorPulumi),
    Terraform(EntityVendorTerraform),
}

#[derive(SimpleObject)]
struct EntityVendorAnsible {
    ansible: Option<AnsibleEntity>,
}

#[derive(SimpleObject)]
struct EntityVendorCloudFormation {
    cloud_formation: Option<CloudFormationEntity>,
}

#[derive(SimpleObject)]
struct EntityVendorKubernetes {
    kubernetes: Option<KubernetesEntity>,
}

#[derive(SimpleObject)]
struct EntityVendorPulumi {
    pulumi: Option<PulumiEntity>,
}

#[derive(SimpleObject)]
struct EntityVendorTerraform {
    terraform: Option<TerraformEntity>,
}

#[derive(Union)]
enum AnsibleEntity {
    Resource(AnsibleResource),
}

#[derive(Union)]
enum CloudFormationEntity {
    Resource(CloudFormationResource),
    Output(CloudFormationOutput),
}

#[derive(Union)]
enum KubernetesEntity {
    Resource(KubernetesResource),
    Root(KubernetesRoot),
}

#[derive(Union)]
enum PulumiEntity {
    Output(PulumiOutput),
    Stack(PulumiStack),
    Resource(PulumiResource),
}

#[derive(Union)]
enum TerraformEntity {
    Resource(TerraformResource),
    Module(TerraformModule),
    Output(TerraformOutput),
}

#[derive(SimpleObject)]
struct AnsibleResource {
    data: String,
}

#[derive(SimpleObject)]
struct CloudFormationResource {
    logical_resource_id: String,
    physical_resource_id: String,
    template: String,
}

#[derive(SimpleObject)]
struct CloudFormationOutput {
    description: Option<String>,
    export: Option<String>,
    value: String,
}

#[derive(SimpleObject)]
struct KubernetesResource {
    data: String,
}

#[derive(SimpleObject)]
struct KubernetesRoot {
    phantom: bool,
}

#[derive(SimpleObject)]
struct PulumiOutput {
    sensitive: bool,
    value: Option<String>,
    hash: String,
}

#[derive(SimpleObject)]
struct PulumiStack {
    phantom: bool,
}

#[derive(SimpleObject)]
struct PulumiResource {
    urn: String,
    id: String,
    provider: String,
    parent: String,
    outputs: String,
}

#[derive(SimpleObject)]
struct TerraformResource {
    address: String,
    /// `managed` or `data`.
    mode: String,
    module: Option<String>,
    provider: String,
    tainted: bool,
    /// A JSON object; empty for whoever may not see values.
    values: String,
}

#[derive(SimpleObject)]
struct TerraformModule {
    phantom: bool,
}

#[derive(SimpleObject)]
struct TerraformOutput {
    sensitive: bool,
    /// JSON; null when it is sensitive, or the viewer may not see it.
    value: Option<String>,
    /// A keyed hash of the value: the same as long as the value is.
    hash: String,
}
