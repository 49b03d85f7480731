use std::sync::Arc;
use std::time::Duration;

use gantry_store::hint::Heard;
use gantry_store::{StoreError, Tx};

use super::{Hint, hint};
use crate::App;

/// After a fault of the database.
const TRY_AGAIN: Duration = Duration::from_secs(1);

impl App {
    /// Tells the other servers, once `tx` is committed. Whoever waits on this one is woken by
    /// [`super::Wake::tell`] after the commit.
    pub(crate) async fn tell_others(&self, tx: &Tx, hints: &[Hint]) -> Result<(), StoreError> {
        self.wake.tell_others(tx, hints).await
    }

    /// Hears what other servers tell, until this one ends. Where there can't be any, there is
    /// nothing to do.
    pub async fn hear_others(self: Arc<Self>) {
        let Some(mut ear) = self.store.ear() else {
            return;
        };
        loop {
            match ear.hear().await {
                Ok(Heard::Hint(text)) => {
                    let (server, hints) = hint::read(&text);
                    if *server != *self.wake.server {
                        for hint in hints {
                            self.hint(&hint);
                        }
                    }
                }
                Ok(Heard::Anew) => self.wake_everybody(),
                Err(error) => {
                    tracing::warn!(%error, "what other servers tell is not heard; trying again");
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    /// Wakes those who wait on this server.
    pub(crate) fn hint(&self, hint: &Hint) {
        match hint {
            Hint::Work(pool) => self.wake.work(pool.as_ref()),
            Hint::Workers => self.wake.workers(),
            Hint::Run(run) => self.wake.run(run),
            Hint::Slots => self.slots.freed(),
            Hint::News(word) => self.news.hear(word.clone()),
        }
    }

    /// Hints may have been lost: everybody looks.
    fn wake_everybody(&self) {
        self.wake.everybody();
        self.news.lost();
        self.slots.freed();
        self.runs.timers.notify_one();
    }
}
