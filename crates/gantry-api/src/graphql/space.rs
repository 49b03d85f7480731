use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use gantry_app::App;
use gantry_app::space::SpaceDraft;
use gantry_core::authz::Role;
use gantry_core::ids::SpaceId;
use gantry_core::space;

use super::cx::{app, subject};
use crate::error;

#[derive(Default)]
pub struct SpaceQuery;

#[Object]
impl SpaceQuery {
    async fn space(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Space>> {
        let found = app(ctx).space(subject(ctx)?, &SpaceId::new(id.0)).await;
        Ok(found.map_err(error::graphql)?.map(Space))
    }

    async fn spaces(&self, ctx: &Context<'_>) -> Result<Vec<Space>> {
        let spaces = app(ctx)
            .spaces(subject(ctx)?)
            .await
            .map_err(error::graphql)?;
        Ok(spaces.into_iter().map(Space).collect())
    }
}

#[derive(Default)]
pub struct SpaceMutation;

#[Object]
impl SpaceMutation {
    async fn space_create(&self, ctx: &Context<'_>, input: SpaceInput) -> Result<Space> {
        let made = app(ctx).space_create(subject(ctx)?, &input.into()).await;
        made.map(Space).map_err(error::graphql)
    }

    /// Replaces everything but the ID.
    async fn space_update(&self, ctx: &Context<'_>, space: ID, input: SpaceInput) -> Result<Space> {
        let changed = app(ctx)
            .space_update(subject(ctx)?, &SpaceId::new(space.0), &input.into())
            .await;
        changed.map(Space).map_err(error::graphql)
    }

    /// Refused while something lives in it; null when there is none.
    async fn space_delete(&self, ctx: &Context<'_>, space: ID) -> Result<Option<Space>> {
        let deleted = app(ctx)
            .space_delete(subject(ctx)?, &SpaceId::new(space.0))
            .await;
        Ok(deleted.map_err(error::graphql)?.map(Space))
    }
}

pub struct Space(pub space::Space);

#[Object]
impl Space {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn description(&self) -> &str {
        &self.0.description
    }

    async fn inherit_entities(&self) -> bool {
        self.0.inherit_entities
    }

    /// Null only for the root space.
    async fn parent_space(&self) -> Option<ID> {
        self.0
            .parent
            .as_ref()
            .map(|parent| ID(parent.as_str().to_owned()))
    }

    async fn labels(&self) -> &[String] {
        &self.0.labels
    }

    /// What the viewer may do here.
    async fn access_level(&self, ctx: &Context<'_>) -> Result<SpaceAccessLevel> {
        let role = app(ctx).role_in_space(subject(ctx)?, &self.0.id);
        Ok(role.map_or(SpaceAccessLevel::Read, SpaceAccessLevel::from))
    }
}

#[derive(InputObject)]
struct SpaceInput {
    name: String,
    description: String,
    inherit_entities: bool,
    /// The empty text means the root space.
    parent_space: ID,
    labels: Option<Vec<String>>,
}

impl From<SpaceInput> for SpaceDraft {
    fn from(input: SpaceInput) -> Self {
        SpaceDraft {
            name: input.name,
            description: input.description,
            inherit_entities: input.inherit_entities,
            parent: input.parent_space.0,
            labels: input.labels.unwrap_or_default(),
        }
    }
}

/// Loads the spaces of all things of a page at once.
pub struct SpaceLoader(pub Arc<App>);

impl Loader<SpaceId> for SpaceLoader {
    type Value = space::Space;
    type Error = async_graphql::Error;

    async fn load(&self, ids: &[SpaceId]) -> Result<HashMap<SpaceId, space::Space>> {
        let spaces = self.0.spaces_of(ids).await.map_err(error::graphql)?;
        Ok(spaces
            .into_iter()
            .map(|space| (space.id.clone(), space))
            .collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum SpaceAccessLevel {
    Admin,
    Read,
    Write,
}

impl From<SpaceAccessLevel> for Role {
    fn from(level: SpaceAccessLevel) -> Self {
        match level {
            SpaceAccessLevel::Read => Role::Reader,
            SpaceAccessLevel::Write => Role::Writer,
            SpaceAccessLevel::Admin => Role::Admin,
        }
    }
}

impl From<Role> for SpaceAccessLevel {
    fn from(role: Role) -> Self {
        match role {
            Role::Reader => SpaceAccessLevel::Read,
            Role::Writer => SpaceAccessLevel::Write,
            Role::Admin => SpaceAccessLevel::Admin,
        }
    }
}
