use std::sync::Arc;

use async_graphql::dataloader::DataLoader;
use async_graphql::{Context, ID, Object, Result};
use gantry_app::OpError;
use gantry_core::hooks::Hooks;
use gantry_core::stack::{Stack, Vendor};

use crate::error;
use crate::graphql::batch;
use crate::graphql::space::{Space, SpaceLoader};
use crate::graphql::vendor::StackConfigVendor;
use crate::graphql::worker_pool::{PoolOfStack, WorkerPool};

/// A part of `Stack`: what its owners decide.
pub struct StackSettings(pub Arc<Stack>);

impl StackSettings {
    fn hooks(&self) -> &Hooks {
        &self.0.settings.hooks
    }
}

#[Object]
impl StackSettings {
    /// The slug; it never changes.
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    async fn name(&self) -> &str {
        &self.0.settings.name
    }

    async fn description(&self) -> Option<&str> {
        self.0.settings.description.as_deref()
    }

    async fn labels(&self) -> &[String] {
        &self.0.settings.labels
    }

    /// Whose workers alone take the runs; null: the installation's own.
    async fn worker_pool(&self, ctx: &Context<'_>) -> Result<Option<WorkerPool>> {
        match &self.0.settings.worker_pool {
            Some(pool) => {
                let found = batch::one(ctx, PoolOfStack(pool.clone())).await?;
                Ok(found.map(WorkerPool))
            }
            None => Ok(None),
        }
    }

    async fn space(&self) -> ID {
        ID(self.0.settings.space.as_str().to_owned())
    }

    async fn space_details(&self, ctx: &Context<'_>) -> Result<Space> {
        let id = self.0.settings.space.clone();
        let loader = ctx.data_unchecked::<DataLoader<SpaceLoader>>();
        let space = loader.load_one(id.clone()).await?.map(Space);
        space.ok_or_else(|| error::graphql(OpError::missing("space", id)))
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.0.created_at / 1000
    }

    async fn administrative(&self) -> bool {
        self.0.settings.administrative
    }

    async fn protect_from_deletion(&self) -> bool {
        self.0.settings.protect_from_deletion
    }

    async fn autodeploy(&self) -> bool {
        self.0.settings.autodeploy
    }

    async fn autoretry(&self) -> bool {
        self.0.settings.autoretry
    }

    /// Whether a proposed run may be promoted.
    async fn github_action_deploy(&self) -> bool {
        self.0.settings.github_action_deploy
    }

    async fn local_preview_enabled(&self) -> bool {
        self.0.settings.local_preview_enabled
    }

    /// Whether this installation keeps the stack's state.
    async fn manages_state_file(&self) -> bool {
        self.0.manages_state
    }

    async fn enable_well_known_secret_masking(&self) -> bool {
        self.0.settings.well_known_secret_masking
    }

    async fn enable_sensitive_output_upload(&self) -> bool {
        self.0.settings.sensitive_output_upload
    }

    async fn runner_image(&self) -> Option<&str> {
        self.0.settings.runner_image.as_deref()
    }

    async fn vendor_config(&self) -> StackConfigVendor {
        StackConfigVendor::from(&self.0.settings.vendor)
    }

    /// Null for other vendors.
    async fn terraform_version(&self) -> Option<&str> {
        match &self.0.settings.vendor {
            Vendor::Terraform(terraform) => terraform.version.as_deref(),
            Vendor::Opentofu(_) => None,
        }
    }

    async fn after_apply(&self) -> &[String] {
        &self.hooks().after_apply
    }

    async fn after_destroy(&self) -> &[String] {
        &self.hooks().after_destroy
    }

    async fn after_init(&self) -> &[String] {
        &self.hooks().after_init
    }

    async fn after_perform(&self) -> &[String] {
        &self.hooks().after_perform
    }

    async fn after_plan(&self) -> &[String] {
        &self.hooks().after_plan
    }

    async fn after_run(&self) -> &[String] {
        &self.hooks().after_run
    }

    async fn before_apply(&self) -> &[String] {
        &self.hooks().before_apply
    }

    async fn before_destroy(&self) -> &[String] {
        &self.hooks().before_destroy
    }

    async fn before_init(&self) -> &[String] {
        &self.hooks().before_init
    }

    async fn before_perform(&self) -> &[String] {
        &self.hooks().before_perform
    }

    async fn before_plan(&self) -> &[String] {
        &self.hooks().before_plan
    }
}
