use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Claims that wait for runs of one pool. The one that has waited longest is woken first, and lets
/// another one go before it whose worker has fewer runs.
#[derive(Default)]
pub(crate) struct Line {
    work: Notify,
    /// How many wait, by the number of runs that their worker has.
    waiting: Mutex<BTreeMap<i64, usize>>,
}

impl Line {
    pub(super) fn wake_next(&self) {
        // Keeps a permit when nobody waits, so that work found between a look and a wait is not
        // slept over.
        self.work.notify_one();
    }

    pub(super) fn wake_all(&self) {
        self.work.notify_waiters();
        self.wake_next();
    }

    /// Waits for a wake-up. `runs` is how many the worker has.
    pub(crate) async fn wait(&self, runs: i64) {
        let _place = Place::new(self, runs);
        self.work.notified().await;
    }

    /// Whether a worker with fewer runs than `runs` waits here.
    pub(crate) fn has_idler(&self, runs: i64) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting
            .first_key_value()
            .is_some_and(|(fewest, _)| *fewest < runs)
    }

    /// A look for work. Should it come to no end, because of a fault or because whoever asked has gone,
    /// somebody else looks.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn(Some(self))
    }
}

pub(crate) struct Turn<'a>(Option<&'a Line>);

impl Turn<'_> {
    pub(crate) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.0 {
            line.wake_next();
        }
    }
}

struct Place<'a> {
    line: &'a Line,
    runs: i64,
}

impl<'a> Place<'a> {
    fn new(line: &'a Line, runs: i64) -> Self {
        let mut waiting = line.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting.entry(runs).or_default() += 1;
        drop(waiting);
        Place { line, runs }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let waiting = &self.line.waiting;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.runs) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.runs);
            }
        }
    }
}
