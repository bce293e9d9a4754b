//! Finds a connection that is half open: by silence, then by a ping that nobody answers.

use crate::time::{Duration, Instant};

/// Silence from which on a wake-up of the machine is a reason to ping.
const DOUBT: Duration = Duration::from_secs(5);
/// A timer that is this late has been slept over.
const SLEPT: Duration = Duration::from_secs(3);

/// Listens to one connection.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    /// How long a ping may stay without any frame after it.
    patience: Duration,
    heard_at: Instant,
    pinged_at: Option<Instant>,
}

/// What is to be done when the timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing yet.
    Wait,
    /// Send a ping.
    Ping,
    /// Give the connection up.
    Dead,
}

impl Heartbeat {
    pub(crate) const fn new(interval: Duration, patience: Duration, now: Instant) -> Self {
        Self { interval, patience, heard_at: now, pinged_at: None }
    }

    /// Something came.
    pub(crate) const fn heard(&mut self, now: Instant) {
        self.heard_at = now;
        self.pinged_at = None;
    }

    /// When to look again.
    pub(crate) fn due(&self) -> Instant {
        self.pinged_at.map_or(self.heard_at + self.interval, |at| at + self.patience)
    }

    /// The time has come, or has been slept over: after a sleep the old ping proves nothing, a new one will.
    pub(crate) fn fire(&mut self, late: Duration, now: Instant) -> Beat {
        if now < self.due() {
            return Beat::Wait;
        }
        if self.pinged_at.is_some() && late < SLEPT {
            return Beat::Dead;
        }
        self.pinged_at = Some(now);
        Beat::Ping
    }

    /// The machine woke up or its network changed: whether to ping at once.
    pub(crate) fn probe(&mut self, now: Instant) -> bool {
        let doubtful = self.pinged_at.is_none() && now.since(self.heard_at) >= DOUBT;
        if doubtful {
            self.pinged_at = Some(now);
        }
        doubtful
    }
}

/// Whether a timer is so late that the machine must have slept.
pub(crate) fn slept(late: Duration) -> bool {
    late >= SLEPT
}
