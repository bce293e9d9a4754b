//! When to open the stream again: exponential with full jitter, unless the server says how long.

use tidings_client_core::{Duration, Rng};

const BASE_MS: u64 = 500;
const CAP_MS: u64 = 20_000;

/// Counts attempts, and draws the wait before each.
pub(super) struct Retry {
    rng: Rng,
    max_attempts: Option<u32>,
    attempts: u32,
}

impl Retry {
    pub(super) const fn new(rng: Rng, max_attempts: Option<u32>) -> Self {
        Self { rng, max_attempts, attempts: 0 }
    }

    /// The wait before the next attempt; `None`: there is none. `told` is what the server asked for.
    pub(super) fn next(&mut self, told: Option<Duration>) -> Option<Duration> {
        if self.max_attempts.is_some_and(|max| self.attempts >= max) {
            return None;
        }
        let doubled = BASE_MS.saturating_mul(1_u64.checked_shl(self.attempts).unwrap_or(u64::MAX));
        self.attempts = self.attempts.saturating_add(1);
        let drawn = self.rng.up_to(doubled.min(CAP_MS));
        Some(told.unwrap_or(Duration::from_millis(drawn)))
    }

    /// A stream stands, or the app starts anew.
    pub(super) const fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Attempts since the last reset.
    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_end_with_the_attempts() {
        let mut retry = Retry::new(Rng::new([1, 2]), Some(80));
        let waits: Vec<u64> = core::iter::from_fn(|| retry.next(None)).map(Duration::as_millis).collect();
        assert_eq!(waits.len(), 80);
        for (n, wait) in waits.iter().enumerate() {
            assert!(*wait <= (500 << n.min(10)).min(20_000), "{n}: {wait}");
        }
        assert!(waits.iter().any(|wait| *wait > 10_000));
    }

    #[test]
    fn the_servers_word_counts() {
        let mut retry = Retry::new(Rng::new([1, 2]), None);
        assert_eq!(retry.next(Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
    }
}
