//! Ends of logs that are not in object storage yet, in the memory of the only server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gantry_core::ids::RunId;
use tokio::sync::OwnedMutexGuard;

type Shared = Arc<tokio::sync::Mutex<Tail>>;

#[derive(Default)]
pub(crate) struct Tails {
    open: Mutex<HashMap<(RunId, i64), Shared>>,
}

#[derive(Default)]
struct Tail {
    /// Where the log in object storage ends; `None` until somebody has looked.
    start: Option<u64>,
    bytes: Vec<u8>,
    /// Whoever waited for this tail has to open it anew.
    closed: bool,
}

/// A tail that nobody else touches meanwhile.
pub(crate) struct Open(OwnedMutexGuard<Tail>);

impl Tails {
    /// The tail, made when it isn't there.
    pub(super) async fn open(&self, run: &RunId, version: i64) -> Open {
        let shared = self
            .map()
            .entry((run.clone(), version))
            .or_default()
            .clone();
        Open(shared.lock_owned().await)
    }

    /// The tail, if there is one.
    pub(super) async fn lock(&self, run: &RunId, version: i64) -> Option<Open> {
        let shared = self.map().get(&(run.clone(), version)).cloned()?;
        let tail = shared.lock_owned().await;
        (!tail.closed).then_some(Open(tail))
    }

    pub(super) fn versions(&self, run: &RunId) -> Vec<i64> {
        let map = self.map();
        let of_run = map.keys().filter(|(of, _)| of == run);
        let mut versions: Vec<i64> = of_run.map(|(_, version)| *version).collect();
        versions.sort_unstable();
        versions
    }

    /// Forgets a tail whose bytes are stored, and recorded.
    pub(super) fn close(&self, run: &RunId, version: i64, mut tail: Open) {
        self.map().remove(&(run.clone(), version));
        tail.0.closed = true;
    }

    /// Forgets the tails of a run that is gone.
    pub(crate) fn forget(&self, run: &RunId) {
        self.map().retain(|(of, _), _| of != run);
    }

    fn map(&self) -> std::sync::MutexGuard<'_, HashMap<(RunId, i64), Shared>> {
        self.open
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Open {
    pub(super) fn is_closed(&self) -> bool {
        self.0.closed
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.start.is_some()
    }

    /// Whoever opens a tail says where it begins.
    pub(super) fn begin(&mut self, start: u64) {
        self.0.start = Some(start);
    }

    pub(super) fn start(&self) -> u64 {
        self.0.start.unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.0.bytes.len()
    }

    pub(super) fn end(&self) -> u64 {
        self.start() + self.len() as u64
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.bytes.extend_from_slice(bytes);
    }

    pub(super) fn copy(&self) -> Bytes {
        Bytes::copy_from_slice(&self.0.bytes)
    }

    /// What is here is in object storage now, and recorded.
    pub(super) fn stored(&mut self) {
        let end = self.end();
        self.0.start = Some(end);
        self.0.bytes.clear();
    }
}
