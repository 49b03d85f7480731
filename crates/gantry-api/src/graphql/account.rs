use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::Subject;
use gantry_core::credentials::cloud::Cloud;

use super::cx::{app, subject, viewer};
use super::login::User;

#[derive(Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// Whoever asks; null when nobody is logged in.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<User> {
        viewer(ctx).map(User::of)
    }

    /// The account's name.
    async fn name(&self, ctx: &Context<'_>) -> Result<String> {
        subject(ctx)?;
        Ok(app(ctx).account_name().to_owned())
    }

    /// What an account may use: everything.
    async fn tier(&self, ctx: &Context<'_>) -> Result<&'static str> {
        subject(ctx)?;
        Ok("self-hosted")
    }

    /// The AWS account of the server's own identity; empty when it has none.
    async fn spacelift_aws_account_id(&self, ctx: &Context<'_>) -> Result<String> {
        subject(ctx)?;
        Ok(app(ctx).cloud_account(Cloud::Aws).await.unwrap_or_default())
    }

    /// Addresses that the installation connects from, as far as it was told.
    #[graphql(name = "outgoingIPAddresses")]
    async fn outgoing_ip_addresses(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        subject(ctx)?;
        Ok(vec![])
    }

    async fn debug_info(&self, ctx: &Context<'_>) -> Result<DebugInfo> {
        subject(ctx)?;
        // The empty string unlocks every command of the CLI; any text but a version crashes it.
        Ok(DebugInfo {
            self_hosted_version: "",
        })
    }
}

#[derive(SimpleObject)]
struct DebugInfo {
    self_hosted_version: &'static str,
}

impl User {
    pub(super) fn of(subject: &Subject) -> Self {
        User {
            id: ID(subject.id()),
            name: subject.name.clone(),
            jwt: String::new(),
            valid_until: 0,
        }
    }
}
