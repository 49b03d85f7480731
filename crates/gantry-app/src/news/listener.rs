use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{LogGrew, News, Newsroom, Spoken};
use crate::App;

/// What somebody who listens hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// With the place to come back to.
    News(String, Arc<News>),
    Log(LogGrew),
    /// Some of the news was missed, and nobody knows which: look at everything. With the place to
    /// come back to.
    Missed(String),
}

/// Hears everything; what is for whom is decided by whoever passes it on.
pub struct Listener {
    life: String,
    /// Missed while away, told first.
    before: VecDeque<Heard>,
    spoken: broadcast::Receiver<Spoken>,
    /// The number of the newest that was heard.
    next: u64,
}

impl App {
    /// From now on, or from `place`, which an earlier listener had reached. `true` when nothing since
    /// then is missing.
    pub fn listen_to_news(&self, place: Option<&str>) -> (Listener, bool) {
        self.news.listen(place)
    }
}

impl Newsroom {
    pub(super) fn listen(&self, place: Option<&str>) -> (Listener, bool) {
        let past = self.past();
        let spoken = self.spoken.subscribe();
        let wanted = place
            .and_then(|place| place.split_once('-'))
            .filter(|(life, _)| *life == self.life)
            .and_then(|(_, number)| number.parse::<u64>().ok())
            .filter(|number| *number <= past.next);
        let oldest = past.recent.front().map_or(past.next, |(number, _)| *number);
        let known = wanted.filter(|wanted| *wanted >= oldest);
        let mut listener = Listener {
            life: self.life.clone(),
            before: VecDeque::new(),
            spoken,
            next: past.next,
        };
        if let Some(known) = known {
            listener.before = past
                .recent
                .iter()
                .filter(|(number, _)| *number >= known)
                .map(|(number, news)| Heard::News(listener.place(number + 1), news.clone()))
                .collect();
        }
        (listener, known.is_some())
    }
}

impl Listener {
    /// Where to come back to after everything that was heard so far.
    pub fn here(&self) -> String {
        self.place(self.next)
    }

    fn place(&self, number: u64) -> String {
        format!("{}-{number}", self.life)
    }

    pub async fn next(&mut self) -> Heard {
        if let Some(heard) = self.before.pop_front() {
            return heard;
        }
        match self.spoken.recv().await {
            Ok(Spoken::News(number, news)) => {
                self.next = number + 1;
                Heard::News(self.here(), news)
            }
            Ok(Spoken::Log(grew)) => Heard::Log(grew),
            Ok(Spoken::Lost) | Err(RecvError::Lagged(_)) => Heard::Missed(self.here()),
            // The newsroom lives as long as the server.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
