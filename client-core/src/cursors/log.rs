//! One log's position.

use alloc::borrow::ToOwned;

use crate::output::{Gap, GapReason};

/// One log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) seq: Option<u64>,
    pub(super) moved: Moved,
    /// The position at which a jump was met already, and a resume tried.
    pub(super) jumped_at: Option<u64>,
}

/// Whether a log's position belongs to the server's new epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Moved {
    #[default]
    No,
    OnThisConnection,
    Before,
}

/// How an entry's position lies to a log's.
pub(super) enum Step {
    Next,
    Old,
    Jump(u64),
}

impl Log {
    /// The connection is gone.
    pub(super) fn disconnected(&mut self) {
        if self.moved == Moved::OnThisConnection {
            self.moved = Moved::Before;
        }
    }

    pub(super) fn step(&self, seq: u64) -> Step {
        match self.seq {
            Some(at) if seq <= at => Step::Old,
            Some(at) if seq > at + 1 => Step::Jump(at),
            Some(_) | None => Step::Next,
        }
    }

    /// A jump: the first time at a position, `None`; the second time the log moves on and the gap is told.
    pub(super) fn jump(&mut self, at: u64, seq: u64, room: Option<&str>) -> Option<Gap> {
        if self.jumped_at != Some(at) {
            self.jumped_at = Some(at);
            return None;
        }
        self.seq = Some(seq);
        Some(Gap { room: room.map(str::to_owned), from: at + 1, to: seq - 1, reason: GapReason::Lost })
    }

    /// The server says what will not be replayed; the gap that the app is to hear of.
    pub(super) fn gap(&mut self, gap: Gap, changing: bool) -> Option<Gap> {
        let end = gap.to.max(gap.from.saturating_sub(1));
        let at = self.seq.unwrap_or(0);
        if gap.reason == GapReason::Epoch && !(changing && self.moved == Moved::Before) {
            self.seq = Some(end);
            if changing {
                self.moved = Moved::OnThisConnection;
            }
            return Some(gap);
        }
        if end <= at {
            return None;
        }
        self.seq = Some(end);
        // It may be told to others too, who stand further behind.
        Some(Gap { from: gap.from.max(at + 1), ..gap })
    }
}
