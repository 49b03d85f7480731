//! From one server to the others. Together, a moment after the commit: PostgreSQL lets transactions
//! that tell something commit one after the other, so the runs' own don't.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use gantry_core::audit::AuditEvent;
use gantry_core::ids::{RunId, SpaceId, StackId, WorkerPoolId};
use gantry_store::{Tx, stack, worker_pool};
use serde_json::Value;

use super::{News, Word};
use crate::App;
use crate::wake::Hint;

/// How long words are gathered.
const TOGETHER: Duration = Duration::from_millis(25);
/// PostgreSQL carries less than 8,000 bytes at once.
const BYTES: usize = 6_000;

impl App {
    /// Says it when `tx` is committed, and not otherwise.
    pub(crate) fn say_after(&self, tx: &Tx, news: News) {
        let room = self.news.clone();
        tx.after_commit(move || room.say(Word::News(news)));
    }

    /// What somebody did is news for those who see the thing, also where they saw it until now.
    pub(crate) fn say_deed(&self, tx: &Tx, event: &AuditEvent) {
        let moved_from = event.details.get("spaceBefore").and_then(Value::as_str);
        let moved_from = moved_from.map(SpaceId::new);
        let before = moved_from.filter(|before| event.space.as_ref() != Some(before));
        for space in std::iter::once(event.space.clone()).chain(before.map(Some)) {
            let news = News {
                kind: event.target.kind.clone(),
                id: event.target.id.clone(),
                stack: event.stack.clone(),
                run: event.run.clone(),
                space,
            };
            self.say_after(tx, news);
        }
    }

    /// Something about a run changed of which its stack knows nothing.
    pub(crate) async fn say_run(&self, stack: &StackId, run: &RunId) {
        match stack::find(self.store.reader(), stack).await {
            Ok(Some(stack)) => {
                let news = News::of_run(run, &stack);
                self.news.say(Word::News(news));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, run.id = %run, "nobody hears that a run changed"),
        }
    }

    /// A worker came or went.
    pub(crate) async fn say_workers(&self, pool: Option<&WorkerPoolId>) {
        let news = match pool {
            // The installation's own are shown with the pool that has no ID.
            None => News {
                kind: "worker pool".into(),
                id: String::new(),
                stack: None,
                run: None,
                space: None,
            },
            Some(pool) => match worker_pool::find(self.store.reader(), pool).await {
                Ok(Some(pool)) => News::of_pool(&pool),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, pool.id = %pool, "nobody hears of a worker");
                    return;
                }
            },
        };
        self.news.say(Word::News(news));
    }

    /// Tells the other servers what was said on this one, until it ends.
    pub async fn tell_news(self: Arc<Self>) {
        loop {
            self.news.told.notified().await;
            tokio::time::sleep(TOGETHER).await;
            let words = {
                let mut untold = self
                    .news
                    .untold
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *untold)
            };
            for words in parts(words) {
                if let Err(error) = self.tell(words).await {
                    tracing::warn!(%error, "other servers don't hear what changed here");
                }
            }
        }
    }

    async fn tell(&self, words: Vec<Hint>) -> Result<(), gantry_store::StoreError> {
        let tx = self.store.begin().await?;
        self.tell_others(&tx, &words).await?;
        tx.commit().await
    }
}

fn parts(words: Vec<Word>) -> Vec<Vec<Hint>> {
    let mut parts: Vec<Vec<Hint>> = Vec::new();
    let mut room = 0;
    for word in words {
        let bytes = serde_json::to_string(&word).map_or(0, |text| text.len() + 8);
        if bytes > room {
            parts.push(Vec::new());
            room = BYTES;
        }
        room = room.saturating_sub(bytes);
        if let Some(part) = parts.last_mut() {
            part.push(Hint::News(word));
        }
    }
    parts
}
