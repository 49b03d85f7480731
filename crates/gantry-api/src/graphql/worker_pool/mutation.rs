use async_graphql::{Context, ID, Object, Result};
use gantry_app::worker_pool::WorkerPoolInput;
use gantry_core::ids::{WorkerId, WorkerPoolId};

use super::WorkerPool;
use super::member::Worker;
use crate::error;
use crate::graphql::cx::{app, subject};

#[derive(Default)]
pub struct WorkerPoolMutation;

#[Object]
impl WorkerPoolMutation {
    /// `certificateSigningRequest` is base64 of a PEM file; whoever has the private key of that request
    /// and the pool's `config` starts workers.
    #[allow(clippy::too_many_arguments)] // The contract's.
    async fn worker_pool_create(
        &self,
        ctx: &Context<'_>,
        name: String,
        certificate_signing_request: String,
        description: Option<String>,
        labels: Option<Vec<String>>,
        space: Option<ID>,
        drift_detection_run_limit: Option<i64>,
    ) -> Result<WorkerPool> {
        let input = input(name, description, labels, space, drift_detection_run_limit);
        let made = app(ctx)
            .worker_pool_create(subject(ctx)?, input, &certificate_signing_request)
            .await;
        made.map(WorkerPool).map_err(error::graphql)
    }

    /// Replaces everything but the configuration; null means "none", not "as it was". Only the space
    /// is kept then.
    #[allow(clippy::too_many_arguments)] // The contract's.
    async fn worker_pool_update(
        &self,
        ctx: &Context<'_>,
        id: ID,
        name: String,
        description: Option<String>,
        labels: Option<Vec<String>>,
        space: Option<ID>,
        drift_detection_run_limit: Option<i64>,
    ) -> Result<WorkerPool> {
        let input = input(name, description, labels, space, drift_detection_run_limit);
        let changed = app(ctx)
            .worker_pool_update(subject(ctx)?, &WorkerPoolId::new(id.0), input)
            .await;
        changed.map(WorkerPool).map_err(error::graphql)
    }

    /// Gives the pool another configuration, for another private key or the same one; workers with the
    /// old one are refused from then on.
    async fn worker_pool_reset(
        &self,
        ctx: &Context<'_>,
        id: ID,
        certificate_signing_request: String,
    ) -> Result<WorkerPool> {
        let id = WorkerPoolId::new(id.0);
        let reset = app(ctx)
            .worker_pool_reset(subject(ctx)?, &id, &certificate_signing_request)
            .await;
        reset.map(WorkerPool).map_err(error::graphql)
    }

    /// Refused while a stack runs there. Null when there was none.
    async fn worker_pool_delete(&self, ctx: &Context<'_>, id: ID) -> Result<Option<WorkerPool>> {
        let deleted = app(ctx)
            .worker_pool_delete(subject(ctx)?, &WorkerPoolId::new(id.0))
            .await;
        Ok(deleted.map_err(error::graphql)?.map(WorkerPool))
    }

    /// Every worker that the pool has finishes what it has, and ends.
    async fn worker_pool_cycle(&self, ctx: &Context<'_>, id: ID) -> Result<bool> {
        let cycled = app(ctx)
            .worker_pool_cycle(subject(ctx)?, &WorkerPoolId::new(id.0))
            .await;
        cycled.map(|()| true).map_err(error::graphql)
    }

    /// A drained worker finishes what it has and takes nothing new.
    async fn worker_drain_set(
        &self,
        ctx: &Context<'_>,
        worker_pool: ID,
        id: ID,
        drain: bool,
    ) -> Result<Worker> {
        let (pool, id) = (WorkerPoolId::new(worker_pool.0), WorkerId::new(id.0));
        let worker = app(ctx)
            .worker_drain_set(subject(ctx)?, &pool, &id, drain)
            .await;
        worker.map(Worker).map_err(error::graphql)
    }
}

fn input(
    name: String,
    description: Option<String>,
    labels: Option<Vec<String>>,
    space: Option<ID>,
    drift_detection_run_limit: Option<i64>,
) -> WorkerPoolInput {
    WorkerPoolInput {
        name,
        description,
        labels: labels.unwrap_or_default(),
        space: space.map(|id| id.0),
        drift_detection_run_limit,
    }
}
