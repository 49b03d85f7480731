use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use gantry_app::OpError;
use gantry_app::api_key::ApiKeyDraft;
use gantry_core::api_key::{self, SpaceAccess};
use gantry_core::authz;
use gantry_core::ids::{ApiKeyId, SpaceId};
use gantry_core::space::ROOT;
use secrecy::{ExposeSecret as _, SecretString};

use super::cx::{app, subject};
use super::role::Role;
use super::space::SpaceAccessLevel;
use crate::error;

#[derive(Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    async fn api_key(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ApiKey>> {
        let found = app(ctx).api_key(subject(ctx)?, &ApiKeyId::new(id.0)).await;
        Ok(found.map_err(error::graphql)?.map(ApiKey::from))
    }

    async fn api_keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiKey>> {
        let keys = app(ctx)
            .api_keys(subject(ctx)?)
            .await
            .map_err(error::graphql)?;
        Ok(keys.into_iter().map(ApiKey::from).collect())
    }
}

#[derive(Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// The answer is the only place where the secret is ever shown.
    async fn api_key_create(&self, ctx: &Context<'_>, input: ApiKeyInput) -> Result<ApiKey> {
        if input.oidc.is_some() {
            return Err(error::graphql(OpError::invalid(
                "oidc: keys that log in by OIDC are not supported yet; leave it out",
            )));
        }
        let draft = ApiKeyDraft {
            name: input.name,
            admin: input.admin,
            teams: input.teams,
            access: access(input.access_rules.unwrap_or_default()),
            expires_at: input.expires_at.map(|at| at.saturating_mul(1000)),
        };
        let made = app(ctx)
            .api_key_create(subject(ctx)?, draft)
            .await
            .map_err(error::graphql)?;
        Ok(ApiKey {
            key: made.key,
            secret: Some(made.secret),
        })
    }

    async fn api_key_update(
        &self,
        ctx: &Context<'_>,
        id: ID,
        input: ApiKeyUpdateInput,
    ) -> Result<ApiKey> {
        let description = match input.description {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(text) => Some(Some(text)),
        };
        let key = app(ctx)
            .api_key_update(
                subject(ctx)?,
                &ApiKeyId::new(id.0),
                input.name,
                description,
                input.teams,
            )
            .await
            .map_err(error::graphql)?;
        Ok(ApiKey::from(key))
    }

    /// Replaces the roles of a key. Each holds in the spaces below too.
    async fn api_key_access_set(
        &self,
        ctx: &Context<'_>,
        id: ID,
        rules: Vec<SpaceAccessRuleInput>,
    ) -> Result<ApiKey> {
        let key = app(ctx)
            .api_key_access_set(subject(ctx)?, &ApiKeyId::new(id.0), access(rules))
            .await;
        key.map(ApiKey::from).map_err(error::graphql)
    }

    /// Revokes the key: its tokens are refused from now on.
    async fn api_key_delete(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ApiKey>> {
        let deleted = app(ctx)
            .api_key_delete(subject(ctx)?, &ApiKeyId::new(id.0))
            .await;
        Ok(deleted.map_err(error::graphql)?.map(ApiKey::from))
    }
}

pub struct ApiKey {
    key: api_key::ApiKey,
    secret: Option<SecretString>,
}

impl From<api_key::ApiKey> for ApiKey {
    fn from(key: api_key::ApiKey) -> Self {
        ApiKey { key, secret: None }
    }
}

#[Object(name = "APIKey")]
impl ApiKey {
    async fn id(&self) -> ID {
        ID(self.key.id.as_str().to_owned())
    }

    async fn name(&self) -> &str {
        &self.key.name
    }

