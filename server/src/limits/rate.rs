//! How fast one session may speak: a token bucket for frames, another for what is ephemeral, and a count of the
//! frames that were bad or refused.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tidings_protocol::Code;
use tidings_protocol::limits::{BAD_FRAME_WINDOW_MS, MAX_BAD_FRAMES};
use tokio::time::Instant;

use crate::config::LimitsConfig;
use crate::error::Error;

/// Typing and presence frames a second that one session may send for long.
const EPHEMERAL_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Typing and presence frames that one session may send at once.
const EPHEMERAL_BURST: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// The bounds that every session gets.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    frames: Quota,
    ephemeral: Quota,
}

impl RateLimits {
    /// With these bounds.
    #[must_use]
    pub const fn new(limits: &LimitsConfig) -> Self {
        Self {
            frames: Quota::per_second(limits.max_frames_per_second).allow_burst(limits.frame_burst),
            ephemeral: Quota::per_second(EPHEMERAL_PER_SECOND).allow_burst(EPHEMERAL_BURST),
        }
    }

    /// The buckets of a new session, full.
    #[must_use]
    pub fn session(&self) -> SessionRate {
        let since = Since(Instant::now());
        SessionRate {
            frames: RateLimiter::direct_with_clock(self.frames, since),
            ephemeral: RateLimiter::direct_with_clock(self.ephemeral, since),
        }
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Since, NoOpMiddleware<Duration>>;

/// One session's buckets.
#[derive(Debug)]
pub struct SessionRate {
    frames: Bucket,
    ephemeral: Bucket,
}

impl SessionRate {
    /// Takes one frame's token.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time after which a token is there.
    pub fn frame(&self) -> Result<(), Error> {
        take(&self.frames)
    }

    /// Takes the token of one typing or presence frame.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time after which a token is there.
    pub fn ephemeral(&self) -> Result<(), Error> {
        take(&self.ephemeral)
    }
}

fn take(bucket: &Bucket) -> Result<(), Error> {
    bucket.check().map_err(|until| {
        let wait = until.wait_time_from(bucket.clock().now());
        Error::new(Code::RateLimited).retry_after(wait.max(Duration::from_millis(1)))
    })
}

/// Time since the session began, by tokio's clock: a test that pauses it holds the buckets too.
#[derive(Clone, Copy, Debug)]
struct Since(Instant);

impl governor::clock::Clock for Since {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Bad and refused frames: more than so many within a window end the session. Holds at most one time more than
/// the bound, and nothing at all for a session that behaves.
#[derive(Clone, Debug, Default)]
pub struct Strikes {
    recent: VecDeque<Instant>,
}

impl Strikes {
    /// Counts one, and says whether the session has had its last.
    #[must_use]
    pub fn strike(&mut self) -> bool {
        let now = Instant::now();
        let window = Duration::from_millis(BAD_FRAME_WINDOW_MS);
        while self.recent.front().is_some_and(|at| now - *at >= window) {
            self.recent.pop_front();
        }
        if self.recent.len() <= MAX_BAD_FRAMES {
            self.recent.push_back(now);
        }
        self.recent.len() > MAX_BAD_FRAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(flags: &[&str]) -> SessionRate {
        let flags = ["--dev"].iter().chain(flags).copied();
        RateLimits::new(&crate::config::Config::from_args(flags).unwrap().limits).session()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_and_then_the_wait_is_named() {
        let rate = session(&["--max-frames-per-second", "10", "--frame-burst", "20"]);
        assert_eq!((0..30).filter(|_| rate.frame().is_ok()).count(), 20);
        let refused = rate.frame().unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        let wait = refused.wait().unwrap();
        assert!(wait <= Duration::from_millis(101), "{wait:?}");
        tokio::time::advance(wait).await;
        assert!(rate.frame().is_ok());
        assert!(rate.frame().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn typing_takes_nothing_from_frames() {
        let rate = session(&["--max-frames-per-second", "1", "--frame-burst", "1"]);
        assert!((0..50).all(|_| rate.ephemeral().is_ok()));
        assert!(rate.ephemeral().is_err());
        assert!(rate.frame().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn strikes_are_forgotten_with_time() {
        let mut strikes = Strikes::default();
        assert!(!(0..MAX_BAD_FRAMES).any(|_| strikes.strike()));
        assert!(strikes.strike());
        let mut strikes = Strikes::default();
        for _ in 0..10 {
            assert!(!(0..MAX_BAD_FRAMES).any(|_| strikes.strike()));
            tokio::time::advance(Duration::from_millis(BAD_FRAME_WINDOW_MS)).await;
        }
    }
}
