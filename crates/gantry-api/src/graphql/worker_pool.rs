//! Worker pools, and the installation's own workers as far as people ask for their queue.

mod member;
mod mutation;
mod queue;

use std::collections::HashMap;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use gantry_app::search::Page;
use gantry_app::worker_pool::PoolQueue;
use gantry_core::ids::WorkerPoolId;
use gantry_core::worker_pool::{self, PoolLoad};

use super::batch::{self, Batch};
use super::cx::{app, subject};
use super::search::{PageInfo, SearchInput};
use super::space::{Space, SpaceLoader};
use crate::error;
use member::{Worker, WorkersOf};
pub use mutation::WorkerPoolMutation;
use queue::SchedulableRunConnection;

#[derive(Default)]
pub struct WorkerPoolQuery;

#[Object]
impl WorkerPoolQuery {
    async fn worker_pool(&self, ctx: &Context<'_>, id: ID) -> Result<Option<WorkerPool>> {
        let found = app(ctx)
            .worker_pool(subject(ctx)?, &WorkerPoolId::new(id.0))
            .await;
        Ok(found.map_err(error::graphql)?.map(WorkerPool))
    }

    /// By name.
    async fn worker_pools(&self, ctx: &Context<'_>) -> Result<Vec<WorkerPool>> {
        let pools = app(ctx).worker_pools(subject(ctx)?).await;
        let pools = pools.map_err(error::graphql)?;
        Ok(pools.into_iter().map(WorkerPool).collect())
    }

    /// Newest first unless ordered otherwise.
    async fn search_worker_pools(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
    ) -> Result<WorkerPoolConnection> {
        let page = app(ctx)
            .worker_pool_search(subject(ctx)?, &input.decode()?)
            .await;
        Ok(page.map_err(error::graphql)?.into())
    }

    /// The installation's own workers, which take the runs of stacks without a pool.
    async fn public_worker_pool(&self, ctx: &Context<'_>) -> Result<PublicWorkerPool> {
        subject(ctx)?;
        Ok(PublicWorkerPool)
    }
}

#[derive(SimpleObject)]
struct WorkerPoolConnection {
    edges: Vec<WorkerPoolEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct WorkerPoolEdge {
    node: WorkerPool,
}

impl From<Page<worker_pool::WorkerPool>> for WorkerPoolConnection {
    fn from(page: Page<worker_pool::WorkerPool>) -> Self {
        let page_info = PageInfo::from(&page);
        let edges = page.items.into_iter().map(|pool| WorkerPoolEdge {
            node: WorkerPool(pool),
        });
        WorkerPoolConnection {
            edges: edges.collect(),
            page_info,
        }
    }
}

struct PublicWorkerPool;

#[Object]
impl PublicWorkerPool {
    /// Runs that wait for one of the installation's own workers, the next to go first.
    async fn search_schedulable_runs(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
    ) -> Result<SchedulableRunConnection> {
        queue::page(ctx, PoolQueue::Public, input).await
    }
}

/// Private workers, and what stacks that run there wait for.
pub struct WorkerPool(pub worker_pool::WorkerPool);

impl WorkerPool {
    async fn load(&self, ctx: &Context<'_>) -> Result<PoolLoad> {
        let load = batch::one(ctx, LoadOf(self.0.id.clone())).await?;
        Ok(load.unwrap_or_default())
    }
}

#[Object]
impl WorkerPool {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What the pool's workers are started with, beside the private key; the same until the pool is
    /// reset. Holds no secret.
    async fn config(&self) -> &str {
        &self.0.config
    }

    async fn labels(&self) -> &[String] {
        &self.0.labels
    }

    async fn space(&self) -> ID {
        ID(self.0.space.as_str().to_owned())
    }

    async fn space_details(&self, ctx: &Context<'_>) -> Result<Space> {
        let spaces = ctx.data_unchecked::<DataLoader<SpaceLoader>>();
        let space = spaces.load_one(self.0.space.clone()).await?;
        space
            .map(Space)
            .ok_or_else(|| async_graphql::Error::new("the worker pool's space is gone"))
    }

    /// How many drift detection runs it may work on at a time: -1 any number, 0 none.
    async fn drift_detection_run_limit(&self) -> Option<i64> {
        self.0.drift_detection_run_limit
    }

    /// Unix seconds.
    async fn created_at(&self) -> i64 {
        self.0.created_at / 1000
    }

    /// Unix seconds.
    async fn updated_at(&self) -> i64 {
        self.0.updated_at / 1000
    }

    /// Never true: what is deleted is gone.
    async fn deleted(&self) -> bool {
        false
    }

    /// Never true: workers are started by whoever has the configuration.
    async fn managed_by_k8s_controller(&self) -> bool {
        false
    }

    /// Runs that wait for one of its workers.
    async fn pending_runs(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.load(ctx).await?.pending_runs)
    }

    /// Workers that have a run.
    async fn busy_workers(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.load(ctx).await?.busy_workers)
    }

    /// Workers that are there, drained ones included.
    async fn workers_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.load(ctx).await?.workers)
    }

    /// The workers that are there, oldest first.
    async fn workers(&self, ctx: &Context<'_>) -> Result<Vec<Worker>> {
        let workers = batch::one(ctx, WorkersOf(self.0.id.clone())).await?;
        Ok(workers
            .unwrap_or_default()
            .into_iter()
            .map(Worker)
            .collect())
    }

    /// Runs that wait for one of its workers, the next to go first; those of stacks that the viewer
    /// doesn't see are left out, and keep their positions.
    async fn search_schedulable_runs(
        &self,
        ctx: &Context<'_>,
        input: SearchInput,
    ) -> Result<SchedulableRunConnection> {
        queue::page(ctx, PoolQueue::Private(self.0.id.clone()), input).await
    }
}

/// The load of a pool that the subject was given.
#[derive(Clone, PartialEq, Eq, Hash)]
struct LoadOf(WorkerPoolId);

impl Loader<LoadOf> for Batch {
    type Value = PoolLoad;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[LoadOf]) -> Result<HashMap<LoadOf, PoolLoad>> {
        let ids: Vec<WorkerPoolId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self.app.worker_pool_loads(&ids).await;
        let found = found.map_err(error::graphql)?;
        Ok(found
            .into_iter()
            .map(|(id, load)| (LoadOf(id), load))
            .collect())
    }
}

/// The pool of a stack that the subject was given.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PoolOfStack(pub WorkerPoolId);

impl Loader<PoolOfStack> for Batch {
    type Value = worker_pool::WorkerPool;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[PoolOfStack]) -> Result<HashMap<PoolOfStack, Self::Value>> {
        let ids: Vec<WorkerPoolId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self.app.worker_pools_of(&ids).await;
        let found = found.map_err(error::graphql)?;
        Ok(found
            .into_iter()
            .map(|(id, pool)| (PoolOfStack(id), pool))
            .collect())
    }
}