    async fn description(&self) -> Option<&str> {
        self.key.description.as_deref()
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> ApiKeyType {
        ApiKeyType::Secret
    }

    async fn admin(&self) -> bool {
        self.key.admin
    }

    /// Filled in only by `apiKeyCreate`.
    async fn secret(&self) -> &str {
        self.secret
            .as_ref()
            .map_or("", |secret| secret.expose_secret())
    }

    async fn creator(&self) -> &str {
        &self.key.creator
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.key.created_at / 1000
    }

    /// Unix seconds, to the minute.
    async fn last_used_at(&self) -> Option<i64> {
        self.key.last_used_at.map(|at| at / 1000)
    }

    /// Unix seconds; null when it lasts until it is revoked.
    async fn expires_at(&self) -> Option<i64> {
        self.key.expires_at.map(|at| at / 1000)
    }

    async fn deleted(&self) -> bool {
        self.key.revoked_at.is_some()
    }

    async fn teams(&self) -> &[String] {
        &self.key.teams
    }

    async fn team_count(&self) -> usize {
        self.key.teams.len()
    }

    /// In how many spaces it was given a role.
    async fn space_count(&self) -> usize {
        self.rules().len()
    }

    async fn is_machine_user(&self) -> bool {
        true
    }

    /// The roles that it was given; an administrator of the account has that of `root`.
    async fn access_rules(&self) -> Vec<SpaceAccessRule> {
        let rules = self.rules();
        rules
            .into_iter()
            .map(|given| SpaceAccessRule {
                space: ID(given.space.into_string()),
                space_access_level: given.role.into(),
            })
            .collect()
    }

    async fn api_key_role_bindings(&self) -> Vec<ApiKeyRoleBinding> {
        self.key
            .access
            .iter()
            .map(|given| ApiKeyRoleBinding {
                id: ID(format!("{}.{}", self.key.id, given.space)),
                role: Role(given.role),
                space_id: ID(given.space.as_str().to_owned()),
                api_key_id: ID(self.key.id.as_str().to_owned()),
            })
            .collect()
    }

    #[graphql(name = "oidcSettings")]
    async fn oidc_settings(&self) -> Option<ApiKeyOidcSettings> {
        None
    }
}

impl ApiKey {
    fn rules(&self) -> Vec<SpaceAccess> {
        if self.key.admin {
            return vec![SpaceAccess {
                space: SpaceId::new(ROOT),
                role: authz::Role::Admin,
            }];
        }
        self.key.access.clone()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "APIKeyType")]
enum ApiKeyType {
    Oidc,
    Secret,
}

#[derive(SimpleObject)]
struct SpaceAccessRule {
    space: ID,
    space_access_level: SpaceAccessLevel,
}

#[derive(SimpleObject)]
#[graphql(name = "APIKeyRoleBinding")]
struct ApiKeyRoleBinding {
    id: ID,
    role: Role,
    #[graphql(name = "spaceID")]
    space_id: ID,
    #[graphql(name = "apiKeyID")]
    api_key_id: ID,
}

#[derive(SimpleObject)]
#[graphql(name = "APIKeyOIDCSettings")]
struct ApiKeyOidcSettings {
    issuer: String,
    client_id: String,
    subject_expression: String,
    claim_mapping: ClaimMapping,
}

#[derive(SimpleObject)]
struct ClaimMapping {
    entries: Vec<ClaimMappingEntry>,
}

#[derive(SimpleObject)]
struct ClaimMappingEntry {
    name: String,
    value: String,
}

#[derive(InputObject)]
struct ApiKeyInput {
    admin: bool,
    name: String,
    teams: Vec<String>,
    oidc: Option<ApiKeyInputOidc>,
    /// Roles in spaces; each holds in the spaces below too. Without any, a key that is no
    /// administrator sees nothing.
    access_rules: Option<Vec<SpaceAccessRuleInput>>,
    /// Unix seconds; null lasts until the key is revoked.
    expires_at: Option<i64>,
}

#[derive(InputObject)]
struct SpaceAccessRuleInput {
    space: ID,
    space_access_level: SpaceAccessLevel,
}

fn access(rules: Vec<SpaceAccessRuleInput>) -> Vec<SpaceAccess> {
    rules
        .into_iter()
        .map(|rule| SpaceAccess {
            space: SpaceId::new(rule.space.0),
            role: rule.space_access_level.into(),
        })
        .collect()
}

#[derive(InputObject)]
#[graphql(name = "APIKeyInputOIDC")]
struct ApiKeyInputOidc {
    issuer: String,
    client_id: String,
    subject_expression: String,
    claim_mappings: Option<ClaimMappingInput>,
}

#[derive(InputObject)]
struct ClaimMappingInput {
    entries: Vec<ClaimMappingEntryInput>,
}

#[derive(InputObject)]
struct ClaimMappingEntryInput {
    name: String,
    value: String,
}

#[derive(InputObject)]
struct ApiKeyUpdateInput {
    name: Option<String>,
    teams: Option<Vec<String>>,
    description: MaybeUndefined<String>,
    oidc_claim_mappings: Option<ClaimMappingInput>,
}
