//! Keeps to the server's `framesPerSecond` and `frameBurst`.

use crate::time::{Duration, Instant};

/// A frame's worth in the bucket.
const FRAME: u64 = 1_000;

/// A token bucket of frames.
#[derive(Debug)]
pub(crate) struct Pacing {
    per_second: u64,
    capacity: u64,
    level: u64,
    filled_at: Instant,
    blocked_until: Instant,
}

impl Pacing {
    /// The pace of a server that does not name one.
    pub(crate) const PER_SECOND: u64 = 50;
    /// The burst of a server that does not name one.
    pub(crate) const BURST: u64 = 200;

    /// A full bucket. Half the server's burst is left unused: frames that the network held back arrive together.
    pub(crate) fn new(frames_per_second: u64, frame_burst: u64, now: Instant) -> Self {
        let capacity = (frame_burst / 2).max(1) * FRAME;
        Self {
            per_second: frames_per_second.max(1),
            capacity,
            level: capacity,
            filled_at: now,
            blocked_until: now,
        }
    }

    /// Takes one frame's worth, where there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        if now < self.blocked_until || self.level < FRAME {
            return false;
        }
        self.level -= FRAME;
        true
    }

    /// Takes one frame's worth for a frame that cannot wait.
    pub(crate) fn take_anyway(&mut self, now: Instant) {
        self.fill(now);
        self.level = self.level.saturating_sub(FRAME);
    }

    /// The server refused a frame as one too many.
    pub(crate) fn block(&mut self, span: Duration, now: Instant) {
        self.blocked_until = self.blocked_until.max(now + span);
    }

    /// When the next frame may be sent.
    pub(crate) fn ready_at(&self) -> Instant {
        let missing = FRAME.saturating_sub(self.level);
        let wait = Duration::from_millis(missing.div_ceil(self.per_second));
        (self.filled_at + wait).max(self.blocked_until)
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.since(self.filled_at).as_millis().saturating_mul(self.per_second);
        self.level = self.level.saturating_add(gained).min(self.capacity);
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn half_a_burst_at_once_then_the_rate() {
        let at = Instant::from_millis;
        let mut pacing = Pacing::new(50, 10, at(0));
        assert_eq!((0..20).filter(|_| pacing.take(at(0))).count(), 5);
        assert_eq!(pacing.ready_at(), at(20));
        assert!(!pacing.take(at(19)));
        assert!(pacing.take(at(20)));
        pacing.block(Duration::from_secs(1), at(20));
        assert_eq!(pacing.ready_at(), at(1_020));
        assert_eq!((pacing.take(at(1_019)), pacing.take(at(1_020))), (false, true));
    }
}
