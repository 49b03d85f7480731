use std::sync::Arc;

use gantry_core::caller::Caller;
use gantry_core::ids::WorkerId;
use gantry_core::protocol::{Hello, VERSION, Welcome};
use gantry_core::run::transition::Event;
use gantry_store::worker::Arrival;
use gantry_store::{run, worker};

use super::GatewayError;
use crate::App;

/// Bytes of what a worker says of itself.
const METADATA_BYTES: usize = 8 << 10;

impl App {
    /// A worker is there. What its predecessor had and has not reported by now is lost, and known
    /// to be dead: nothing is locked for it.
    pub async fn worker_hello(
        self: &Arc<Self>,
        caller: &Caller,
        message: &Hello,
    ) -> Result<Welcome, GatewayError> {
        if message.protocol != VERSION {
            return Err(GatewayError::refused(format!(
                "the worker speaks version {} of the protocol, and the server version {VERSION}: \
                 run the same version of gantry on both sides",
                message.protocol
            )));
        }
        let metadata = metadata(message)?;
        if let Some(bound) = self.caller_of(&message.worker).await?
            && bound != *caller
        {
            return Err(taken(caller, &message.worker));
        }
        let predecessor = self.own_predecessor(caller, message).await?;
        if let Some(predecessor) = predecessor {
            self.bury(predecessor).await?;
        }
        let now = self.clock.now();
        let arrival = Arrival {
            id: &message.worker,
            caller,
            sandbox: &message.sandbox,
            slots: message.slots.max(1),
            metadata: &metadata,
        };
        let tx = self.store.begin().await?;
        worker::insert(&tx, &arrival, now).await?;
        if let Some(predecessor) = predecessor {
            worker::set_gone(&tx, predecessor, now).await?;
        }
        tx.commit().await?;
        // Somebody else may have said hello under this ID at the same moment.
        self.expect_bound(caller, &message.worker).await?;
        if caller.pool().is_none() {
            self.worker_present();
        }
        self.say_workers(caller.pool()).await;
        tracing::info!(worker.id = %message.worker, %caller, sandbox = message.sandbox, "a worker said hello");
        if let Some(sentence) = &message.metadata_unfiltered {
            tracing::warn!(worker.id = %message.worker, "metadata addresses are not filtered: {sentence}");
        }
        Ok(Welcome {
            lease_seconds: self.settings.lease,
            epoch: gantry_store::account::epoch(self.store.reader()).await?,
        })
    }

    /// Refuses a message in the name of a worker that said hello as somebody else.
    pub(super) async fn expect_bound(
        &self,
        caller: &Caller,
        worker: &WorkerId,
    ) -> Result<(), GatewayError> {
        match self.caller_of(worker).await? {
            Some(bound) if bound != *caller => Err(taken(caller, worker)),
            // Whether it is known at all is said elsewhere.
            Some(_) | None => Ok(()),
        }
    }

    /// The predecessor, when it was of the same caller: nobody proves the death of somebody else's.
    async fn own_predecessor<'a>(
        &self,
        caller: &Caller,
        message: &'a Hello,
    ) -> Result<Option<&'a WorkerId>, GatewayError> {
        let Some(predecessor) = &message.predecessor else {
            return Ok(None);
        };
        match self.caller_of(predecessor).await? {
            Some(bound) if bound == *caller => Ok(Some(predecessor)),
            None => Ok(None),
            Some(bound) => {
                tracing::warn!(
                    worker.id = %message.worker, %caller,
                    "it says that it follows the worker {predecessor}, which was {bound}: that does not count"
                );
                Ok(None)
            }
        }
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

fn taken(caller: &Caller, worker: &WorkerId) -> GatewayError {
    tracing::warn!(worker.id = %worker, %caller, "somebody speaks in the name of another caller's worker");
    GatewayError::refused(format!(
        "the worker {worker} joined in another way than you did: give each worker a data directory \
         of its own"
    ))
}

fn metadata(message: &Hello) -> Result<String, GatewayError> {
    let text = serde_json::to_string(&message.metadata)
        .map_err(|error| GatewayError::Malformed(error.to_string()))?;
    match text.len() > METADATA_BYTES {
        true => Err(GatewayError::Malformed(format!(
            "metadata: {} bytes are more than the {METADATA_BYTES} that are kept",
            text.len()
        ))),
        false => Ok(text),
    }
}
