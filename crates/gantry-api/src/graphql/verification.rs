//! What trials of roles showed.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Result, SimpleObject};
use gantry_core::credentials::verification::{Verification, VerifiedSource};
use gantry_core::ids::{IntegrationId, StackId};

use super::batch::{self, Batch, grouped};
use crate::error;

/// Whether a role can be assumed with the external ID of a stack and access, and not without it. An
/// addition to the contract.
#[derive(SimpleObject)]
pub struct RoleVerification {
    /// `read` or `write`.
    access: String,
    /// `trusted`, `untrusted`, `open` (also without the external ID) or `unknown`.
    outcome: String,
    /// Why it is not trusted, in sentences; empty when it is.
    message: String,
    /// Unix seconds.
    checked_at: i64,
}

impl From<Verification> for RoleVerification {
    fn from(record: Verification) -> Self {
        RoleVerification {
            access: record
                .access
                .map(|access| access.as_str().to_owned())
                .unwrap_or_default(),
            outcome: record.outcome.as_str().to_owned(),
            message: record.message,
            checked_at: record.checked_at / 1000,
        }
    }
}

/// Of an integration on a stack that the viewer sees.
pub async fn of(
    ctx: &Context<'_>,
    stack: &StackId,
    integration: &IntegrationId,
) -> Result<Vec<RoleVerification>> {
    let source = VerifiedSource::Integration(integration.clone());
    let all = batch::one(ctx, OfStack(stack.clone())).await?;
    let all = all.unwrap_or_default().into_iter();
    Ok(all
        .filter(|record| record.source == source)
        .map(RoleVerification::from)
        .collect())
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct OfStack(StackId);

impl Loader<OfStack> for Batch {
    type Value = Vec<Verification>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[OfStack]) -> Result<HashMap<OfStack, Vec<Verification>>> {
        let ids: Vec<StackId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self.app.verifications_of_stacks(&ids).await;
        let found = found.map_err(error::graphql)?.into_iter();
        Ok(grouped(
            found.map(|record| (OfStack(record.stack.clone()), record)),
        ))
    }
}
