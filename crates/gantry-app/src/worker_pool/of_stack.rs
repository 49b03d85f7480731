//! The pool that a stack runs on.

use std::collections::HashMap;

use gantry_core::ids::{SpaceId, WorkerPoolId};
use gantry_core::quoted::Quoted;
use gantry_core::worker_pool::WorkerPool;
use gantry_store::{Tx, space, worker_pool};

use crate::{App, OpError, Subject};

impl App {
    /// Refuses a pool that is not there, or that a stack in the space `from` would not see. Holds the
    /// pool and the tree until the transaction ends.
    pub(crate) async fn expect_pool_for(
        &self,
        tx: &Tx,
        subject: &Subject,
        id: &WorkerPoolId,
        from: &SpaceId,
    ) -> Result<(), OpError> {
        let missing = || {
            OpError::invalid(format!(
                "workerPool {}: there is no such worker pool; leave it out, and the installation's own \
                 workers take the stack's runs",
                Quoted(id.as_str())
            ))
        };
        space::hold(tx).await?;
        let found = worker_pool::find_for_update(tx, id).await?;
        let pool = found.ok_or_else(missing)?;
        let lives = &pool.space;
        if self.sees_space(tx.reader(), from, lives).await? {
            return Ok(());
        }
        if !subject.sees_shared(lives) {
            return Err(missing());
        }
        Err(OpError::conflict(format!(
            "workerPool: the worker pool {:?} lives in the space `{lives}`, which is not visible from \
             the space `{from}` of the stack; move one of them, or let the spaces between inherit",
            pool.name
        )))
    }

    /// The pools of stacks that the subject was given. Whoever sees a stack sees which pool it has.
    pub async fn worker_pools_of(
        &self,
        ids: &[WorkerPoolId],
    ) -> Result<HashMap<WorkerPoolId, WorkerPool>, OpError> {
        let found = worker_pool::find_all(self.store.reader(), ids).await?;
        Ok(found
            .into_iter()
            .map(|pool| (pool.id.clone(), pool))
            .collect())
    }
}
