use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::cloud_integration::IntegrationInput;
use gantry_app::credentials::AutoattachedStack;
use gantry_app::role::{RoleInput, assumed_in_worker, custom_external_id};
use gantry_core::credentials::cloud::Cloud;
use gantry_core::credentials::integration::Integration;
use gantry_core::ids::{IntegrationId, StackId};

use crate::error;
use crate::graphql::attachment::{self, AwsIntegrationStackAttachment};
use crate::graphql::batch::{self, Batch};
use crate::graphql::cx::{app, subject};
use crate::graphql::issuing::IntegrationIssued;

pub(in crate::graphql) const CLOUD: Cloud = Cloud::Aws;

#[derive(Default)]
pub struct AwsIntegrationQuery;

#[Object]
impl AwsIntegrationQuery {
    async fn aws_integration(&self, ctx: &Context<'_>, id: ID) -> Result<Option<AwsIntegration>> {
        let id = IntegrationId::new(id.0);
        let found = app(ctx).integration(subject(ctx)?, CLOUD, &id).await;
        Ok(found.map_err(error::graphql)?.map(AwsIntegration))
    }

    /// Names are compared exactly.
    async fn aws_integration_by_name(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<Option<AwsIntegration>> {
        let found = app(ctx)
            .integration_by_name(subject(ctx)?, CLOUD, &name)
            .await;
        Ok(found.map_err(error::graphql)?.map(AwsIntegration))
    }

    async fn aws_integrations(&self, ctx: &Context<'_>) -> Result<Vec<AwsIntegration>> {
        let all = app(ctx)
            .integrations(subject(ctx)?, CLOUD)
            .await
            .map_err(error::graphql)?;
        Ok(all.into_iter().map(AwsIntegration).collect())
    }
}

#[derive(Default)]
pub struct AwsIntegrationMutation;

// The arguments are the contract's; they are no input object there.
#[allow(clippy::too_many_arguments)]
#[Object]
impl AwsIntegrationMutation {
    async fn aws_integration_create(
        &self,
        ctx: &Context<'_>,
        name: String,
        role_arn: String,
        generate_credentials_in_worker: bool,
        #[graphql(name = "externalID")] external_id: Option<String>,
        duration_seconds: Option<i32>,
        labels: Option<Vec<String>>,
        space: Option<ID>,
        region: Option<String>,
        autoattach_enabled: Option<bool>,
        tag_assume_role: Option<bool>,
    ) -> Result<AwsIntegration> {
        let input = IntegrationInput {
            name,
            labels: labels.unwrap_or_default(),
            space: space.map(|space| space.0),
            autoattach_enabled: autoattach_enabled.unwrap_or(false),
            role: RoleInput {
                role_arn,
                generate_credentials_in_worker,
                external_id,
                duration_seconds: duration_seconds.map(i64::from),
                region,
                tag_sessions: tag_assume_role,
            },
        };
        let made = app(ctx)
            .integration_create(subject(ctx)?, CLOUD, &input)
            .await;
        Ok(AwsIntegration(made.map_err(error::graphql)?))
    }

    /// Replaces everything; only a null `space` keeps the one there is. What would be sent to AWS
    /// is tried for every attached stack before it is stored.
    async fn aws_integration_update(
        &self,
        ctx: &Context<'_>,
        id: ID,
        name: String,
        role_arn: String,
        generate_credentials_in_worker: bool,
        #[graphql(name = "externalID")] external_id: Option<String>,
        duration_seconds: Option<i32>,
        labels: Option<Vec<String>>,
        space: Option<ID>,
        region: Option<String>,
        autoattach_enabled: Option<bool>,
        tag_assume_role: Option<bool>,
    ) -> Result<AwsIntegration> {
        let input = IntegrationInput {
            name,
            labels: labels.unwrap_or_default(),
            space: space.map(|space| space.0),
            autoattach_enabled: autoattach_enabled.unwrap_or(false),
            role: RoleInput {
                role_arn,
                generate_credentials_in_worker,
                external_id,
                duration_seconds: duration_seconds.map(i64::from),
                region,
                tag_sessions: tag_assume_role,
            },
        };
        let id = IntegrationId::new(id.0);
        let updated = app(ctx)
            .integration_update(subject(ctx)?, CLOUD, &id, &input)
            .await;
        Ok(AwsIntegration(updated.map_err(error::graphql)?))
    }

    /// Refused while it is attached somewhere. Null when there was none.
    async fn aws_integration_delete(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<AwsIntegration>> {
        let id = IntegrationId::new(id.0);
        let deleted = app(ctx).integration_delete(subject(ctx)?, CLOUD, &id).await;
        Ok(deleted.map_err(error::graphql)?.map(AwsIntegration))
    }
}

pub struct AwsIntegration(pub(in crate::graphql) Integration);

#[Object(name = "AWSIntegration")]
impl AwsIntegration {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn role_arn(&self) -> &str {
        self.0.role.arn.as_str()
    }

    async fn duration_seconds(&self) -> u32 {
        self.0.role.duration.seconds()
    }

    /// A custom external ID; empty where the generated ones are used.
    async fn external_id(&self) -> &str {
        custom_external_id(&self.0.role).unwrap_or_default()
    }

