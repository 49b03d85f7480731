use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gantry_app::config_element::{self, NewElement, Placed};
use gantry_core::config_element::{ConfigKind, Effective};
use gantry_core::ids::{ContextId, StackId};
use gantry_core::stack::Stack;
use secrecy::SecretString;

use super::batch::{self, Batch, StackKey};
use super::context::StackContextAttachment;
use super::cx::{app, subject};
use crate::error;

/// A part of `Stack`: what is set for its runs.
pub struct StackConfig(pub Arc<Stack>);

#[Object]
impl StackConfig {
    async fn config(&self, ctx: &Context<'_>) -> Result<Vec<ConfigElement>> {
        let elements = self.elements(ctx).await?;
        Ok(elements.into_iter().map(ConfigElement).collect())
    }

    async fn config_element(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ConfigElement>> {
        let element = app(ctx)
            .stack_config_element(subject(ctx)?, &self.0, &id.0)
            .await;
        Ok(element.map_err(error::graphql)?.map(ConfigElement))
    }

    /// The stack's own elements and those of contexts that somebody attached, each name once. What
    /// labels attach stands in `attachedContexts`.
    async fn runtime_config(&self, ctx: &Context<'_>) -> Result<Vec<RuntimeConfigElement>> {
        let elements = self.effective(ctx).await?.into_iter();
        Ok(elements
            .map(|element| element.wins)
            .filter(|placed| !placed.by_label())
            .map(Into::into)
            .collect())
    }

    /// What a run would get if it started now, by name: where each element comes from, and what of
    /// the same name it hides. Overrides of a single run and computed variables are not in it. An
    /// addition to the contract.
    async fn effective_config(&self, ctx: &Context<'_>) -> Result<Vec<EffectiveConfigElement>> {
        let elements = self.effective(ctx).await?;
        Ok(elements
            .into_iter()
            .map(|element| EffectiveConfigElement {
                context: element.wins.context.map(Into::into),
                element: ConfigElement(element.wins.element),
                hides: element.hides.into_iter().map(Into::into).collect(),
            })
            .collect())
    }
}

impl StackConfig {
    async fn elements(&self, ctx: &Context<'_>) -> Result<Vec<config_element::ConfigElement>> {
        let key = ConfigOf(StackKey(self.0.clone()));
        Ok(batch::one(ctx, key).await?.unwrap_or_default())
    }

