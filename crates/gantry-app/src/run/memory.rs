//! What the server remembers of runs beside the database. All of it may be lost at any moment.

use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use gantry_core::ids::RunId;
use tokio::sync::Notify;
use ulid::Generator;

use crate::run_log::Tails;

#[derive(Default)]
pub(crate) struct Memory {
    /// Ends of logs that are not in object storage yet.
    pub(crate) tails: Tails,
    /// Something ends earlier than the timers know of.
    pub(crate) timers: Notify,
    ids: Mutex<Option<Generator>>,
}

impl Memory {
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
