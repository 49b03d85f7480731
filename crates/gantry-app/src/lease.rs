//! Leases that run out, locks that go by themselves, and credentials that end before their phase.
//! One task sleeps until the next of them; nothing is polled.

use std::sync::Arc;
use std::time::Duration;

use gantry_core::run::transition::Event;
use gantry_store::{issuing, run, worker};

use crate::{App, OpError};

/// After a fault of the database.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A time of day that changes by more is not the drift of a clock.
const JUMP_MS: i64 = 2_000;

/// No lease that is given now ends later than it lasts, and this. Servers may be configured with
/// leases that differ by less.
const SPARE_MS: i64 = 600_000;

impl App {
    /// Runs until the server ends. Leases that ended while no server was there are kept for the time
    /// of one lease: their worker may be about to report.
    ///
    /// Whoever gives a lease or a lock knows when that ends. Should that server be gone by then,
    /// another one finds it: each looks at least once in the time of a lease.
    pub async fn run_timers(self: Arc<Self>) {
        self.runs
            .be_patient_until(self.clock.steady() + self.lease_ms());
        loop {
            // Whatever comes while they look may have been missed, and makes them look again.
            self.runs.set_next_look(i64::MAX);
            let next = match self.end_what_is_due().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "leases could not be looked at");
                    tokio::time::sleep(TRY_AGAIN).await;
                    continue;
                }
            };
            let sooner = self.runs.timers.notified();
            let at_the_latest = self.clock.now() + self.lease_ms();
            let next = next.unwrap_or(i64::MAX).min(at_the_latest);
            self.runs.set_next_look(next);
            let left = (next - self.clock.now()).max(0) as u64;
            let _ = tokio::time::timeout(Duration::from_millis(left), sooner).await;
        }
    }

    /// Ends every lease and lifts every lock whose time has come, and tells phases that their
    /// credentials have ended. Answers when the next of these comes.
    pub async fn end_what_is_due(self: &Arc<Self>) -> Result<Option<i64>, OpError> {
        self.set_clock().await?;
        let now = self.clock.now();
        let patience = self.runs.patient_until() - self.clock.steady();
        if patience > 0 {
            let credentials = self.tell_of_ended_credentials().await?;
            return Ok(credentials.into_iter().chain([now + patience]).min());
        }
        let mut again = None;
        for run in run::lapsed(self.store.reader(), now, self.latest_end(now)).await? {
            let reason = format!(
                "the worker has not been heard of for {} seconds while the run was {}",
                self.settings.lease, run.state
            );
            let ended = self.end_lease(&run, Event::WorkerLost { reason }, false);
            if let Err(error) = ended.await {
                tracing::warn!(run.id = %run.id, stack.slug = %run.stack, ?error, "a lapsed lease could not be ended");
                again = Some(now + TRY_AGAIN.as_millis() as i64);
            }
        }
        // Neither a jump of the clock nor the time since the start alone lifts a lock.
        let now_at_least = now.min(self.clock.steady());
        for stack in worker::locks_to_lift(self.store.reader(), now_at_least).await? {
            let tx = self.store.begin().await?;
            let Ok(mut deciding) = self.deciding(&tx, &stack).await else {
                continue;
            };
            let lock = deciding.stack.system_lock.as_ref();
            if lock
                .and_then(|lock| lock.until)
                .is_some_and(|until| until <= now_at_least)
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

    /// Asks what time it is: the database, on which all servers agree, or this machine where there is
    /// only one. When that has jumped, no lease is ended for the time of one: the workers that are alive
    /// renew theirs meanwhile, by the clock as it goes now, and the others stand out.
    pub(crate) async fn set_clock(&self) -> Result<(), OpError> {
        let asked = self.clock.steady();
        let time = match self.clock.is_fixed() {
            true => None,
            false => gantry_store::time::now(&self.store).await?,
        };
        let time = match time {
            // The answer has travelled for half of the time.
            Some(time) => time + (self.clock.steady() - asked) / 2,
            None => self.clock.machine(),
        };
        let jumped = self.clock.set_by(time);
        if jumped.abs() > JUMP_MS {
            tracing::warn!(
                "the time of day has jumped by {} seconds; no lease is ended for {} seconds",
                jumped / 1000,
                self.settings.lease
            );
            self.runs
                .be_patient_until(self.clock.steady() + self.lease_ms());
        }
        Ok(())
    }

    fn lease_ms(&self) -> i64 {
        self.settings.lease as i64 * 1000
    }

    /// No lease that was given or renewed by the clock as it goes now ends later.
    fn latest_end(&self, now: i64) -> i64 {
        now + self.lease_ms() + SPARE_MS
    }

    /// Whether a lease that lasts until then is one that holds.
    pub(crate) fn lease_holds(&self, until: i64) -> bool {
        let now = self.clock.now();
        until > now && until <= self.latest_end(now)
    }

    /// When a lease that is given or renewed now ends.
    pub(crate) fn lease_end(&self) -> i64 {
        self.clock.now() + self.lease_ms()
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
