//! Wakes whoever waits, on this server and, where several share a database, on the others.

mod hear;
mod hint;
mod line;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_core::ids::{RunId, WorkerPoolId};
use gantry_store::{StoreError, Tx};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

pub(crate) use hint::Hint;
use line::Line;

/// Wakes whoever waits for work or for a change of a run. A hint, never the truth: whoever is woken
/// looks into the database.
#[derive(Clone)]
pub struct Wake {
    /// Signs what this server tells the others, so that it does not listen to itself.
    server: Arc<str>,
    /// Those without a pool stand under `None`.
    work: Arc<Mutex<HashMap<Option<WorkerPoolId>, Arc<Line>>>>,
    workers: watch::Sender<()>,
    /// `None`: any of them.
    runs: broadcast::Sender<Option<RunId>>,
    /// The server is ending and gives out nothing more.
    ending: CancellationToken,
}

impl Default for Wake {
    fn default() -> Self {
        let (runs, _) = broadcast::channel(256);
        Wake {
            server: Ulid::generate().to_string().into(),
            work: Arc::default(),
            workers: watch::Sender::new(()),
            runs,
            ending: CancellationToken::new(),
        }
    }
}

impl Wake {
    /// The other servers hear of it when `tx` is committed.
    pub(crate) async fn tell_others(&self, tx: &Tx, hints: &[Hint]) -> Result<(), StoreError> {
        match hints.is_empty() {
            true => Ok(()),
            false => gantry_store::hint::tell(tx, &hint::write(&self.server, hints)).await,
        }
    }

    /// Nobody knows what was missed.
    fn everybody(&self) {
        let lines: Vec<Arc<Line>> = {
            let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
            work.values().cloned().collect()
        };
        for line in lines {
            line.wake_all();
        }
        self.workers();
        let _ = self.runs.send(None);
    }

    /// A run became claimable for workers of `pool`, or without one for the installation's own.
    pub fn work(&self, pool: Option<&WorkerPoolId>) {
        self.line(pool).wake_next();
    }

    /// Where claims of workers of `pool` wait.
    pub(crate) fn line(&self, pool: Option<&WorkerPoolId>) -> Arc<Line> {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.entry(pool.cloned()).or_default().clone()
    }

    /// Somebody said of workers what they are to do.
    pub fn workers(&self) {
        self.workers.send_replace(());
    }

    /// Subscribe before looking at what a worker is to do.
    pub(crate) fn listen_to_workers(&self) -> watch::Receiver<()> {
        self.workers.subscribe()
    }

    /// From here on nobody is given work by this server.
    pub fn end(&self) {
        self.ending.cancel();
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }

    pub(crate) async fn ended(&self) {
        self.ending.cancelled().await;
    }

    /// Something about this run changed: its state, or a request to stop.
    pub fn run(&self, run: &RunId) {
        // Nobody listens: nobody needs to know.
        let _ = self.runs.send(Some(run.clone()));
    }

    pub fn listen(&self) -> RunListener {
        RunListener {
            receiver: self.runs.subscribe(),
        }
    }
}

/// Subscribe first, look second, wait third: then nothing is missed.
pub struct RunListener {
    receiver: broadcast::Receiver<Option<RunId>>,
}

impl RunListener {
    /// Returns at the next hint for `run`, or at once when hints were lost.
    pub async fn changed(&mut self, run: &RunId) {
        loop {
            match self.receiver.recv().await {
                Ok(None) => return,
                Ok(Some(changed)) if changed == *run => return,
                Ok(Some(_)) => continue,
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
