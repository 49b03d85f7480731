pub mod migration;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::role::RoleInput;
use gantry_core::ids::StackId;

use super::cx::{app, subject};
use crate::error;

#[derive(Default)]
pub struct LegacyRoleMutation;

#[Object]
impl LegacyRoleMutation {
    /// Makes or replaces the role of a stack's own; verified like an attachment.
    #[allow(clippy::too_many_arguments)]
    async fn stack_integration_aws_create(
        &self,
        ctx: &Context<'_>,
        id: ID,
        role_arn: String,
        generate_credentials_in_worker: bool,
        #[graphql(name = "externalID")] external_id: Option<String>,
        duration_seconds: Option<i32>,
        region: Option<String>,
    ) -> Result<StackIntegrationActivation> {
        let input = RoleInput {
            role_arn,
            generate_credentials_in_worker,
            external_id,
            duration_seconds: duration_seconds.map(i64::from),
            region,
            tag_sessions: None,
        };
        app(ctx)
            .legacy_role_put(subject(ctx)?, &StackId::new(id.0), &input)
            .await
            .map_err(error::graphql)?;
        Ok(StackIntegrationActivation { activated: true })
    }

    async fn stack_integration_aws_delete(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<StackIntegrationActivation> {
        app(ctx)
            .legacy_role_delete(subject(ctx)?, &StackId::new(id.0))
            .await
            .map_err(error::graphql)?;
        Ok(StackIntegrationActivation { activated: false })
    }
}

#[derive(SimpleObject)]
pub struct StackIntegrationActivation {
    pub(super) activated: bool,
}
