//! The way from a stack's own role to an integration. Additions to the contract.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::legacy_role::{MigrationCheck, MigrationPlan};
use gantry_core::credentials::migration::Migration;
use gantry_core::ids::{IntegrationId, StackId};

use super::super::batch::{self, Batch};
use super::super::cx::{app, subject};
use crate::error;

#[derive(Default)]
pub struct LegacyRoleQuery;

#[Object]
impl LegacyRoleQuery {
    /// A dry run of `legacyRoleMigrate`: asks AWS what the role accepts, and changes nothing. For
    /// administrators of the stack's space. An addition to the contract.
    async fn legacy_role_migration_plan(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        #[graphql(
            desc = "Which integration is to serve; without it the first that has the same role is \
                    taken, or one is made."
        )]
        integration: Option<ID>,
    ) -> Result<LegacyRoleMigrationPlan> {
        let chosen = integration.map(|id| IntegrationId::new(id.0));
        let plan = app(ctx)
            .legacy_role_migration_plan(subject(ctx)?, &StackId::new(stack.0), chosen.as_ref())
            .await;
        Ok(plan.map_err(error::graphql)?.into())
    }
}

#[derive(Default)]
pub struct LegacyRoleMigrationMutation;

#[Object]
impl LegacyRoleMigrationMutation {
    /// Shows that the role accepts the new external IDs; then, at once, attaches an integration with
    /// the same role and removes the stack's own. For administrators of the stack's space. An
    /// addition to the contract.
    async fn legacy_role_migrate(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        #[graphql(desc = "As the dry run named it.")] integration: Option<ID>,
    ) -> Result<LegacyRoleMigration> {
        let chosen = integration.map(|id| IntegrationId::new(id.0));
        let migrated = app(ctx)
            .legacy_role_migrate(subject(ctx)?, &StackId::new(stack.0), chosen.as_ref())
            .await;
        Ok(migrated.map_err(error::graphql)?.into())
    }

    /// Gives a migrated stack its own role back, as soon as the role accepts the stack's own
    /// external ID, and takes back what the migration attached. For administrators of the stack's
    /// space. An addition to the contract.
    async fn legacy_role_migration_undo(
        &self,
        ctx: &Context<'_>,
        stack: ID,
    ) -> Result<super::StackIntegrationActivation> {
        app(ctx)
            .legacy_role_migration_undo(subject(ctx)?, &StackId::new(stack.0))
            .await
            .map_err(error::graphql)?;
        Ok(super::StackIntegrationActivation { activated: true })
    }
}

/// What a migration would do, and what the role's trust policy still lacks for it. An addition to
/// the contract.
#[derive(SimpleObject)]
struct LegacyRoleMigrationPlan {
    /// What would change, in sentences; all of it happens at once.
    changes: Vec<String>,
    /// Whether it would be carried out as things stand.
    ready: bool,
    /// The integration that would serve; null when attachments cover everything. One that would be
    /// made has this ID from then on.
    integration: Option<ID>,
    integration_name: Option<String>,
    integration_space: Option<ID>,
    makes_integration: bool,
    /// Whether it would serve read.
    read: bool,
    /// Whether it would serve write.
    write: bool,
    checks: Vec<LegacyRoleMigrationCheck>,
    /// A statement to add to the role's trust policy, as JSON; null when it refuses nothing.
    missing_statement: Option<String>,
}

/// Whether the role accepts one external ID. An addition to the contract.
#[derive(SimpleObject)]
struct LegacyRoleMigrationCheck {
    /// `read` or `write`.
    access: &'static str,
    external_id: String,
    /// `trusted`, `untrusted`, `open` (to others too), `unknown`, or `not_tried` where only a worker
    /// can.
    outcome: &'static str,
    /// Empty when there is nothing to say.
    message: String,
}

/// A migration that was carried out and may be undone. An addition to the contract.
#[derive(SimpleObject)]
pub struct LegacyRoleMigration {
    stack: ID,
    /// The role that the stack had of its own.
    role_arn: String,
    /// The integration that serves instead; null when the role served nothing.
    integration: Option<ID>,
    /// Whether it was made for that.
    made_integration: bool,
    attachment: Option<ID>,
    /// Unix seconds.
    migrated_at: i64,
    migrated_by: String,
}

impl From<MigrationPlan> for LegacyRoleMigrationPlan {
    fn from(plan: MigrationPlan) -> Self {
        let integration = plan.integration.as_ref();
        LegacyRoleMigrationPlan {
            ready: plan.is_ready(),
            integration: integration.map(|found| ID(found.id.as_str().to_owned())),
            integration_name: integration.map(|found| found.name.clone()),
            integration_space: integration.map(|found| ID(found.space.as_str().to_owned())),
            makes_integration: plan.makes_integration,
            read: plan.serves.is_some_and(|serves| serves.read()),
            write: plan.serves.is_some_and(|serves| serves.write()),
            changes: plan.changes,
            checks: plan.checks.into_iter().map(Into::into).collect(),
            missing_statement: plan.missing_statement,
        }
    }
}

impl From<MigrationCheck> for LegacyRoleMigrationCheck {
    fn from(check: MigrationCheck) -> Self {
        LegacyRoleMigrationCheck {
            access: check.access.as_str(),
            external_id: check.external_id.to_string(),
            outcome: check
                .outcome
                .map_or("not_tried", |outcome| outcome.as_str()),
            message: check.message,
        }
    }
}

impl From<Migration> for LegacyRoleMigration {
    fn from(migration: Migration) -> Self {
        let replaced = migration.replaced_by;
        LegacyRoleMigration {
            stack: ID(migration.stack.into_string()),
            role_arn: migration.role.arn.to_string(),
            integration: replaced
                .as_ref()
                .map(|replaced| ID(replaced.integration.as_str().to_owned())),
            made_integration: replaced.as_ref().is_some_and(|replaced| replaced.made),
            attachment: replaced.map(|replaced| ID(replaced.attachment.into_string())),
            migrated_at: migration.migrated_at / 1000,
            migrated_by: migration.migrated_by,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct MigrationOf(StackId);

impl Loader<MigrationOf> for Batch {
    type Value = Migration;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[MigrationOf]) -> Result<HashMap<MigrationOf, Migration>> {
        let stacks: Vec<StackId> = keys.iter().map(|key| key.0.clone()).collect();
        let migrations = self.app.legacy_role_migrations(&stacks).await;
        let migrations = migrations.map_err(error::graphql)?.into_iter();
        Ok(migrations
            .map(|migration| (MigrationOf(migration.stack.clone()), migration))
            .collect())
    }
}

/// The migration of a stack that somebody was allowed to see.
pub async fn of_stack(ctx: &Context<'_>, stack: &StackId) -> Result<Option<LegacyRoleMigration>> {
    let found = batch::one(ctx, MigrationOf(stack.clone())).await?;
    Ok(found.map(Into::into))
}
