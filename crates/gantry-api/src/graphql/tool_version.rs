use async_graphql::{Context, Object, Result};
use gantry_core::engine::Engine;

use super::cx::{app, subject};
use crate::error;

#[derive(Default)]
pub struct ToolVersionQuery;

#[Object]
impl ToolVersionQuery {
    /// Versions of Terraform that a stack can name here, newest first.
    async fn terraform_versions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        subject(ctx)?;
        versions(ctx, Engine::Terraform).await
    }

    /// Versions of OpenTofu that a stack can name here, newest first.
    async fn open_tofu_versions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        subject(ctx)?;
        versions(ctx, Engine::OpenTofu).await
    }

    /// None: this installation does not run Kubernetes stacks.
    async fn kubectl_versions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        subject(ctx)?;
        Ok(vec![])
    }

    /// None: this installation does not run Terragrunt.
    async fn terragrunt_versions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        subject(ctx)?;
        Ok(vec![])
    }
}

async fn versions(ctx: &Context<'_>, engine: Engine) -> Result<Vec<String>> {
    let versions = app(ctx).tool_versions(engine).await;
    versions.map_err(error::graphql)
}
