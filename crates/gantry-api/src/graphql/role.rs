//! The roles that somebody can have in a space. There are three, and they can't be changed.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Enum, ID, Object, Result};
use gantry_app::App;
use gantry_core::authz;

use crate::error;

pub struct Role(pub authz::Role);

#[Object]
impl Role {
    async fn id(&self) -> ID {
        ID(slug(self.0).to_owned())
    }

    async fn slug(&self) -> &str {
        slug(self.0)
    }

    async fn is_system(&self) -> bool {
        true
    }

    async fn name(&self) -> &str {
        match self.0 {
            authz::Role::Reader => "Space reader",
            authz::Role::Writer => "Space writer",
            authz::Role::Admin => "Space admin",
        }
    }

    async fn description(&self) -> &str {
        match self.0 {
            authz::Role::Reader => "Sees what lives in the space",
            authz::Role::Writer => "Also triggers and confirms runs, locks, and sets variables",
            authz::Role::Admin => "Also makes and changes what lives in the space",
        }
    }

    async fn actions(&self) -> Vec<Action> {
        match self.0 {
            authz::Role::Reader => vec![Action::SpaceRead],
            authz::Role::Writer => vec![Action::RunTrigger, Action::SpaceRead, Action::SpaceWrite],
            authz::Role::Admin => vec![
                Action::RunTrigger,
                Action::SpaceAdmin,
                Action::SpaceRead,
                Action::SpaceWrite,
            ],
        }
    }

    /// How often it was given.
    async fn role_bindings_count(&self, ctx: &Context<'_>) -> Result<i64> {
        let counts = ctx.data_unchecked::<DataLoader<RoleCountLoader>>();
        Ok(counts.load_one(self.0).await?.unwrap_or_default())
    }
}

fn slug(role: authz::Role) -> &'static str {
    match role {
        authz::Role::Reader => "space-reader",
        authz::Role::Writer => "space-writer",
        authz::Role::Admin => "space-admin",
    }
}

/// Read through introspection by clients that manage roles.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum Action {
    RunTrigger,
    SpaceAdmin,
    SpaceRead,
    SpaceWrite,
}

/// Counts once for all roles of an answer.
pub struct RoleCountLoader(pub Arc<App>);

impl Loader<authz::Role> for RoleCountLoader {
    type Value = i64;
    type Error = async_graphql::Error;

    async fn load(&self, _: &[authz::Role]) -> Result<HashMap<authz::Role, i64>> {
        let counts = self.0.role_counts().await.map_err(error::graphql)?;
        Ok(counts.into_iter().collect())
    }
}
