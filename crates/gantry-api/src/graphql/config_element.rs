use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gantry_app::OpError;
use gantry_app::config_element::{self, NewVariable};
use gantry_core::config_element::ConfigKind;
use gantry_core::ids::StackId;
use gantry_core::stack::Stack;
use secrecy::SecretString;

use super::context::{app, subject};
use super::stack::StackContextAttachment;
use crate::error;

/// A part of `Stack`: what is set for its runs.
pub struct StackConfig(pub Arc<Stack>);

#[Object]
impl StackConfig {
    async fn config(&self, ctx: &Context<'_>) -> Result<Vec<ConfigElement>> {
        let elements = app(ctx).stack_config(subject(ctx)?, &self.0).await;
        let elements = elements.map_err(error::graphql)?;
        Ok(elements.into_iter().map(ConfigElement).collect())
    }

    async fn config_element(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ConfigElement>> {
        let element = app(ctx)
            .stack_config_element(subject(ctx)?, &self.0, &id.0)
            .await;
        Ok(element.map_err(error::graphql)?.map(ConfigElement))
    }

    /// The stack's own elements; contexts will add theirs.
    async fn runtime_config(&self, ctx: &Context<'_>) -> Result<Vec<RuntimeConfigElement>> {
        let elements = app(ctx).stack_config(subject(ctx)?, &self.0).await;
        let elements = elements.map_err(error::graphql)?;
        Ok(elements
            .into_iter()
            .map(|element| RuntimeConfigElement {
                context: None,
                element: ConfigElement(element),
            })
            .collect())
    }
}

#[derive(Default)]
pub struct ConfigElementMutation;

#[Object]
impl ConfigElementMutation {
    /// Sets a variable; one of the same name is replaced.
    async fn stack_config_add(
        &self,
        ctx: &Context<'_>,
        stack: ID,
        config: ConfigInput,
    ) -> Result<ConfigElement> {
        let variable = config.decode().map_err(error::graphql)?;
        let added = app(ctx)
            .stack_config_add(subject(ctx)?, &StackId::new(stack.0), variable)
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
}

pub struct ConfigElement(config_element::ConfigElement);

#[Object]
impl ConfigElement {
    /// The name of the variable.
    async fn id(&self) -> ID {
        ID(self.0.name.clone())
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> ConfigType {
        match self.0.kind {
            ConfigKind::EnvironmentVariable => ConfigType::EnvironmentVariable,
        }
    }

    /// Hex SHA-256 of the value for whoever may write it; a keyed hash for everybody else.
    async fn checksum(&self) -> &str {
        &self.0.checksum
    }

    /// Null when it is write-only.
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
    fn decode(self) -> std::result::Result<NewVariable, OpError> {
        if self.kind == ConfigType::FileMount {
            return Err(OpError::invalid(
                "type: mounted files are not supported yet; an ENVIRONMENT_VARIABLE can carry the \
                 content, and a hook can write it to a file",
            ));
        }
        Ok(NewVariable {
            name: self.id.0,
            value: SecretString::from(self.value),
            write_only: self.write_only,
            description: self.description,
        })
    }
}
