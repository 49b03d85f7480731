//! The workers of pools: who is there, and who takes nothing new.

use gantry_core::audit::Target;
use gantry_core::ids::{WorkerId, WorkerPoolId};
use gantry_core::worker_pool::PoolWorker;
use gantry_store::worker::of_pool;

use super::deed;
use crate::audit::Deed;
use crate::wake::Hint;
use crate::{App, OpError, Subject};

impl App {
    /// The workers of pools that the subject was given, oldest first.
    pub async fn pool_workers(&self, pools: &[WorkerPoolId]) -> Result<Vec<PoolWorker>, OpError> {
        let since = self.workers_heard_since();
        Ok(of_pool::list(self.store.reader(), pools, since).await?)
    }

    /// Lets a worker take nothing new, or go on. It finishes what it has.
    pub async fn worker_drain_set(
        &self,
        subject: &Subject,
        pool: &WorkerPoolId,
        id: &WorkerId,
        drain: bool,
    ) -> Result<PoolWorker, OpError> {
        let tx = self.store.begin().await?;
        let pool = self.pool_for_update(&tx, subject, pool).await?;
        let found = of_pool::find(tx.reader(), &pool.id, id).await?;
        let mut worker = found.ok_or_else(|| OpError::missing("worker", id))?;
        if worker.drained != drain {
            if !of_pool::set_drained(&tx, id, drain).await? {
                return Err(OpError::conflict(format!(
                    "drain: the worker {id} was told to go when it has finished, and takes nothing \
                     any more; start another one"
                )));
            }
            worker.drained = drain;
            let deed = Deed::new("worker.drain", Target::new("worker", id))
                .in_space(&pool.space)
                .with("pool", pool.id.as_str())
                .with("drain", drain);
            self.audit(&tx, subject, deed).await?;
        }
        self.tell_others(&tx, &[Hint::Workers]).await?;
        tx.commit().await?;
        self.wake.workers();
        tracing::info!(worker.id = %id, worker_pool.id = %pool.id, by = subject.name, drain, "the worker was drained, or let go on");
        Ok(worker)
    }

    /// Tells every worker that the pool has to take nothing new, and to end when it has finished what
    /// it has. Whoever keeps them running starts them anew, with whatever is new.
    pub async fn worker_pool_cycle(
        &self,
        subject: &Subject,
        id: &WorkerPoolId,
    ) -> Result<(), OpError> {
        let tx = self.store.begin().await?;
        let pool = self.pool_for_update(&tx, subject, id).await?;
        let workers = of_pool::cycle(&tx, id).await?;
        let deed = deed("worker_pool.cycle", &pool).with("workers", workers);
        self.audit(&tx, subject, deed).await?;
        self.tell_others(&tx, &[Hint::Workers]).await?;
        tx.commit().await?;
        self.wake.workers();
        tracing::info!(worker_pool.id = %id, by = subject.name, workers, "the workers of the pool end when they have finished");
        Ok(())
    }
}
