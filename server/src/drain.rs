//! The way out: one signal that everybody hears, a count of who is still there, and each session's turn to
//! come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The server's stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not serving yet.
    Starting,
    /// Serving.
    Ready,
    /// No new sessions; those that stand are told to go.
    Draining,
}

/// Shared by everything that must end in order. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Drain {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    stage: watch::Sender<Stage>,
    begun: CancellationToken,
    sessions: TaskTracker,
    spread: Duration,
    /// Sessions at the time when draining began.
    of: AtomicU64,
    next: AtomicU64,
}

impl Drain {
    /// In the stage `Starting`; clients will be told to come back evenly over `spread`.
    #[must_use]
    pub fn new(spread: Duration) -> Self {
        Self {
            inner: Arc::new(Inner {
                stage: watch::Sender::new(Stage::Starting),
                begun: CancellationToken::new(),
                sessions: TaskTracker::new(),
                spread,
                of: AtomicU64::new(0),
                next: AtomicU64::new(0),
            }),
        }
    }

    /// Where the server stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        *self.inner.stage.borrow()
    }

    /// Serving begins; does nothing once draining has begun.
    pub fn ready(&self) {
        self.inner.stage.send_if_modified(|stage| {
            let starts = *stage == Stage::Starting;
            if starts {
                *stage = Stage::Ready;
            }
            starts
        });
    }

    /// Draining begins: everyone who awaits [`Drain::begun`] is woken.
    pub fn begin(&self) {
        self.inner.of.store(u64::try_from(self.inner.sessions.len()).unwrap_or(u64::MAX), Ordering::Release);
        self.inner.stage.send_replace(Stage::Draining);
        self.inner.sessions.close();
        self.inner.begun.cancel();
    }

    /// Returns when draining has begun.
    pub async fn begun(&self) {
        self.inner.begun.cancelled().await;
    }

    /// Counts a session until the token is dropped. Take it before the upgrade, drop it when the last byte is
    /// out.
    pub fn session(&self) -> TaskTrackerToken {
        self.inner.sessions.token()
    }

    /// How many sessions stand.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.inner.sessions.len()
    }

    /// When the next session to ask is to come back: evenly spread over all that stood when draining began.
    #[must_use]
    pub fn turn(&self) -> Duration {
        let of = self.inner.of.load(Ordering::Acquire).max(1);
        let turn = self.inner.next.fetch_add(1, Ordering::AcqRel) % of;
        let spread = u64::try_from(self.inner.spread.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(
            u64::try_from(u128::from(spread) * u128::from(turn) / u128::from(of)).unwrap_or(spread),
        )
    }

    /// Returns when draining has begun and the last session is gone.
    pub async fn all_gone(&self) {
        self.inner.sessions.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A tenth of a second.
    const TENTH: u128 = 100;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_tenth_of_a_second_is_told_to_more_than_twice_the_mean(
            sessions in prop_oneof![1..300_usize, Just(10_000)],
            seconds in 1..30_u64,
            late in 0..3_usize,
        ) {
            let drain = Drain::new(Duration::from_secs(seconds));
            drain.ready();
            let mut open: Vec<_> = (0..sessions).map(|_| drain.session()).collect();
            drain.begin();
            let turns: Vec<u128> = (0..sessions).map(|_| drain.turn().as_millis()).collect();
            let tenths = u128::from(seconds) * 1_000 / TENTH;
            let mean = (sessions as u128).div_ceil(tenths);
            let most = (0..tenths)
                .map(|n| turns.iter().filter(|turn| **turn / TENTH == n).count() as u128)
                .max();
            prop_assert!(most <= Some(2 * mean), "{:?} of {} in {} s", most, sessions, seconds);
            prop_assert!(turns.iter().all(|turn| *turn < u128::from(seconds) * 1_000));
            // Who comes in while the server drains is told a turn within the spread too.
            for _ in 0..late {
                open.push(drain.session());
                prop_assert!(drain.turn() < Duration::from_secs(seconds));
            }
        }
    }

    #[tokio::test]
    async fn turns_are_spread_evenly_and_the_last_one_out_ends_it() {
        let drain = Drain::new(Duration::from_secs(10));
        drain.ready();
        let sessions: Vec<_> = (0..4).map(|_| drain.session()).collect();
        drain.begin();
        drain.begun().await;
        let turns: Vec<u64> = (0..4).map(|_| drain.turn().as_secs_f64() as u64).collect();
        assert_eq!(turns, [0, 2, 5, 7]);
        drain.ready();
        assert_eq!(drain.stage(), Stage::Draining);
        let gone = tokio::spawn({
            let drain = drain.clone();
            async move { drain.all_gone().await }
        });
        tokio::task::yield_now().await;
        assert!(!gone.is_finished());
        drop(sessions);
        gone.await.unwrap();
    }
}
