use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Limit;
use super::watch::Over;

/// How much of the output is kept to explain a child that never started.
const TAIL: usize = 2048;

/// When the child was last heard of, in milliseconds since it started.
pub(super) struct Activity {
    started: Instant,
    last: AtomicU64,
}

impl Activity {
    pub(super) fn since(started: Instant) -> Self {
        Activity {
            started,
            last: AtomicU64::new(0),
        }
    }

    /// The child waits for us: that is not its silence.
    const WAITING: u64 = u64::MAX;

    pub(super) fn last(&self) -> Instant {
        match self.last.load(Ordering::Relaxed) {
            Self::WAITING => Instant::now(),
            last => self.started + Duration::from_millis(last),
        }
    }

    fn set(&self, waiting: bool) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(0);
        self.last
            .store(if waiting { Self::WAITING } else { now }, Ordering::Relaxed);
    }
}

/// Moves output to its receiver until every writer is gone; returns the end of it. Says once when it
/// is too much.
pub(super) async fn pump(
    mut from: Receiver,
    to: mpsc::Sender<Bytes>,
    activity: Arc<Activity>,
    (most, over): (u64, mpsc::UnboundedSender<Over>),
) -> Vec<u8> {
    let mut tail = Vec::new();
    let mut printed = 0u64;
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(16 << 10);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return tail,
            Ok(_) => {}
        }
        let chunk = buffer.split().freeze();
        tail.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
        tail.drain(..tail.len().saturating_sub(TAIL));
        let before = printed;
        printed = printed.saturating_add(chunk.len() as u64);
        if most > 0 && before <= most && printed > most {
            let limit = Limit::Log(most);
            let _ = over.send(Over { limit, far: false });
        }
        activity.set(true);
        // A receiver that is gone doesn't hold the child back.
        let _ = to.send(chunk).await;
        activity.set(false);
    }
}
