//! Where a session or stream stands in notifications and broadcasts.

use super::logs::{Phase, Step};
use crate::store::{Notice, NotificationPosition};

/// A position in both logs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeLog {
    /// What was last sent of each.
    pub last: NotificationPosition,
    /// How they come at present.
    pub phase: Phase,
}

impl NoticeLog {
    /// From a position on; the first thing is to read what has come since.
    #[must_use]
    pub const fn from(last: NotificationPosition) -> Self {
        Self { last, phase: Phase::Reading }
    }

    /// Judges a live one and moves the position where it is to be sent.
    pub const fn on_live(&mut self, broadcast: bool, seq: u64) -> Step {
        let last = if broadcast { &mut self.last.broadcast } else { &mut self.last.own };
        match self.phase {
            Phase::Paused | Phase::Reading | Phase::Closing => Step::Drop,
            Phase::Live if seq <= *last => Step::Drop,
            Phase::Live if seq == *last + 1 => {
                *last = seq;
                Step::Send
            }
            Phase::Live => Step::Read,
        }
    }

    /// Moves the position over one that was read. False where it has been sent before.
    pub const fn on_read(&mut self, notice: &Notice) -> bool {
        let (last, seq) = match notice {
            Notice::Own(seq, _) => (&mut self.last.own, *seq),
            Notice::Broadcast(seq, _) => (&mut self.last.broadcast, *seq),
        };
        let new = seq > *last;
        if new {
            *last = seq;
        }
        new
    }
}
