//! The time of day, as something that a test can hold.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidings_protocol::Timestamp;
use tokio::time::Instant;

/// Tells the time of day. Cheap to clone; for spans of time use tokio's own clock, which tests can pause.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Held(Arc<AtomicI64>),
    Tokio { from: Timestamp, since: Instant },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until it is moved.
    #[must_use]
    pub fn held_at(at: Timestamp) -> (Self, HeldClock) {
        let millis = Arc::new(AtomicI64::new(at.as_millis()));
        (Self(Source::Held(Arc::clone(&millis))), HeldClock(millis))
    }

    /// A clock that shows `at` now and goes as tokio's own does: where that is paused, this one is too.
    #[must_use]
    pub fn with_tokio(at: Timestamp) -> Self {
        Self(Source::Tokio { from: at, since: Instant::now() })
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Held(millis) => Timestamp::from_millis(millis.load(Ordering::Acquire)),
            Source::Tokio { from, since } => later(*from, since.elapsed()),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Moves a held clock.
#[derive(Clone, Debug)]
pub struct HeldClock(Arc<AtomicI64>);

impl HeldClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::AcqRel);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::Release);
    }
}

/// `at` moved by `by`, as a moment.
#[must_use]
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_add(millis(by)))
}

/// How long it is from `from` to `to`; nothing where `to` lies before.
#[must_use]
pub fn until(from: Timestamp, to: Timestamp) -> Duration {
    let gap = to.as_millis().saturating_sub(from.as_millis());
    Duration::from_millis(u64::try_from(gap).unwrap_or(0))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
