use std::pin::Pin;
use std::sync::Arc;

use gantry_core::credentials::attachment::{Attachment, SlotRefused};
use gantry_core::credentials::select::Attached;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Duration, Instant};

use crate::OpError;

/// How long a taken slot is waited for.
const WAIT: Duration = Duration::from_secs(10);

/// Tells those who wait for a slot that one may have become free. A hint: whoever is woken looks
/// again.
#[derive(Default)]
pub(crate) struct Slots(Arc<Notify>);

impl Slots {
    pub(super) fn deadline() -> Instant {
        Instant::now() + WAIT
    }

    pub(crate) fn freed(&self) {
        self.0.notify_waiters();
    }

    /// Listen first, look second: then a slot that becomes free in between is not missed.
    pub(super) fn listen(&self) -> Freed {
        let mut notified = Box::pin(Arc::clone(&self.0).notified_owned());
        notified.as_mut().enable();
        Freed(notified)
    }
}

pub(super) struct Freed(Pin<Box<OwnedNotified>>);

impl Freed {
    /// Returns when it is worth to look again, or with the refusal when waiting can't help or was
    /// long enough.
    pub(super) async fn or_refused(
        self,
        refusal: SlotRefused,
        deadline: Instant,
    ) -> Result<(), OpError> {
        if !refusal.may_become_free() || Instant::now() >= deadline {
            return Err(refused(refusal));
        }
        let _ = tokio::time::timeout_at(deadline, self.0).await;
        Ok(())
    }
}

pub(super) fn refused(refusal: SlotRefused) -> OpError {
    match refusal {
        SlotRefused::NeitherFlag => OpError::invalid(refusal.to_string()),
        _ => OpError::conflict(refusal.to_string()),
    }
}

pub(super) fn attachments(existing: &[Attached]) -> Vec<Attachment> {
    existing
        .iter()
        .map(|attached| attached.attachment.clone())
        .collect()
}
