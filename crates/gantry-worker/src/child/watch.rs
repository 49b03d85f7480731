//! Looks, while a child runs, whether it takes more than its share.
//!
//! What the kernel holds (memory and processes in a control group, the length of one file) needs no
//! haste; files are counted about once a second, and less often where that takes long, so that
//! counting never costs more than a twentieth of a processor. A disk that fills quickly is looked at
//! sooner.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::outcome::Signalled;
use super::usage::{self, Files};
use super::{Limit, Share};
use crate::sandbox::ControlGroup;

const PAUSE: Duration = Duration::from_secs(1);

/// How many times longer than a look the pause after it is.
const SPARING: u32 = 20;

/// The part of its disk limit by which the free space may shrink before it is looked at.
const SOON: u64 = 8;

/// A child has taken more than its share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    pub limit: Limit,
    /// So much more that it has to be killed at once.
    pub far: bool,
}

pub(super) struct Watch {
    pub share: Share,
    /// The run's, on disk.
    pub directory: Option<PathBuf>,
    pub group: Option<Arc<ControlGroup>>,
    /// The child's outermost process.
    pub outer: i32,
}

impl Watch {
    /// Looks until nobody listens any more.
    pub async fn look_out(self: Arc<Self>, listener: mpsc::UnboundedSender<Over>) {
        let mut pause = PAUSE;
        loop {
            self.pause(pause).await;
            let began = Instant::now();
            let watch = self.clone();
            let Ok(over) = tokio::task::spawn_blocking(move || watch.over()).await else {
                return;
            };
            if let Some(over) = over
                && listener.send(over).is_err()
            {
                return;
            }
            pause = PAUSE.max(began.elapsed() * SPARING);
        }
    }

    /// Shorter where the disk fills.
    async fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let free = || self.directory.as_deref().and_then(usage::free);
        let before = free();
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            sleep(left.min(PAUSE)).await;
            if let (Some(before), Some(now)) = (before, free())
                && self.share.disk > 0
                && before.saturating_sub(now) > self.share.disk / SOON
            {
                return;
            }
        }
    }

    fn over(&self) -> Option<Over> {
        match &self.group {
            Some(group) => self.held(group),
            None => self.watched(),
        }
        .or_else(|| self.files(false))
    }

    /// Of a child that has ended and failed: whether a limit was the reason.
    pub fn reason(&self, said: &Signalled) -> Option<Limit> {
        if said.too_long && self.share.disk > 0 {
            return Some(Limit::Disk(self.share.disk));
        }
        let held = self.group.as_ref().and_then(|group| self.held(group));
        held.or_else(|| self.files(true)).map(|over| over.limit)
    }

    /// What the kernel has refused the child or done to it.
    fn held(&self, group: &ControlGroup) -> Option<Over> {
        let events = group.events();
        let limit = match (events.killed > 0, events.refused > 0) {
            (true, _) => Limit::Memory(self.share.memory),
            (false, true) => Limit::Processes(self.share.processes),
            (false, false) => return None,
        };
        Some(Over { limit, far: false })
    }

    /// Where no control group holds the child.
    fn watched(&self) -> Option<Over> {
        let (memory, processes) = match (self.share.memory, self.share.processes) {
            (0, 0) => return None,
            _ => usage::memory_and_processes(self.outer),
        };
        let far = |used: u64, limit: u64| used / 2 > limit;
        let over = |used: u64, limit: u64, name: Limit| {
            (limit > 0 && used >= limit).then(|| Over {
                limit: name,
                far: far(used, limit),
            })
        };
        over(memory, self.share.memory, Limit::Memory(self.share.memory)).or_else(|| {
            // The kernel counts some that are not seen here, and refuses the next one without a word.
            let limit = self.share.processes;
            let nearly = limit - limit.div_ceil(32);
            over(processes, nearly, Limit::Processes(limit))
        })
    }

    /// `after`: the child has ended.
    fn files(&self, after: bool) -> Option<Over> {
        let Share { disk, files, .. } = self.share;
        let directory = self
            .directory
            .as_deref()
            .filter(|_| disk > 0 || files > 0)?;
        let reached = |limit: u64, used: u64| limit > 0 && used >= limit;
        let far = |limit: u64, used: u64| limit > 0 && used >= limit.saturating_add(limit / 4);
        let mut used = usage::files(directory, |used: &Files| {
            far(disk, used.bytes) || far(files, used.number)
        });
        if !after && disk > 0 {
            let nameless = usage::nameless(directory, self.outer);
            used.bytes = used.bytes.saturating_add(nameless);
        }
        let limit = match (reached(disk, used.bytes), reached(files, used.number)) {
            (true, _) => Limit::Disk(disk),
            (false, true) => Limit::Files(files),
            (false, false) => return None,
        };
        Some(Over {
            limit,
            far: far(disk, used.bytes) || far(files, used.number),
        })
    }
}
