//! Who is calling, and whether a run is theirs to speak of.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gantry_core::caller::Caller;
use gantry_core::ids::{WorkerId, WorkerTokenId};
use gantry_core::run::Run;
use gantry_store::{StoreError, worker, worker_token};
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;

use super::GatewayError;
use crate::login::hash_secret;
use crate::{App, OpError};

/// A worker that was heard of is not written down again before this has passed.
const SEEN_EVERY_MS: i64 = 20_000;

/// The same for the use of a token.
const USED_EVERY_MS: i64 = 60_000;

/// Workers that are remembered.
const REMEMBERED: usize = 10_000;

/// Why somebody is not a worker of this installation. The sentence is for whoever runs that worker.
#[derive(Debug, thiserror::Error)]
pub enum NoCaller {
    #[error("{0}")]
    Unwelcome(String),
    #[error(transparent)]
    Failed(#[from] OpError),
}

impl From<StoreError> for NoCaller {
    fn from(error: StoreError) -> Self {
        NoCaller::Failed(error.into())
    }
}

/// What is known of workers beside the database. A worker never changes its caller, so that is asked
/// for once.
#[derive(Default)]
pub(crate) struct Callers(Mutex<HashMap<WorkerId, Known>>);

struct Known {
    caller: Caller,
    /// When it was last written down that the worker was heard of.
    seen_at: i64,
}

impl Callers {
    fn get(&self, worker: &WorkerId) -> Option<Caller> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(worker).map(|known| known.caller.clone())
    }

    fn remember(&self, worker: &WorkerId, caller: &Caller) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.entry(worker.clone()).or_insert_with(|| Known {
            caller: caller.clone(),
            seen_at: 0,
        });
    }

    /// Whether it is time to write down that the worker is there.
    fn is_news(&self, worker: &WorkerId, now: i64) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.get_mut(worker) else {
            return false;
        };
        let news = (now - known.seen_at).abs() >= SEEN_EVERY_MS;
        if news {
            known.seen_at = now;
        }
        news
    }
}

impl App {
    /// The shared worker that presents a token; asked at each request, so that a revoked one counts
    /// no more from the next on.
    pub async fn caller_with_token(
        &self,
        id: &WorkerTokenId,
        secret: &SecretString,
    ) -> Result<Caller, NoCaller> {
        let found = worker_token::find_with_hash(self.store.reader(), id).await?;
        let fits = |stored: &[u8]| bool::from(stored.ct_eq(&hash_secret(secret)));
        let Some((token, _)) = found.filter(|(_, stored)| fits(stored)) else {
            return Err(NoCaller::Unwelcome(
                "this installation knows no such worker token: `gantry admin worker-token` makes one"
                    .into(),
            ));
        };
        if token.revoked_at.is_some() {
            return Err(NoCaller::Unwelcome(format!(
                "the worker token {} ({:?}) was revoked: `gantry admin worker-token` makes another",
                token.id, token.name
            )));
        }
        let now = self.clock.now();
        if token
            .last_used_at
            .is_none_or(|used| (now - used).abs() >= USED_EVERY_MS)
        {
            let tx = self.store.begin().await?;
            worker_token::set_used(&tx, id, now).await?;
            tx.commit().await?;
        }
        Ok(Caller::Shared(token.id))
    }

    /// The private worker that presents a pool's certificate, by its fingerprint. That our authority
    /// signed it was looked at before; it counts while the pool is there and was not reset.
    pub async fn caller_with_certificate(&self, fingerprint: &str) -> Result<Caller, NoCaller> {
        let pool = worker::pool_with_certificate(self.store.reader(), fingerprint).await?;
        pool.map(Caller::Private).ok_or_else(|| {
            NoCaller::Unwelcome(
                "the certificate is that of no worker pool: the pool was deleted, or reset, which \
                 gives it another configuration"
                    .into(),
            )
        })
    }

    /// Refuses whoever speaks of a run that another caller's worker holds.
    pub(super) async fn expect_own(&self, caller: &Caller, run: &Run) -> Result<(), GatewayError> {
        let bound = match &run.worker {
            Some(worker) => self.caller_of(worker).await?,
            None => None,
        };
        if bound.as_ref() == Some(caller) {
            return Ok(());
        }
        tracing::warn!(
            run.id = %run.id, stack.slug = %run.stack, %caller,
            holder = bound.map(|bound| bound.to_string()),
            "somebody speaks of a run that is not theirs"
        );
        Err(GatewayError::refused(format!(
            "run {} is held by a worker that joined in another way than you did",
            run.id
        )))
    }

    /// The caller that a worker said hello as.
    pub(crate) async fn caller_of(&self, worker: &WorkerId) -> Result<Option<Caller>, StoreError> {
        if let Some(known) = self.runs.callers.get(worker) {
            return Ok(Some(known));
        }
        let found = worker::caller(self.store.reader(), worker).await?;
        if let Some(caller) = &found {
            self.runs.callers.remember(worker, caller);
        }
        Ok(found)
    }

    /// Notes that a worker was heard of, from time to time.
    pub(super) async fn note_seen(&self, worker: &WorkerId) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.runs.callers.is_news(worker, now) {
            let tx = self.store.begin().await?;
            worker::set_seen(&tx, worker, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
