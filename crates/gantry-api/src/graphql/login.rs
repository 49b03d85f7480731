use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::OpError;
use gantry_core::ids::ApiKeyId;
use secrecy::{ExposeSecret as _, SecretString};

use super::cx::app;
use crate::error;

#[derive(SimpleObject)]
pub struct User {
    pub id: ID,
    pub name: String,
    /// Only in the answer of a token exchange.
    pub jwt: String,
    /// Unix seconds; only in the answer of a token exchange.
    pub valid_until: i64,
}

#[derive(Default)]
pub struct LoginMutation;

#[Object]
impl LoginMutation {
    /// Exchanges an API key for a token. Needs no login.
    async fn api_key_user(
        &self,
        ctx: &Context<'_>,
        id: ID,
        secret: String,
    ) -> Result<Option<User>> {
        let token = app(ctx)
            .exchange_api_key(&ApiKeyId::new(id.0), &SecretString::from(secret))
            .await
            .map_err(error::graphql)?;
        Ok(Some(User {
            jwt: token.jwt.expose_secret().to_owned(),
            valid_until: token.valid_until,
            ..User::of(&token.subject)
        }))
    }

    /// GitHub logins are not served by this installation.
    async fn oauth_user(&self, token: String) -> Result<Option<User>> {
        drop(SecretString::from(token));
        Err(error::graphql(OpError::Invalid(
            "this installation has no GitHub login: use an API key".into(),
        )))
    }
}
