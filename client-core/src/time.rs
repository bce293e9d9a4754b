//! Time as an argument: milliseconds on a clock that only the driver reads.

use core::num::NonZeroU64;
use core::ops::{Add, Sub};

/// A moment on the driver's monotonic clock, in milliseconds since a moment of its choice.
// One more than the number, so that no moment at all is a number too: a session holds many moments that may be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64);

impl Default for Instant {
    fn default() -> Self {
        Self::from_millis(0)
    }
}

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Instant {
    /// The moment `ms` milliseconds after the driver's zero.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(ms))
    }

    /// Milliseconds since the driver's zero.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0.get() - 1
    }

    /// Time passed since `earlier`; zero where `earlier` lies ahead.
    #[must_use]
    #[inline(never)]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `ms` milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// A span of `s` seconds.
    #[must_use]
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000))
    }

    /// The span in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    // Here and below: in the many places where it is wanted it would be many instructions each.
    #[inline(never)]
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}
