//! People who log in by single sign-on. Additions to the contract.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_core::ids::UserId;

use super::cx::{app, subject};
use crate::error;

#[derive(Default)]
pub struct SignOnQuery;

#[Object]
impl SignOnQuery {
    /// Everybody who has ever logged in by single sign-on, by name; for administrators of the account.
    /// An addition to the contract.
    async fn sign_on_users(&self, ctx: &Context<'_>) -> Result<Vec<SignOnUser>> {
        let users = app(ctx).users(subject(ctx)?).await;
        let users = users.map_err(error::graphql)?.into_iter();
        Ok(users
            .map(|known| SignOnUser {
                id: ID(known.login.id.into_string()),
                name: known.login.name,
                groups: known.login.groups,
                last_login_at: known.last_login_at / 1000,
                sessions: known.sessions,
            })
            .collect())
    }
}

#[derive(Default)]
pub struct SignOnMutation;

#[Object]
impl SignOnMutation {
    /// Ends every session of somebody, at once; null when nobody of that ID has ever logged in. For
    /// administrators of the account. An addition to the contract.
    async fn sign_on_user_log_out(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<SignOnUserLoggedOut>> {
        let found = app(ctx)
            .user_log_out(subject(ctx)?, &UserId::new(id.0))
            .await
            .map_err(error::graphql)?;
        Ok(found.map(|login| SignOnUserLoggedOut {
            id: ID(login.id.into_string()),
            name: login.name,
        }))
    }
}

/// Somebody as the identity provider described them last. An addition to the contract.
#[derive(SimpleObject)]
struct SignOnUser {
    id: ID,
    name: String,
    groups: Vec<String>,
    /// Unix seconds.
    last_login_at: i64,
    /// How many are good now.
    sessions: i64,
}

#[derive(SimpleObject)]
struct SignOnUserLoggedOut {
    id: ID,
    name: String,
}
