//! Leases that run out, locks that go by themselves, and credentials that end before their phase.
//! One task sleeps until the next of them; nothing is polled.

use std::sync::Arc;
use std::time::Duration;

use gantry_core::run::transition::Event;
use gantry_store::{issuing, run, worker};

use crate::{App, OpError};

/// After a fault of the database.
const TRY_AGAIN: Duration = Duration::from_secs(5);

impl App {
    /// Runs until the server ends. Leases that ended while no server was there are kept for the time
    /// of one lease: their worker may be about to report.
    pub async fn run_timers(self: Arc<Self>) {
        let patient_until = self.lease_end();
        loop {
            // Whatever comes while they look may have been missed, and makes them look again.
            self.runs.set_next_look(i64::MAX);
            let looked = match self.clock.now() < patient_until {
                true => {
                    let credentials = self.tell_of_ended_credentials().await;
                    credentials.map(|next| next.into_iter().chain([patient_until]).min())
                }
                false => self.end_what_is_due().await,
            };
            let next = match looked {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "leases could not be looked at");
                    tokio::time::sleep(TRY_AGAIN).await;
                    continue;
                }
            };
            let sooner = self.runs.timers.notified();
            self.runs.set_next_look(next.unwrap_or(i64::MAX));
            match next {
                None => sooner.await,
                Some(at) => {
                    let left = (at - self.clock.now()).max(0) as u64;
                    let _ = tokio::time::timeout(Duration::from_millis(left), sooner).await;
                }
            }
        }
    }

    /// Ends every lease and lifts every lock whose time has come, and tells phases that their
    /// credentials have ended. Answers when the next of these comes.
    pub async fn end_what_is_due(self: &Arc<Self>) -> Result<Option<i64>, OpError> {
        let now = self.clock.now();
        let mut again = None;
        for run in run::lapsed(self.store.reader(), now).await? {
            let reason = format!(
                "the worker has not been heard of for {} seconds while the run was {}",
                self.settings.lease, run.state
            );
            let ended = self.end_lease(&run, Event::WorkerLost { reason }, false);
            if let Err(error) = ended.await {
                tracing::warn!(run.id = %run.id, ?error, "a lapsed lease could not be ended");
                again = Some(now + TRY_AGAIN.as_millis() as i64);
            }
        }
        for stack in worker::locks_to_lift(self.store.reader(), now).await? {
            let tx = self.store.begin().await?;
            let Ok(mut deciding) = self.deciding(&tx, &stack).await else {
                continue;
            };
            let lock = deciding.stack.system_lock.as_ref();
            if lock
                .and_then(|lock| lock.until)
                .is_some_and(|until| until <= now)
            {
                deciding.lift_lost_worker().await?;
            }
            let after = deciding.finish().await?;
            tx.commit().await?;
            after.perform(self);
            tracing::info!(stack.slug = %stack, "the lock for a lost worker is lifted: the credentials of its run have ended");
        }
        let credentials = self.tell_of_ended_credentials().await?;
        // Those that a fault or the end of a server interrupted.
        if let Err(error) = self.finish_deletions().await {
            tracing::warn!(?error, "a stack could not be deleted yet");
            again = Some(now + TRY_AGAIN.as_millis() as i64);
        }
        let upload = self.state_uploads_expire(now).await?;
        let lease = run::next_lease_end(self.store.reader()).await?;
        let lock = worker::next_lock_end(self.store.reader()).await?;
        let next = [lease, lock, upload, credentials]
            .into_iter()
            .flatten()
            .min();
        Ok(next.max(again))
    }

    /// Tells every phase at work whose credentials have ended. Answers when the next of them end.
    async fn tell_of_ended_credentials(&self) -> Result<Option<i64>, OpError> {
        let reader = self.store.reader();
        for ended in issuing::outlived(reader, self.clock.now()).await? {
            self.note_outlived(&ended).await?;
        }
        Ok(issuing::next_end(reader).await?)
    }
}
