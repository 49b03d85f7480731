use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{ID, Object, Result};
use gantry_core::ids::WorkerPoolId;
use gantry_core::worker_pool::PoolWorker;

use crate::error;
use crate::graphql::batch::{Batch, grouped};

/// A worker of a pool.
pub struct Worker(pub PoolWorker);

#[Object]
impl Worker {
    async fn id(&self) -> ID {
        ID(self.0.id.as_str().to_owned())
    }

    /// It has a run.
    async fn busy(&self) -> bool {
        self.0.busy
    }

    /// It takes nothing new.
    async fn drained(&self) -> bool {
        self.0.drained
    }

    /// A JSON object of what it says of itself.
    async fn metadata(&self) -> &str {
        &self.0.metadata
    }
}

/// The workers of a pool that the subject was given.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WorkersOf(pub WorkerPoolId);

impl Loader<WorkersOf> for Batch {
    type Value = Vec<PoolWorker>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[WorkersOf]) -> Result<HashMap<WorkersOf, Vec<PoolWorker>>> {
        let ids: Vec<WorkerPoolId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = self.app.pool_workers(&ids).await.map_err(error::graphql)?;
        Ok(grouped(
            found
                .into_iter()
                .map(|worker| (WorkersOf(worker.pool.clone()), worker)),
        ))
    }
}
