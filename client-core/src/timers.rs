//! The table of timers. The next wake-up is its minimum.

use crate::time::{Duration, Instant};

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The next attempt to connect.
    Retry,
    /// The greeting is overdue.
    Handshake,
    /// Silence: time to ping, or the peer is dead.
    Heartbeat,
    /// The connection has been good for long enough.
    Stable,
    /// Something that had to wait may be sent.
    Pump,
    /// An answer is overdue.
    Answer,
    /// Positions are to be kept.
    Positions,
    /// A better transport is to be looked at, or the look has taken too long.
    Look,
}

const ALL: [Timer; 8] = [
    Timer::Retry,
    Timer::Handshake,
    Timer::Heartbeat,
    Timer::Stable,
    Timer::Pump,
    Timer::Answer,
    Timer::Positions,
    Timer::Look,
];

/// One moment for each timer, or none.
#[derive(Debug, Default)]
pub(crate) struct Timers([Option<Instant>; ALL.len()]);

impl Timers {
    pub(crate) const fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(crate) const fn clear(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(crate) const fn get(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// The next moment at which a timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes the timer that has been due for longest, and how late it is.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Timer, Duration)> {
        let due = self.next().filter(|&at| at <= now)?;
        let timer = *ALL.iter().find(|&&t| self.get(t) == Some(due))?;
        self.clear(timer);
        Some((timer, now.since(due)))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn timers_are_taken_in_the_order_in_which_they_are_due() {
        let at = Instant::from_millis;
        let mut timers = Timers::default();
        timers.set(Timer::Pump, at(30));
        timers.set(Timer::Retry, at(20));
        timers.set(Timer::Stable, at(50));
        assert_eq!(timers.next(), Some(at(20)));
        assert_eq!(timers.take_due(at(40)), Some((Timer::Retry, Duration::from_millis(20))));
        assert_eq!(timers.take_due(at(40)), Some((Timer::Pump, Duration::from_millis(10))));
        assert_eq!((timers.take_due(at(40)), timers.next()), (None, Some(at(50))));
    }
}