    async fn generate_credentials_in_worker(&self) -> bool {
        assumed_in_worker(&self.0.role)
    }

    async fn labels(&self) -> &[String] {
        &self.0.labels
    }

    async fn space(&self) -> ID {
        ID(self.0.space.as_str().to_owned())
    }

    /// Selects the STS endpoint; null follows the role's partition.
    async fn region(&self) -> Option<&str> {
        self.0.role.region.as_ref().map(|region| region.as_str())
    }

    async fn autoattach_enabled(&self) -> bool {
        self.0.autoattach_enabled
    }

    async fn tag_assume_role(&self) -> bool {
        self.0.role.tag_sessions
    }

    async fn attached_stack(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<AwsIntegrationStackAttachment>> {
        let stack = StackId::new(id.0);
        let found = app(ctx)
            .attachment_of(subject(ctx)?, CLOUD, &self.0.id, &stack)
            .await;
        let found = found.map_err(error::graphql)?;
        Ok(found.map(AwsIntegrationStackAttachment))
    }

    /// The stacks that somebody attached it to and that the viewer sees. An addition to the contract.
    async fn attached_stacks(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Vec<AwsIntegrationStackAttachment>> {
        attachment::of_integration(ctx, &self.0.id).await
    }

    /// The stacks that it serves by a label, as things stand, and those whose phases fail because it
    /// is one of two. An addition to the contract.
    async fn autoattached_stacks(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Vec<AwsIntegrationAutoattachedStack>> {
        let stacks = batch::one(ctx, AutoattachedTo(self.0.id.clone())).await?;
        let stacks = stacks.unwrap_or_default().into_iter();
        Ok(stacks.map(AwsIntegrationAutoattachedStack::from).collect())
    }

    /// What it gave to phases of runs that the viewer sees, newest first, at most 50; `before` is the
    /// `id` of the last that was seen. An addition to the contract.
    async fn issued(
        &self,
        ctx: &Context<'_>,
        before: Option<ID>,
    ) -> Result<Vec<IntegrationIssued>> {
        let before = before.as_ref().map(|id| id.as_str());
        let issued = app(ctx)
            .issued_by_integration(subject(ctx)?, &self.0.id, before)
            .await;
        let issued = issued.map_err(error::graphql)?.into_iter();
        Ok(issued.map(IntegrationIssued::from).collect())
    }

    /// One statement for the role's trust policy, as JSON, with which it accepts all of these stacks for
    /// the accesses that are chosen, attached or not. An addition to the contract.
    async fn trust_statement(
        &self,
        ctx: &Context<'_>,
        stack_ids: Vec<ID>,
        read: bool,
        write: bool,
    ) -> Result<String> {
        let stacks: Vec<StackId> = stack_ids.into_iter().map(|id| StackId::new(id.0)).collect();
        let statement = app(ctx)
            .trust_statement_for_stacks(subject(ctx)?, CLOUD, &self.0, &stacks, (read, write))
            .await;
        statement.map_err(error::graphql)
    }

    /// What a role has to accept for a stack to use it, attached or not. With both accesses the
    /// statement lists both external IDs, and the single one is that of write.
    async fn external_id_for_stack(
        &self,
        ctx: &Context<'_>,
        stack_id: ID,
        read: bool,
        write: bool,
    ) -> Result<AwsIntegrationExternalId> {
        let stack = StackId::new(stack_id.0);
        let found = app(ctx)
            .external_id_for_stack(subject(ctx)?, CLOUD, &self.0, &stack, (read, write))
            .await
            .map_err(error::graphql)?;
        Ok(AwsIntegrationExternalId {
            external_id: found.external_id.to_string(),
            assume_role_policy_statement: found.statement,
        })
    }
}

/// A stack that carries a label of an integration, and has nothing else for some access. An
/// addition to the contract.
#[derive(SimpleObject)]
#[graphql(name = "AWSIntegrationAutoattachedStack")]
struct AwsIntegrationAutoattachedStack {
    stack_id: ID,
    stack_name: String,
    read: bool,
    write: bool,
    /// Why phases of the stack fail instead, in sentences: two integrations would serve one access.
    problems: Vec<String>,
}

impl From<AutoattachedStack> for AwsIntegrationAutoattachedStack {
    fn from(found: AutoattachedStack) -> Self {
        AwsIntegrationAutoattachedStack {
            stack_id: ID(found.stack.into_string()),
            stack_name: found.name,
            read: found.read,
            write: found.write,
            problems: found.problems,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct AutoattachedTo(IntegrationId);

impl Loader<AutoattachedTo> for Batch {
    type Value = Vec<AutoattachedStack>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[AutoattachedTo]) -> Result<HashMap<AutoattachedTo, Self::Value>> {
        let ids: Vec<IntegrationId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self.app.autoattached_stacks(&self.subject, CLOUD, &ids);
        let found = found.await.map_err(error::graphql)?.into_iter();
        Ok(found
            .map(|(integration, stacks)| (AutoattachedTo(integration), stacks))
            .collect())
    }
}

#[derive(SimpleObject)]
#[graphql(name = "AWSIntegrationExternalID")]
struct AwsIntegrationExternalId {
    external_id: String,
    /// One statement of a trust policy, a JSON object.
    assume_role_policy_statement: String,
}
