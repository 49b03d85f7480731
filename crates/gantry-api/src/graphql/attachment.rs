mod listed;

use async_graphql::{Context, ID, Object, Result};
use gantry_core::credentials::select::Attached;
use gantry_core::ids::{AttachmentId, IntegrationId, StackId};

use super::cloud_integration::aws::{AwsIntegration, CLOUD};
use super::cx::{app, subject};
use super::verification::{self, RoleVerification};
use crate::error;
pub use listed::{of_integration, of_stack};

#[derive(Default)]
pub struct AttachmentMutation;

#[Object]
impl AttachmentMutation {
    /// Verifies first that the role can be assumed by this server, and by nobody through it
    /// without the external ID.
    async fn aws_integration_attach(
        &self,
        ctx: &Context<'_>,
        id: ID,
        stack: ID,
        read: bool,
        write: bool,
    ) -> Result<AwsIntegrationStackAttachment> {
        let (id, stack) = (IntegrationId::new(id.0), StackId::new(stack.0));
        let attached = app(ctx)
            .integration_attach(subject(ctx)?, CLOUD, &id, &stack, (read, write))
            .await;
        Ok(AwsIntegrationStackAttachment(
            attached.map_err(error::graphql)?,
        ))
    }

    /// `id` is the attachment's.
    async fn aws_integration_attachment_update(
        &self,
        ctx: &Context<'_>,
        id: ID,
        read: bool,
        write: bool,
    ) -> Result<AwsIntegrationStackAttachment> {
        let id = AttachmentId::new(id.0);
        let updated = app(ctx)
            .attachment_update(subject(ctx)?, CLOUD, &id, (read, write))
            .await;
        Ok(AwsIntegrationStackAttachment(
            updated.map_err(error::graphql)?,
        ))
    }

    /// `id` is the attachment's. Null when there was none.
    async fn aws_integration_detach(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<AwsIntegrationStackAttachment>> {
        let id = AttachmentId::new(id.0);
        let detached = app(ctx).integration_detach(subject(ctx)?, CLOUD, &id).await;
        let detached = detached.map_err(error::graphql)?;
        Ok(detached.map(AwsIntegrationStackAttachment))
    }

    /// Tries the role now as attaching would, and says what came back. An addition to the contract.
    async fn aws_integration_verify(
        &self,
        ctx: &Context<'_>,
        id: ID,
        stack: ID,
        read: bool,
        write: bool,
    ) -> Result<Vec<RoleVerification>> {
        let (id, stack) = (IntegrationId::new(id.0), StackId::new(stack.0));
        let tried = app(ctx)
            .integration_verify(subject(ctx)?, CLOUD, &id, &stack, (read, write))
            .await
            .map_err(error::graphql)?;
        Ok(tried.into_iter().map(RoleVerification::from).collect())
    }
}

pub struct AwsIntegrationStackAttachment(pub(super) Attached);

#[Object(name = "AWSIntegrationStackAttachment")]
impl AwsIntegrationStackAttachment {
    async fn id(&self) -> ID {
        ID(self.0.attachment.id.as_str().to_owned())
    }

    async fn stack_id(&self) -> ID {
        ID(self.0.attachment.stack.as_str().to_owned())
    }

    /// An addition to the contract.
    async fn stack_name(&self, ctx: &Context<'_>) -> Result<String> {
        listed::stack_name(ctx, &self.0.attachment.stack).await
    }

    /// An addition to the contract.
    async fn integration(&self) -> AwsIntegration {
        AwsIntegration(self.0.integration.clone())
    }

    /// What the newest trial of each access showed. An addition to the contract.
    async fn verifications(&self, ctx: &Context<'_>) -> Result<Vec<RoleVerification>> {
        verification::of(ctx, &self.0.attachment.stack, &self.0.integration.id).await
    }

    /// There are no modules yet.
    async fn is_module(&self) -> bool {
        false
    }

    async fn read(&self) -> bool {
        self.0.attachment.serves.read()
    }

    async fn write(&self) -> bool {
        self.0.attachment.serves.write()
    }

    /// What is allowed but wants to be known, in sentences.
    async fn warnings(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let warnings = app(ctx).attachment_warnings(&self.0).await;
        warnings.map_err(error::graphql)
    }
}
