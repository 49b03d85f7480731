//! Worker pools: private workers, known by the certificate of their pool, and the stacks that run there
//! and nowhere else.

mod member;
mod of_stack;
mod queue;
mod request;
mod search;

use std::collections::HashMap;

use gantry_core::audit::Target;
use gantry_core::authz::Action;
use gantry_core::ids::{StackId, WorkerPoolId};
use gantry_core::protocol::PoolJoin;
use gantry_core::quoted::Quoted;
use gantry_core::worker_pool::{PoolLoad, WorkerPool};
use gantry_store::worker::of_pool;
use gantry_store::{StoreError, Tx, worker_pool};
use ulid::Ulid;

pub use queue::{PoolQueue, SchedulableRun};
use request::key_of_request;

use crate::audit::Deed;
use crate::cloud_integration::named;
use crate::stack::{check_labels, check_line, space_gone};
use crate::wake::Hint;
use crate::{App, OpError, Subject, sight};

const LONGEST_NAME: usize = 255;
const LONGEST_DESCRIPTION: usize = 64 * 1024;
const HIGHEST_LIMIT: i64 = 10_000;

/// How many things that are in the way are named.
const NAMED: usize = 10;

/// A worker that was not heard of for so long is not there.
const HEARD_WITHIN_MS: i64 = 90_000;

/// What create and update say. Update replaces everything; only a `space` of `None` keeps the one
/// there is.
#[derive(Clone, Debug, Default)]
pub struct WorkerPoolInput {
    pub name: String,
    pub description: Option<String>,
    pub labels: Vec<String>,
    pub space: Option<String>,
    pub drift_detection_run_limit: Option<i64>,
}

impl App {
    pub async fn worker_pool(
        &self,
        subject: &Subject,
        id: &WorkerPoolId,
    ) -> Result<Option<WorkerPool>, OpError> {
        let found = worker_pool::find(self.store.reader(), id).await?;
        Ok(found.filter(|pool| subject.sees_shared(&pool.space)))
    }

    /// Makes a pool and its certificate, for the key of `request`.
    pub async fn worker_pool_create(
        &self,
        subject: &Subject,
        input: WorkerPoolInput,
        request: &str,
    ) -> Result<WorkerPool, OpError> {
        let space = self.space_for_new(subject, input.space.as_deref()).await?;
        subject.require(Action::Administer, &space)?;
        input.check()?;
        let id = WorkerPoolId::new(Ulid::generate().to_string());
        let (config, fingerprint) = self.pool_config(&id, request).await?;
        let now = self.clock.now();
        let made = WorkerPool {
            id,
            name: input.name,
            description: input.description.filter(|text| !text.is_empty()),
            labels: input.labels,
            space,
            drift_detection_run_limit: input.drift_detection_run_limit,
            config,
            created_at: now,
            updated_at: now,
        };
        let tx = self.store.begin().await?;
        worker_pool::insert(&tx, &made, &fingerprint)
            .await
            .map_err(|error| not_stored(error, &made))?;
        self.audit(&tx, subject, deed("worker_pool.create", &made))
            .await?;
        tx.commit().await?;
        tracing::info!(worker_pool.id = %made.id, by = subject.name, "the worker pool {:?} was created", made.name);
        Ok(made)
    }

    /// Changes neither the configuration nor the certificate.
    pub async fn worker_pool_update(
        &self,
        subject: &Subject,
        id: &WorkerPoolId,
        input: WorkerPoolInput,
    ) -> Result<WorkerPool, OpError> {
        input.check()?;
        let space = match input.space.as_deref() {
            Some(wanted) => Some(self.space_for_new(subject, Some(wanted)).await?),
            None => None,
        };
        let tx = self.store.begin().await?;
        let before = self.pool_for_update(&tx, subject, id).await?;
        let after = WorkerPool {
            name: input.name,
            description: input.description.filter(|text| !text.is_empty()),
            labels: input.labels,
            space: space.unwrap_or_else(|| before.space.clone()),
            drift_detection_run_limit: input.drift_detection_run_limit,
            updated_at: self.clock.now(),
            ..before.clone()
        };
        if after.space != before.space {
            subject.require(Action::Administer, &after.space)?;
            sight::kept_by_pool(&tx, &after).await?;
        }
        worker_pool::update(&tx, &after)
            .await
            .map_err(|error| not_stored(error, &after))?;
        let deed = deed("worker_pool.update", &after)
            .with("nameBefore", before.name.as_str())
            .with("spaceBefore", before.space.as_str());
        self.audit(&tx, subject, deed).await?;
        tx.commit().await?;
        tracing::info!(worker_pool.id = %id, by = subject.name, "the worker pool {:?} was updated", after.name);
        Ok(after)
    }

    /// Gives the pool another certificate and configuration. The old certificate counts no more: the
    /// gateway refuses what comes with it from the next request on.
    pub async fn worker_pool_reset(
        &self,
        subject: &Subject,
        id: &WorkerPoolId,
        request: &str,
    ) -> Result<WorkerPool, OpError> {
        // Only who may reset it hears what is wrong with the request, and costs us a signature.
        let found = worker_pool::find(self.store.reader(), id).await?;
        administered(subject, id, found)?;
        let (config, fingerprint) = self.pool_config(id, request).await?;
        let tx = self.store.begin().await?;
        let mut pool = self.pool_for_update(&tx, subject, id).await?;
        pool.config = config;
        pool.updated_at = self.clock.now();
        worker_pool::reset(&tx, &pool, &fingerprint).await?;
        // One that waits for a run at this moment could get it, and could not speak of it any more.
        of_pool::drain_all(&tx, id).await?;
        self.audit(&tx, subject, deed("worker_pool.reset", &pool))
            .await?;
        self.tell_others(&tx, &[Hint::Workers]).await?;
        tx.commit().await?;
        self.wake.workers();
        tracing::info!(worker_pool.id = %id, by = subject.name, "the worker pool {:?} was reset", pool.name);
        Ok(pool)
    }

