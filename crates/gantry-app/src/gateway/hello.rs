use std::sync::Arc;

use gantry_core::ids::WorkerId;
use gantry_core::protocol::{Hello, VERSION, Welcome};
use gantry_core::run::transition::Event;
use gantry_store::{run, worker};

use super::GatewayError;
use crate::App;

/// The worker that is a child of the server.
const EMBEDDED: &str = "embedded";

impl App {
    /// A worker is there. What its predecessor had and has not reported by now is lost, and known
    /// to be dead: nothing is locked for it.
    pub async fn worker_hello(self: &Arc<Self>, message: &Hello) -> Result<Welcome, GatewayError> {
        if message.protocol != VERSION {
            return Err(GatewayError::refused(format!(
                "the worker speaks version {} of the protocol, and the server version {VERSION}: \
                 run the same version of gantry on both sides",
                message.protocol
            )));
        }
        if let Some(predecessor) = &message.predecessor {
            self.bury(predecessor).await?;
        }
        let now = self.clock.now();
        let tx = self.store.begin().await?;
        worker::insert(&tx, &message.worker, EMBEDDED, &message.sandbox, now).await?;
        if let Some(predecessor) = &message.predecessor {
            worker::set_gone(&tx, predecessor, now).await?;
        }
        tx.commit().await?;
        self.worker_present();
        tracing::info!(worker.id = %message.worker, sandbox = message.sandbox, "a worker said hello");
        if let Some(sentence) = &message.metadata_unfiltered {
            tracing::warn!(worker.id = %message.worker, "metadata addresses are not filtered: {sentence}");
        }
        Ok(Welcome {
            lease_seconds: self.settings.lease,
            epoch: gantry_store::account::epoch(self.store.reader()).await?,
        })
    }

    /// Ends what a worker had that is proven to be dead, with everything it had started.
    async fn bury(self: &Arc<Self>, dead: &WorkerId) -> Result<(), GatewayError> {
        for held in run::held_by(self.store.reader(), dead).await? {
            let reason = format!(
                "the worker was restarted while the run was {}; its processes are dead",
                held.state
            );
            self.end_lease(&held, Event::WorkerLost { reason }, true)
                .await?;
        }
        for locked in worker::stacks_locked_for(self.store.reader(), dead).await? {
            let tx = self.store.begin().await?;
            let mut deciding = self.deciding(&tx, &locked).await?;
            deciding.lift_lost_worker().await?;
            let after = deciding.finish().await?;
            tx.commit().await?;
            after.perform(self);
            tracing::info!(stack.slug = %locked, "the lock for a lost worker is lifted: its processes are dead");
        }
        Ok(())
    }
}
