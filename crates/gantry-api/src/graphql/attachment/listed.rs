//! Attachments in lists: of an integration, and of a stack.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Result};
use gantry_app::attachment::Listed;
use gantry_core::ids::{IntegrationId, StackId};

use super::AwsIntegrationStackAttachment;
use crate::error;
use crate::graphql::batch::{self, Batch, grouped};
use crate::graphql::cloud_integration::aws::CLOUD;

pub async fn of_stack(
    ctx: &Context<'_>,
    id: &StackId,
) -> Result<Vec<AwsIntegrationStackAttachment>> {
    Ok(shown(batch::one(ctx, Of(id.clone())).await?))
}

pub async fn of_integration(
    ctx: &Context<'_>,
    id: &IntegrationId,
) -> Result<Vec<AwsIntegrationStackAttachment>> {
    Ok(shown(batch::one(ctx, To(id.clone())).await?))
}

pub(super) async fn stack_name(ctx: &Context<'_>, stack: &StackId) -> Result<String> {
    let listed = batch::one(ctx, Of(stack.clone()))
        .await?
        .unwrap_or_default();
    Ok(listed
        .first()
        .map_or_else(|| stack.to_string(), |one| one.stack_name.clone()))
}

fn shown(listed: Option<Vec<Listed>>) -> Vec<AwsIntegrationStackAttachment> {
    let listed = listed.unwrap_or_default().into_iter();
    listed
        .map(|one| AwsIntegrationStackAttachment(one.attached))
        .collect()
}

/// Those of a stack.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Of(StackId);

impl Loader<Of> for Batch {
    type Value = Vec<Listed>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[Of]) -> Result<HashMap<Of, Vec<Listed>>> {
        let ids: Vec<StackId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self.app.attachments_of_stacks(&self.subject, CLOUD, &ids);
        let found = found.await.map_err(error::graphql)?.into_iter();
        Ok(grouped(found.map(|one| {
            (Of(one.attached.attachment.stack.clone()), one)
        })))
    }
}

/// Those of an integration.
#[derive(Clone, PartialEq, Eq, Hash)]
struct To(IntegrationId);

impl Loader<To> for Batch {
    type Value = Vec<Listed>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[To]) -> Result<HashMap<To, Vec<Listed>>> {
        let ids: Vec<IntegrationId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self
            .app
            .attachments_of_integrations(&self.subject, CLOUD, &ids);
        let found = found.await.map_err(error::graphql)?.into_iter();
        Ok(grouped(
            found.map(|one| (To(one.attached.integration.id.clone()), one)),
        ))
    }
}
