use std::sync::Arc;

use gantry_core::ids::RunId;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// Wakes whoever waits for work or for a change of a run. A hint, never the truth: whoever is woken
/// looks into the database.
#[derive(Clone)]
pub struct Wake {
    work: Arc<Notify>,
    runs: broadcast::Sender<RunId>,
    /// The server is ending and gives out nothing more.
    ending: CancellationToken,
}

impl Default for Wake {
    fn default() -> Self {
        let (runs, _) = broadcast::channel(256);
        Wake {
            work: Arc::default(),
            runs,
            ending: CancellationToken::new(),
        }
    }
}

impl Wake {
    /// A run became claimable.
    pub fn work(&self) {
        // Keeps a permit when nobody waits, so that work found between a look and a wait is not
        // slept over.
        self.work.notify_one();
    }

    pub async fn wait_for_work(&self) {
        self.work.notified().await;
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

    /// Something about this run changed: its state, its log, a request to stop.
    pub fn run(&self, run: &RunId) {
        // Nobody listens: nobody needs to know.
        let _ = self.runs.send(run.clone());
    }

    pub fn listen(&self) -> RunListener {
        RunListener {
            receiver: self.runs.subscribe(),
        }
    }
}

/// Subscribe first, look second, wait third: then nothing is missed.
pub struct RunListener {
    receiver: broadcast::Receiver<RunId>,
}

impl RunListener {
    /// Returns at the next hint for `run`, or at once when hints were lost.
    pub async fn changed(&mut self, run: &RunId) {
        loop {
            match self.receiver.recv().await {
                Ok(changed) if changed == *run => return,
                Ok(_) => continue,
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
