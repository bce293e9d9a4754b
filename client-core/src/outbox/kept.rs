//! The outbox against storage: what it held, what it holds by now, and what another outbox has taken from there.

use alloc::vec::Vec;

use tidings_protocol::ClientId;

use super::{Outbox, Pending, PendingState, code_of, lane_of};
use crate::output::Stored;

impl Outbox {
    /// What is to be dropped from storage, now that it is read.
    pub(crate) fn take_cancelled(&mut self) -> Vec<ClientId> {
        core::mem::take(&mut self.cancelled)
    }

    /// Takes entries of an earlier life in, before those of this one. They may have been sent already.
    pub(crate) fn restore(&mut self, stored: Vec<Stored>) {
        let young = core::mem::take(&mut self.entries);
        for s in stored {
            if young.iter().any(|e| e.id == s.id) || self.is_known(s.id.as_str()) {
                continue;
            }
            let Some(lane) = lane_of(&s.frame) else { continue };
            let lane = self.lane(&lane);
            let state = s.failed.map_or(PendingState::Unsure, |code| PendingState::Failed(code_of(&code)));
            self.next_order = self.next_order.max(s.order + 1);
            self.bytes += s.frame.len();
            // Storage hands them over in order as a rule; the library's sort would cost a browser more than this.
            let at = self.entries.iter().rposition(|e| e.order <= s.order).map_or(0, |at| at + 1);
            let (id, order, frame) = (s.id, s.order, s.frame);
            let (is_astray, is_kept) = (true, true);
            self.entries.insert(at, Pending { id, order, frame, lane, state, is_astray, is_kept });
        }
        for entry in young {
            self.bytes -= entry.frame.len();
            self.insert(entry.id, entry.lane, entry.frame);
        }
        self.disconnected(false);
    }

    /// Takes entries of another outbox in, behind those of this one. They may have been sent already.
    pub(crate) fn adopt(&mut self, stored: Vec<Stored>) -> Vec<Stored> {
        let mut adopted = Vec::new();
        for s in stored {
            if self.is_known(s.id.as_str()) {
                continue;
            }
            let Some(lane) = lane_of(&s.frame) else { continue };
            let lane = self.lane(&lane);
            let state = s.failed.map_or(PendingState::Unsure, |code| PendingState::Failed(code_of(&code)));
            self.lanes.be_careful(lane);
            self.insert(s.id, lane, s.frame);
            if let Some(entry) = self.entries.last_mut() {
                (entry.state, entry.is_astray, entry.is_kept) = (state, true, true);
                adopted.push(entry.stored());
            }
        }
        adopted
    }

    /// The entry would outlive the page now, or could not be kept. Whether it waited for that.
    pub(crate) fn saved(&mut self, id: &str, kept: bool) -> bool {
        let Some(at) = self.position(id) else { return false };
        let entry = &mut self.entries[at];
        // What could not be put in its place leaves the earlier form there.
        entry.is_kept |= kept;
        let waited = entry.state == PendingState::Saving;
        if waited {
            entry.state = PendingState::Queued;
        }
        waited
    }

    /// Whether storage holds the entry.
    pub(crate) fn is_kept(&self, id: &str) -> bool {
        self.position(id).is_some_and(|at| self.entries[at].is_kept)
    }

    /// Whether the entry is not yet kept.
    pub(crate) fn is_saving(&self, id: &str) -> bool {
        self.position(id).is_some_and(|at| self.entries[at].state == PendingState::Saving)
    }

    /// Drops what another outbox has taken over meanwhile: all that was kept, and is neither in `stored` nor waits to be
    /// kept in another form.
    pub(crate) fn keep_only(&mut self, stored: &[Stored]) -> Vec<ClientId> {
        let mut taken = Vec::new();
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            let is_here = !entry.is_kept || stored.iter().any(|s| s.id == entry.id);
            if is_here || entry.state == PendingState::Saving {
                at += 1;
            } else {
                taken.push(self.take(at).id);
            }
        }
        taken
    }

    /// Whether the entry is here, or was before storage was read.
    fn is_known(&self, id: &str) -> bool {
        self.contains(id) || self.cancelled.iter().any(|cancelled| cancelled.as_str() == id)
    }
}
