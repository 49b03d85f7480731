use std::sync::{Arc, Mutex, PoisonError};

/// The uids (each with the gid of the same number) that a worker started as root may give to runs.
/// They must belong to nobody else: a range as in `/etc/subuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRange {
    pub first: u32,
    pub count: u32,
}

impl Default for UserRange {
    fn default() -> Self {
        Self {
            first: 700_000,
            count: 1_000,
        }
    }
}

pub(super) struct UserPool {
    range: UserRange,
    root: bool,
    in_use: Arc<Mutex<Vec<u32>>>,
}

impl UserPool {
    pub(super) fn new(range: UserRange) -> Self {
        Self {
            range,
            root: nix::unistd::geteuid().is_root(),
            in_use: Arc::default(),
        }
    }

    pub(super) fn take(&self) -> Option<RunUser> {
        if !self.root {
            return Some(RunUser {
                uid: None,
                in_use: self.in_use.clone(),
            });
        }
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = (self.range.first..self.range.first.saturating_add(self.range.count))
            .find(|uid| !in_use.contains(uid))?;
        in_use.push(uid);
        Some(RunUser {
            uid: Some(uid),
            in_use: self.in_use.clone(),
        })
    }
}

/// The user that a run's children have; goes back to the pool when dropped.
#[derive(Debug)]
pub struct RunUser {
    uid: Option<u32>,
    in_use: Arc<Mutex<Vec<u32>>>,
}

impl RunUser {
    /// `None`: the worker's own, since it isn't root.
    pub fn uid(&self) -> Option<u32> {
        self.uid
    }
}

impl Drop for RunUser {
    fn drop(&mut self) {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|uid| Some(*uid) != self.uid);
    }
}