    async fn effective(&self, ctx: &Context<'_>) -> Result<Vec<Effective<Placed>>> {
        let key = EffectiveOf(StackKey(self.0.clone()));
        Ok(batch::one(ctx, key).await?.unwrap_or_default())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct EffectiveOf(StackKey);

impl Loader<EffectiveOf> for Batch {
    type Value = Vec<Effective<Placed>>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[EffectiveOf]) -> Result<HashMap<EffectiveOf, Self::Value>> {
        let stacks: Vec<&Stack> = keys.iter().map(|EffectiveOf(key)| &*key.0).collect();
        let found = self.app.stack_effective_configs(&self.subject, &stacks);
        let found = found.await.map_err(error::graphql)?;
        Ok(keys.iter().cloned().zip(found).collect())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct ConfigOf(StackKey);

impl Loader<ConfigOf> for Batch {
    type Value = Vec<config_element::ConfigElement>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[ConfigOf]) -> Result<HashMap<ConfigOf, Self::Value>> {
        let stacks: Vec<&Stack> = keys.iter().map(|ConfigOf(key)| &*key.0).collect();
        let found = self.app.stack_configs(&self.subject, &stacks).await;
        let mut found = found.map_err(error::graphql)?;
        Ok(keys
            .iter()
            .filter_map(|key| Some((key.clone(), found.remove(&key.0.0.id)?)))
            .collect())
    }
}

#[derive(Default)]
pub struct ConfigElementMutation;

#[Object]
impl ConfigElementMutation {
    /// Sets a variable or mounts a file; one of the same name is replaced.
    async fn stack_config_add(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        config: ConfigInput,
    ) -> Result<ConfigElement> {
        let added = app(ctx)
            .stack_config_add(subject(ctx)?, &StackId::new(stack.0), config.decode())
            .await;
        added.map(ConfigElement).map_err(error::graphql)
    }

    /// Null when there was none.
    async fn stack_config_delete(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        id: ID,
    ) -> Result<Option<ConfigElement>> {
        let deleted = app(ctx)
            .stack_config_delete(subject(ctx)?, &StackId::new(stack.0), &id.0)
            .await;
        Ok(deleted.map_err(error::graphql)?.map(ConfigElement))
    }

    /// Sets a variable or mounts a file, for every stack that has the context.
    async fn context_config_add(
        &self,
        ctx: &Context<'_>,
        context: ID,
        config: ConfigInput,
    ) -> Result<ConfigElement> {
        let added = app(ctx)
            .context_config_add(subject(ctx)?, &ContextId::new(context.0), config.decode())
            .await;
        added.map(ConfigElement).map_err(error::graphql)
    }

    /// Null when there was none.
    async fn context_config_delete(
        &self,
        ctx: &Context<'_>,
        context: ID,
        id: ID,
    ) -> Result<Option<ConfigElement>> {
        let deleted = app(ctx)
            .context_config_delete(subject(ctx)?, &ContextId::new(context.0), &id.0)
            .await;
        Ok(deleted.map_err(error::graphql)?.map(ConfigElement))
    }
}

pub struct ConfigElement(pub config_element::ConfigElement);

#[Object]
impl ConfigElement {
    /// The name of the variable, or the path of the file below `/mnt/workspace`.
    async fn id(&self) -> ID {
        ID(self.0.name.clone())
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> ConfigType {
        match self.0.kind {
            ConfigKind::EnvironmentVariable => ConfigType::EnvironmentVariable,
            ConfigKind::FileMount => ConfigType::FileMount,
        }
    }

    /// Hex SHA-256 of the value for whoever may write it; a keyed hash for everybody else.
    async fn checksum(&self) -> &str {
        &self.0.checksum
    }

    /// Null when it is write-only. Of a file: its content in base64.
    async fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    async fn write_only(&self) -> bool {
        self.0.write_only
    }

    /// Whether the value is computed for each run; none is yet.
    async fn runtime(&self) -> bool {
        false
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.0.created_at / 1000
    }
}

#[derive(SimpleObject)]
struct RuntimeConfigElement {
    /// Where it is inherited from; null for the stack's own.
    context: Option<StackContextAttachment>,
    element: ConfigElement,
}

impl From<Placed> for RuntimeConfigElement {
    fn from(placed: Placed) -> Self {
        RuntimeConfigElement {
            context: placed.context.map(Into::into),
            element: ConfigElement(placed.element),
        }
    }
}

/// An element as runs get it. An addition to the contract.
#[derive(SimpleObject)]
struct EffectiveConfigElement {
    /// Where it is inherited from; null for the stack's own.
    context: Option<StackContextAttachment>,
    element: ConfigElement,
    /// Elements of the same name that runs don't get because of it, the strongest first.
    hides: Vec<RuntimeConfigElement>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ConfigType {
    EnvironmentVariable,
    FileMount,
}

#[derive(InputObject)]
struct ConfigInput {
    id: ID,
    #[graphql(name = "type")]
    kind: ConfigType,
    value: String,
    write_only: bool,
    description: Option<String>,
}

impl ConfigInput {
    fn decode(self) -> NewElement {
        NewElement {
            kind: match self.kind {
                ConfigType::EnvironmentVariable => ConfigKind::EnvironmentVariable,
                ConfigType::FileMount => ConfigKind::FileMount,
            },
            name: self.id.0,
            value: SecretString::from(self.value),
            write_only: self.write_only,
            description: self.description,
        }
    }
}
