//! How long to wait before the next attempt: exponential with full jitter, unless the server says how long.

use crate::rng::Rng;
use crate::time::Duration;

/// Counts attempts, and draws the wait before each.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    max_attempts: Option<u32>,
    attempts: u32,
    exponent: u32,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// After this time; a wake-up may cut it short.
    Drawn(Duration),
    /// After this time, and not before.
    Told(Duration),
    /// Never.
    GivenUp,
}

impl Backoff {
    pub(crate) const fn new(base: Duration, cap: Duration, max_attempts: Option<u32>) -> Self {
        Self { base, cap, max_attempts, attempts: 0, exponent: 0 }
    }

    /// The wait before the next attempt; `told` is what the server asked for.
    pub(crate) fn next(&mut self, told: Option<Duration>, rng: &mut Rng) -> Wait {
        if self.max_attempts.is_some_and(|max| self.attempts >= max) {
            return Wait::GivenUp;
        }
        self.attempts = self.attempts.saturating_add(1);
        let bound = self.bound();
        self.exponent = self.exponent.saturating_add(1);
        told.map_or_else(|| Wait::Drawn(Duration::from_millis(rng.up_to(bound))), Wait::Told)
    }

    /// The server is in trouble or finds us too loud: the next wait is drawn as after `n` failures at least.
    pub(crate) fn at_least(&mut self, n: u32) {
        self.exponent = self.exponent.max(n);
    }

    /// These attempts, the one that has just failed included, were made for this session elsewhere.
    pub(crate) const fn follow(&mut self, attempts: u32) {
        self.attempts = attempts.saturating_sub(1);
        self.exponent = self.attempts;
    }

    /// The connection has proved good, or the app starts anew.
    pub(crate) const fn reset(&mut self) {
        self.attempts = 0;
        self.exponent = 0;
    }

    /// Attempts since the last reset.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The shortest time between two attempts that a wake-up may cause.
    pub(crate) const fn floor(&self) -> Duration {
        self.base
    }

    fn bound(&self) -> u64 {
        let factor = 1_u64.checked_shl(self.exponent).unwrap_or(u64::MAX);
        self.base.as_millis().saturating_mul(factor).min(self.cap.as_millis())
    }
}