    /// Answers with the pool as it was, or `None` when there was none. Refused while a stack has it,
    /// or one of its workers a run.
    pub async fn worker_pool_delete(
        &self,
        subject: &Subject,
        id: &WorkerPoolId,
    ) -> Result<Option<WorkerPool>, OpError> {
        let tx = self.store.begin().await?;
        let pool = match self.pool_for_update(&tx, subject, id).await {
            Err(OpError::Missing { .. }) => return Ok(None),
            found => found?,
        };
        let stacks = worker_pool::stacks(tx.reader(), id).await?;
        if !stacks.is_empty() {
            let mut ids: Vec<&StackId> = stacks.iter().map(|(stack, _)| stack).collect();
            let more = ids.len().saturating_sub(NAMED);
            ids.truncate(NAMED);
            let more = match more {
                0 => String::new(),
                more => format!(", and {more} more,"),
            };
            return Err(OpError::conflict(format!(
                "{}{more} still run on the worker pool {}; give them another pool, or none, first",
                named(&ids),
                Quoted(&pool.name)
            )));
        }
        if let Some(run) = worker_pool::held_runs(tx.reader(), id).await?.first() {
            return Err(OpError::conflict(format!(
                "a worker of the pool {} is still at work on run {run}; wait until it has ended, or \
                 stop it",
                Quoted(&pool.name)
            )));
        }
        match worker_pool::delete(&tx, id).await {
            Err(StoreError::Referenced) => {
                return Err(OpError::conflict(format!(
                    "a stack was given the worker pool {} at this moment; look again",
                    Quoted(&pool.name)
                )));
            }
            other => other?,
        }
        self.audit(&tx, subject, deed("worker_pool.delete", &pool))
            .await?;
        tx.commit().await?;
        tracing::info!(worker_pool.id = %id, by = subject.name, "the worker pool {:?} was deleted", pool.name);
        Ok(Some(pool))
    }

    /// What there is to do for pools that the subject was given, and how many do it.
    pub async fn worker_pool_loads(
        &self,
        pools: &[WorkerPoolId],
    ) -> Result<HashMap<WorkerPoolId, PoolLoad>, OpError> {
        let since = self.workers_heard_since();
        Ok(worker_pool::load::of_pools(self.store.reader(), pools, since).await?)
    }

    /// Workers that were heard of after this moment are there.
    pub(crate) fn workers_heard_since(&self) -> i64 {
        self.clock.now() - HEARD_WITHIN_MS
    }

    /// The configuration of a pool's workers, and the fingerprint of the certificate in it.
    async fn pool_config(
        &self,
        id: &WorkerPoolId,
        request: &str,
    ) -> Result<(String, String), OpError> {
        let key = key_of_request(request)?;
        let authority = self.worker_authority().await?;
        let certificate = authority.for_pool(id, &key)?;
        let config = PoolJoin {
            // Without a gateway there is none to name: a worker that is started with it says so.
            url: self.settings.worker_gateway_url.clone().unwrap_or_default(),
            authority: authority.certificate().to_owned(),
            pool: id.clone(),
            certificate: certificate.pem,
        };
        Ok((config.encode(), certificate.fingerprint))
    }

    /// The pool that an operation changes: nobody else does until the transaction ends, and no stack
    /// comes to use it. One that is absent and one that is invisible are the same.
    async fn pool_for_update(
        &self,
        tx: &Tx,
        subject: &Subject,
        id: &WorkerPoolId,
    ) -> Result<WorkerPool, OpError> {
        let found = worker_pool::find_for_update(tx, id).await?;
        administered(subject, id, found)
    }
}

fn administered(
    subject: &Subject,
    id: &WorkerPoolId,
    found: Option<WorkerPool>,
) -> Result<WorkerPool, OpError> {
    let pool = found
        .filter(|pool| subject.sees_shared(&pool.space))
        .ok_or_else(|| OpError::missing("worker pool", id))?;
    subject.require(Action::Administer, &pool.space)?;
    Ok(pool)
}

fn deed(action: &'static str, pool: &WorkerPool) -> Deed {
    Deed::new(action, Target::named("worker pool", &pool.id, &pool.name)).in_space(&pool.space)
}

fn not_stored(error: StoreError, pool: &WorkerPool) -> OpError {
    match error {
        StoreError::Duplicate(_) => OpError::conflict(format!(
            "name: there is a worker pool {} already, and names are unique in the account; choose \
             another",
            Quoted(&pool.name)
        )),
        other => space_gone(other, &pool.space),
    }
}

impl WorkerPoolInput {
    fn check(&self) -> Result<(), OpError> {
        check_line("name", &self.name, LONGEST_NAME)?;
        check_labels(&self.labels)?;
        if let Some(text) = &self.description
            && text.len() > LONGEST_DESCRIPTION
        {
            return Err(OpError::invalid(format!(
                "description: it is longer than {LONGEST_DESCRIPTION} bytes"
            )));
        }
        match self.drift_detection_run_limit {
            Some(limit) if !(-1..=HIGHEST_LIMIT).contains(&limit) => {
                Err(OpError::invalid(format!(
                    "driftDetectionRunLimit: {limit} is neither -1 (any number of runs) nor 0 (none) \
                     to {HIGHEST_LIMIT}"
                )))
            }
            _ => Ok(()),
        }
    }
}
