//! A token bucket that is one moment in time (GCRA): cheap enough to have one for every user and address.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// So many a second for long, and what one may save up.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// What one token costs.
    interval: Duration,
    /// What a full bucket is worth.
    burst: Duration,
}

impl Quota {
    /// `per_second` for long, and that of `seconds` seconds at once.
    #[must_use]
    pub fn per_second(per_second: NonZeroU32, seconds: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.get(), burst: Duration::from_secs(1) * seconds }
    }

    /// The time in which one more token comes.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }
}

/// How empty a bucket is: until when it would take to be full again.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub const fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Whether it is full: then it need not be remembered.
    #[must_use]
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }

    /// Takes a token.
    ///
    /// # Errors
    /// There is none: the time after which there will be.
    pub fn take(&mut self, quota: Quota, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + quota.interval;
        match full_at.duration_since(now).checked_sub(quota.burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            Some(_) | None => {
                self.full_at = full_at;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_there_at_once_and_then_one_after_the_other() {
        let quota = Quota::per_second(NonZeroU32::new(10).unwrap(), 2);
        let mut bucket = Bucket::full(Instant::now());
        assert_eq!((0..30).filter(|_| bucket.take(quota, Instant::now()).is_ok()).count(), 20);
        let wait = bucket.take(quota, Instant::now()).unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        tokio::time::advance(wait).await;
        assert!(bucket.take(quota, Instant::now()).is_ok());
        assert!(bucket.take(quota, Instant::now()).is_err());
        assert!(!bucket.is_full(Instant::now()));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(bucket.is_full(Instant::now()));
    }
}
