//! What a stack shows of clouds: the contract's `integrations` block, and our `cloudAccess`.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::credentials::AccessPreview;
use gantry_app::role::{assumed_in_worker, custom_external_id};
use gantry_core::stack::Stack;

use super::cx::app;
use super::run::RunType;
use crate::error;

/// A part of `Stack`, to be merged into it. Whoever has the stack may see all of it.
pub struct StackCloud(pub Arc<Stack>);

#[Object]
impl StackCloud {
    async fn integrations(&self) -> StackIntegrations {
        StackIntegrations(Arc::clone(&self.0))
    }

    /// Which credentials each phase of each kind of run would get if it started now, and why.
    async fn cloud_access(&self, ctx: &Context<'_>) -> Result<Vec<StackCloudAccess>> {
        let previews = app(ctx)
            .credentials_preview(&self.0)
            .await
            .map_err(error::graphql)?;
        Ok(previews.into_iter().map(StackCloudAccess::from).collect())
    }
}

pub struct StackIntegrations(Arc<Stack>);

#[Object]
impl StackIntegrations {
    async fn aws(&self, ctx: &Context<'_>) -> Result<StackIntegrationAws> {
        let app = app(ctx);
        let legacy = app.legacy_role(&self.0).await.map_err(error::graphql)?;
        let statement = app
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
