//! What changed, for those who look on: said after the commit, heard on every server, and never more
//! than which thing it was. Whoever hears of one looks it up, and sees what they may see.
//!
//! News may be lost, as when a server dies between its commit and its word to the others; then it is
//! the next look that shows the change. What a listener missed on this server is told again as long as
//! it is remembered; after that the listener is told to look at everything.

mod listener;
mod tell;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_core::ids::{RunId, SpaceId, StackId};
use gantry_core::stack::Stack;
use gantry_core::worker_pool::WorkerPool;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};
use ulid::Ulid;

use crate::Subject;
pub use listener::{Heard, Listener};

/// How many are told again to whoever comes back.
const REMEMBERED: usize = 4096;
/// How far a listener may be behind.
const BEHIND: usize = 1024;

/// One thing that changed, was made or is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// As the audit trail names kinds: `run`, `stack`, `integration`, `worker pool` …
    pub kind: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Where it lives; nowhere for what belongs to the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<SpaceId>,
}

/// The log of a run grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGrew {
    pub run: RunId,
    pub version: i64,
    /// How long it is by now.
    pub bytes: i64,
}

/// What travels between servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    News(News),
    Log(LogGrew),
}

impl News {
    pub(crate) fn of_run(run: &RunId, stack: &Stack) -> Self {
        News {
            kind: "run".into(),
            id: run.to_string(),
            stack: Some(stack.id.clone()),
            run: Some(run.clone()),
            space: Some(stack.settings.space.clone()),
        }
    }

    pub(crate) fn of_stack(stack: &Stack) -> Self {
        News {
            kind: "stack".into(),
            id: stack.id.to_string(),
            stack: Some(stack.id.clone()),
            run: None,
            space: Some(stack.settings.space.clone()),
        }
    }

    pub(crate) fn of_pool(pool: &WorkerPool) -> Self {
        News {
            kind: "worker pool".into(),
            id: pool.id.to_string(),
            stack: None,
            run: None,
            space: Some(pool.space.clone()),
        }
    }

    /// Whether `subject` may know that there is such a thing: the same rule as for the thing itself.
    pub fn is_for(&self, subject: &Subject) -> bool {
        match (&self.space, &self.stack) {
            (Some(space), Some(_)) => subject.sees(space),
            (Some(space), None) => subject.sees_shared(space),
            (None, _) => subject.require_account_admin().is_ok(),
        }
    }

    /// Whether it may have changed who sees what.
    pub fn is_of_access(&self) -> bool {
        matches!(self.kind.as_str(), "space" | "api key" | "session" | "user")
    }
}

/// Where news of this server and of the others come together.
pub(crate) struct Newsroom {
    /// Of this life of this server; a number of another one means nothing here.
    life: String,
    past: Mutex<Past>,
    spoken: broadcast::Sender<Spoken>,
    /// What the other servers are to hear.
    untold: Mutex<Vec<Word>>,
    told: Notify,
    /// Whether there may be other servers.
    others: bool,
}

#[derive(Default)]
struct Past {
    next: u64,
    recent: VecDeque<(u64, Arc<News>)>,
}

#[derive(Clone, Debug)]
enum Spoken {
    News(u64, Arc<News>),
    Log(LogGrew),
    /// Some were lost.
    Lost,
}

impl Newsroom {
    pub(crate) fn new(others: bool) -> Self {
        let (spoken, _) = broadcast::channel(BEHIND);
        Newsroom {
            life: Ulid::generate().to_string(),
            past: Mutex::default(),
            spoken,
            untold: Mutex::default(),
            told: Notify::new(),
            others,
        }
    }

    /// Something was committed here.
    pub(crate) fn say(&self, word: Word) {
        self.hear(word.clone());
        if self.others {
            let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
            // Of a log only the newest length matters.
            if let Word::Log(grew) = &word {
                untold.retain(|old| {
                    !matches!(old, Word::Log(old) if old.run == grew.run && old.version == grew.version)
                });
            }
            untold.push(word);
            self.told.notify_one();
        }
    }

    /// Something was committed here or elsewhere.
    pub(crate) fn hear(&self, word: Word) {
        match word {
            Word::Log(grew) => {
                let _ = self.spoken.send(Spoken::Log(grew));
            }
            Word::News(news) => {
                let news = Arc::new(news);
                let mut past = self.past();
                let number = past.next;
                past.next += 1;
                past.recent.push_back((number, news.clone()));
                if past.recent.len() > REMEMBERED {
                    past.recent.pop_front();
                }
                // Under the lock, so that whoever begins to listen misses none and hears none twice.
                let _ = self.spoken.send(Spoken::News(number, news));
            }
        }
    }

    /// What the others said was not heard for a while.
    pub(crate) fn lost(&self) {
        let mut past = self.past();
        past.recent.clear();
        // Every place from before is one that nobody knows any more.
        past.next += 1;
        let _ = self.spoken.send(Spoken::Lost);
    }

    fn past(&self) -> std::sync::MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
