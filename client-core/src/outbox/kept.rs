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
        let mut old = 0;
        for s in stored {
            let Some(entry) = self.read(s) else { continue };
            self.next_order = self.next_order.max(entry.order + 1);
            // Storage hands them over in order as a rule; the library's sort would cost a browser more than this.
            let before = self.entries[..old].iter().rposition(|e| e.order <= entry.order);
            self.entries.insert(before.map_or(0, |at| at + 1), entry);
            old += 1;
        }
        for young in &mut self.entries[old..] {
            young.order = self.next_order;
            self.next_order += 1;
        }
        self.disconnected(false);
    }

    /// Takes entries of another outbox in, behind those of this one. They may have been sent already.
    pub(crate) fn adopt(&mut self, stored: Vec<Stored>) -> Vec<Stored> {
        let mut adopted = Vec::new();
        for s in stored {
            let Some(mut entry) = self.read(s) else { continue };
            entry.order = self.next_order;
            self.next_order += 1;
            self.lanes.be_careful(entry.lane);
            adopted.push(entry.stored());
            self.entries.push(entry);
        }
        adopted
    }

    /// An entry that storage holds, to be put among the others; `None` where it is here already, or is none. It may have
    /// been sent.
    fn read(&mut self, stored: Stored) -> Option<Pending> {
        let Stored { id, order, frame, failed } = stored;
        if self.is_known(id.as_str()) {
            return None;
        }
        let lane = self.lane(&lane_of(&frame)?);
        let state = failed.map_or(PendingState::Unsure, |code| PendingState::Failed(code_of(&code)));
        self.bytes += frame.len();
        Some(Pending { id, order, frame, lane, state, is_astray: true, was_unsure: true, is_kept: true })
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
