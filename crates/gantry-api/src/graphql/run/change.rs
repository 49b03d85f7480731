use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use gantry_core::plan::Change;
use gantry_core::run::{Run, RunDelta as Delta};

use super::RunState;
use crate::error;
use crate::graphql::cx::{app, subject};

/// A part of `Run`: what its plan would change.
pub struct RunPlan(pub Arc<Run>);

#[Object]
impl RunPlan {
    /// Null until the plan has been read.
    async fn delta(&self) -> Option<RunDelta> {
        self.0.delta.map(RunDelta::from)
    }

    /// What the newest plan would change, per resource.
    #[graphql(name = "changesV3")]
    async fn changes_v3(
        &self,
        ctx: &Context<'_>,
        input: RunChangesInput,
    ) -> Result<Vec<RunChanges>> {
        let _ = input.phase;
        let run = &self.0;
        let changes = app(ctx)
            .run_changes(subject(ctx)?, &run.stack, &run.id)
            .await
            .map_err(error::graphql)?;
        Ok(changes.map(RunChanges::from).into_iter().collect())
    }

    /// The plan in the tool's own JSON form, sensitive values masked; null until it is there. For
    /// writers. An addition to the contract.
    async fn plan_json(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let json = app(ctx).run_plan_json(subject(ctx)?, &self.0).await;
        json.map_err(error::graphql)
    }
}

#[derive(SimpleObject)]
struct RunDelta {
    add_count: i64,
    change_count: i64,
    delete_count: i64,
    resources: i64,
}

impl From<Delta> for RunDelta {
    fn from(delta: Delta) -> Self {
        RunDelta {
            add_count: delta.added,
            change_count: delta.changed,
            delete_count: delta.deleted,
            resources: delta.resources,
        }
    }
}

/// Clients send an empty object.
#[derive(InputObject)]
struct RunChangesInput {
    phase: Option<RunState>,
}

#[derive(SimpleObject)]
struct RunChanges {
    resources: Vec<RunChangesResource>,
}

#[derive(SimpleObject)]
struct RunChangesResource {
    address: String,
    previous_address: Option<String>,
    metadata: RunChangesMetadata,
}

#[derive(SimpleObject)]
struct RunChangesMetadata {
    /// `add`, `change`, `delete`, `replace`, `move`, `import` or `forget`.
    #[graphql(name = "type")]
    kind: &'static str,
}

impl From<Vec<Change>> for RunChanges {
    fn from(changes: Vec<Change>) -> Self {
        let resources = changes.into_iter().map(|change| RunChangesResource {
            address: change.address,
            previous_address: change.previous_address,
            metadata: RunChangesMetadata {
                kind: change.action.as_str(),
            },
        });
        RunChanges {
            resources: resources.collect(),
        }
    }
}
