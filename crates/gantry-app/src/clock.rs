use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment as people and other programs write it, in UTC.
pub fn rfc3339(millis: i64) -> String {
    let moment = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The time of day, in Unix milliseconds: injected, so that tests can move it.
///
/// It goes as evenly as the machine's monotonic clock, and follows what sets it ([`Clock::set_by`])
/// only when it is told to. Between two settings no jump of the machine's clock is felt, and at a
/// setting it is known how far it was.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    ticks: Ticks,
    /// The time of day at the first tick, as it was first known, and as it is known now.
    first: i64,
    offset: AtomicI64,
}

enum Ticks {
    Monotonic(Instant),
    /// Stands still until it is moved; `ahead` is how far its time of day has jumped.
    Fixed {
        passed: AtomicI64,
        ahead: AtomicI64,
    },
}

impl Default for Clock {
    fn default() -> Self {
        Clock::system()
    }
}

impl Clock {
    pub fn system() -> Self {
        Clock::new(Ticks::Monotonic(Instant::now()), system_time())
    }

    /// A clock that stands still until it is moved.
    pub fn fixed(millis: i64) -> Self {
        let ticks = Ticks::Fixed {
            passed: AtomicI64::new(0),
            ahead: AtomicI64::new(0),
        };
        Clock::new(ticks, millis)
    }

    fn new(ticks: Ticks, first: i64) -> Self {
        let offset = AtomicI64::new(first);
        Clock(Arc::new(Inner {
            ticks,
            first,
            offset,
        }))
    }

    pub fn now(&self) -> i64 {
        self.0.offset.load(Ordering::SeqCst) + self.passed()
    }

    /// Goes on evenly whatever sets the time of day: what [`Clock::now`] would say if nothing ever had.
    pub fn steady(&self) -> i64 {
        self.0.first + self.passed()
    }

    fn passed(&self) -> i64 {
        match &self.0.ticks {
            Ticks::Monotonic(first) => first.elapsed().as_millis() as i64,
            Ticks::Fixed { passed, .. } => passed.load(Ordering::SeqCst),
        }
    }

    /// What the machine takes for the time of day, jumps and all.
    pub(crate) fn machine(&self) -> i64 {
        match &self.0.ticks {
            Ticks::Monotonic(_) => system_time(),
            Ticks::Fixed { passed, ahead } => {
                self.0.first + passed.load(Ordering::SeqCst) + ahead.load(Ordering::SeqCst)
            }
        }
    }

    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.0.ticks, Ticks::Fixed { .. })
    }

    /// From now on it is `time`. Answers how far that is from what was thought.
    pub(crate) fn set_by(&self, time: i64) -> i64 {
        let offset = time - self.passed();
        offset - self.0.offset.swap(offset, Ordering::SeqCst)
    }

    /// Moves a fixed clock; the system's own is left alone.
    pub fn advance(&self, millis: i64) {
        if let Ticks::Fixed { passed, .. } = &self.0.ticks {
            passed.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// Lets the time of day of a fixed clock's machine jump, while no time passes.
    pub fn jump(&self, millis: i64) {
        if let Ticks::Fixed { ahead, .. } = &self.0.ticks {
            ahead.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

fn system_time() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
