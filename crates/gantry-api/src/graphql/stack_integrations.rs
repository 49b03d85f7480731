//! What a stack shows of clouds: the contract's `integrations` block, and our `cloudAccess`.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::credentials::AccessPreview;
use gantry_app::role::{assumed_in_worker, custom_external_id};
use gantry_core::credentials::legacy_role::LegacyRole;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;

use super::attachment::{self, AwsIntegrationStackAttachment};
use super::batch::{self, Batch, StackKey};
use super::cx::app;
use super::legacy_role::migration::{self, LegacyRoleMigration};
use super::run::RunType;
use crate::error;

/// A part of `Stack`, to be merged into it. Whoever has the stack may see all of it.
pub struct StackCloud(pub Arc<Stack>);

#[Object]
impl StackCloud {
    async fn integrations(&self) -> StackIntegrations {
        StackIntegrations(Arc::clone(&self.0))
    }

    /// What became of the role that the stack had of its own, as long as it may be undone. An addition
    /// to the contract.
    async fn legacy_role_migration(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<LegacyRoleMigration>> {
        migration::of_stack(ctx, &self.0.id).await
    }

    /// At most one that serves read and one that serves write. An addition to the contract.
    async fn attached_aws_integrations(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Vec<AwsIntegrationStackAttachment>> {
        attachment::of_stack(ctx, &self.0.id).await
    }

    /// Which credentials each phase of each kind of run would get if it started now, and why.
    async fn cloud_access(&self, ctx: &Context<'_>) -> Result<Vec<StackCloudAccess>> {
        let previews = batch::one(ctx, AccessOf(StackKey(self.0.clone()))).await?;
        let previews = previews.unwrap_or_default();
        Ok(previews.into_iter().map(StackCloudAccess::from).collect())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct AccessOf(StackKey);

impl Loader<AccessOf> for Batch {
    type Value = Vec<AccessPreview>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[AccessOf]) -> Result<HashMap<AccessOf, Self::Value>> {
        let stacks: Vec<&Stack> = keys.iter().map(|AccessOf(key)| &*key.0).collect();
        let previews = self.app.credentials_previews(&stacks).await;
        let previews = previews.map_err(error::graphql)?;
        Ok(keys.iter().cloned().zip(previews).collect())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct LegacyRoleOf(StackId);

impl Loader<LegacyRoleOf> for Batch {
    type Value = LegacyRole;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[LegacyRoleOf]) -> Result<HashMap<LegacyRoleOf, LegacyRole>> {
        let stacks: Vec<StackId> = keys.iter().map(|key| key.0.clone()).collect();
        let roles = self.app.legacy_roles(&stacks).await;
        let roles = roles.map_err(error::graphql)?.into_iter();
        Ok(roles
            .map(|legacy| (LegacyRoleOf(legacy.stack.clone()), legacy))
            .collect())
    }
}

pub struct StackIntegrations(Arc<Stack>);

#[Object]
impl StackIntegrations {
    async fn aws(&self, ctx: &Context<'_>) -> Result<StackIntegrationAws> {
        let legacy = batch::one(ctx, LegacyRoleOf(self.0.id.clone())).await?;
        let statement = app(ctx)
            .legacy_trust_statement(&self.0.id, legacy.as_ref())
            .await
            .map_err(error::graphql)?;
        let role = legacy.as_ref().map(|legacy| &legacy.role);
        Ok(StackIntegrationAws {
            assumed_role_arn: role.map(|role| role.arn.to_string()),
            assume_role_policy_statement: statement,
            external_id: role.and_then(custom_external_id).map(str::to_owned),
            generate_credentials_in_worker: role.is_some_and(assumed_in_worker),
            duration_seconds: role.map(|role| role.duration.seconds()),
            region: role
                .and_then(|role| role.region.as_ref())
                .map(ToString::to_string),
        })
    }

    /// Off: there is no drift detection yet.
    async fn drift_detection(&self) -> DriftDetectionIntegration {
        DriftDetectionIntegration {
            ignore_state: false,
            reconcile: false,
            schedule: vec![],
            timezone: "UTC".to_owned(),
        }
    }

    /// Not set up: there is no such integration yet.
    async fn gcp(&self) -> StackIntegrationGcp {
        StackIntegrationGcp {
            service_account_email: None,
            token_scopes: vec![],
        }
    }

    /// Empty: stacks have no webhooks yet.
    async fn webhooks(&self) -> Vec<WebhooksIntegration> {
        vec![]
    }
}

/// The stack's own role, older than integrations.
#[derive(SimpleObject)]
#[graphql(name = "StackIntegrationAWS")]
struct StackIntegrationAws {
    assumed_role_arn: Option<String>,
    /// With which a role accepts this stack, whether it has one or not.
    assume_role_policy_statement: String,
    #[graphql(name = "externalID")]
    external_id: Option<String>,
    generate_credentials_in_worker: bool,
    duration_seconds: Option<u32>,
    region: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "StackIntegrationGCP")]
struct StackIntegrationGcp {
    service_account_email: Option<String>,
    token_scopes: Vec<String>,
}

#[derive(SimpleObject)]
struct DriftDetectionIntegration {
    ignore_state: bool,
    reconcile: bool,
    schedule: Vec<String>,
    timezone: String,
}

#[derive(SimpleObject)]
struct WebhooksIntegration {
    id: ID,
    enabled: bool,
    endpoint: String,
    secret: String,
    retry_on_failure: Option<bool>,
}

/// One phase of one kind of run. An addition to the contract.
#[derive(SimpleObject)]
struct StackCloudAccess {
    run_type: RunType,
    phase: &'static str,
    /// `read` or `write`.
    access: &'static str,
    cloud: &'static str,
    /// The sentence that a run would show.
    explanation: String,
    /// The phase would fail instead of starting without credentials.
    fails: bool,
    /// The integration that serves it; null also for the stack's own role.
    integration: Option<ID>,
    role_arn: Option<String>,
    external_id: Option<String>,
}

impl From<AccessPreview> for StackCloudAccess {
    fn from(preview: AccessPreview) -> Self {
        StackCloudAccess {
            run_type: preview.kind.into(),
            phase: preview.phase.as_str(),
            access: preview.access.as_str(),
            cloud: preview.cloud.as_str(),
            explanation: preview.explanation,
            fails: preview.fails,
            integration: preview.integration.map(|id| ID(id.into_string())),
            role_arn: preview.role_arn,
            external_id: preview.external_id,
        }
    }
}
