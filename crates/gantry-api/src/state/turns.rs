use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

/// One large body at a time for each run, so that no child fills the memory by sending many.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits until nobody else of `whose` has a turn. The turn ends with the answer.
    pub async fn take(&self, whose: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut all = self
                .0
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            // Those that nobody has or waits for.
            all.retain(|_, turn| Arc::strong_count(turn) > 1);
            all.entry(whose.to_owned()).or_default().clone()
        };
        turn.lock_owned().await
    }
}
