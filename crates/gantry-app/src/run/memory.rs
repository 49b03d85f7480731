//! What the server remembers of runs beside the database. All of it may be lost at any moment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use gantry_core::ids::RunId;
use tokio::sync::Notify;
use ulid::Generator;

use super::waiting::Workers;
use crate::gateway::caller::Callers;
use crate::run_log::Tails;

#[derive(Default)]
pub(crate) struct Memory {
    /// Ends of logs that are not in object storage yet.
    pub(crate) tails: Tails,
    pub(crate) workers: Workers,
    pub(crate) callers: Callers,
    /// Something ends earlier than the timers know of.
    pub(crate) timers: Notify,
    /// When the timers look next, epoch milliseconds.
    next_look: AtomicI64,
    /// Until when no lease is ended: its worker may be about to report. By the steady clock.
    patient_until: AtomicI64,
    ids: Mutex<Option<Generator>>,
}

impl Memory {
    pub(crate) fn set_next_look(&self, at: i64) {
        self.next_look.store(at, Ordering::SeqCst);
    }

    /// Something is going to end at `at`.
    pub(crate) fn ends_at(&self, at: i64) {
        if at < self.next_look.load(Ordering::SeqCst) {
            self.timers.notify_one();
        }
    }

    pub(crate) fn be_patient_until(&self, at: i64) {
        self.patient_until.fetch_max(at, Ordering::SeqCst);
    }

    pub(crate) fn patient_until(&self) -> i64 {
        self.patient_until.load(Ordering::SeqCst)
    }

    /// IDs sort by the time at which they were made, also within one millisecond: the queue and the
    /// lists go by them.
    pub(crate) fn new_id(&self, now: i64) -> RunId {
        let at = UNIX_EPOCH + Duration::from_millis(now.max(0) as u64);
        let mut ids = self
            .ids
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let generator = ids.get_or_insert_with(Generator::new);
        let id = match generator.generate_from_datetime(at) {
            Ok(id) => id,
            Err(overflow) => overflow.commit_overflow_increment(),
        };
        RunId::new(id.to_string())
    }
}
