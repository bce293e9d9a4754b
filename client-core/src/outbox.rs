//! What was sent and is not yet acknowledged: first in, first out for each room, bounded, resent under the same ids.

mod encode;
mod kept;
mod lanes;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::{ClientId, Code};

use crate::output::{Refusal, Stored};
use crate::time::{Duration, Instant};
pub(crate) use encode::{content_bytes, encode, lane_of};
use lanes::Lanes;

/// One entry.
#[derive(Debug)]
struct Pending {
    id: ClientId,
    order: u64,
    frame: String,
    lane: usize,
    state: PendingState,
    /// A request that held it was given up, and may still arrive.
    is_astray: bool,
    /// It was unsure when it was sent last.
    was_unsure: bool,
    /// Storage holds it, in this form or an earlier one.
    is_kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PendingState {
    /// Not yet kept: it is sent only when it would outlive the page.
    Saving,
    /// Never sent, or refused for now: the server does not have it.
    Queued,
    /// Sent on a connection that is gone: the server may have it.
    Unsure,
    /// Sent on this connection.
    InFlight(Instant),
    Failed(Code),
}

/// The entries in the order of their sending.
#[derive(Debug)]
pub(crate) struct Outbox {
    entries: Vec<Pending>,
    lanes: Lanes,
    bytes: usize,
    /// Entries dropped while storage was not read, which may hold them: at most `max_entries`.
    cancelled: Vec<ClientId>,
    max_entries: usize,
    max_bytes: usize,
    next_order: u64,
    /// Whether new entries are to be kept before they are sent.
    saves: bool,
}

impl Outbox {
    pub(crate) const fn new(max_entries: usize, max_bytes: usize, saves: bool) -> Self {
        Self {
            entries: Vec::new(),
            lanes: Lanes::new(),
            bytes: 0,
            cancelled: Vec::new(),
            max_entries,
            max_bytes,
            next_order: 1,
            saves,
        }
    }

    /// Takes an entry in.
    pub(crate) fn push(&mut self, id: ClientId, lane: &str, frame: String) -> Result<(), Refusal> {
        if self.position(id.as_str()).is_some() {
            return Err(Refusal::Busy);
        }
        if self.entries.len() >= self.max_entries || self.bytes + frame.len() > self.max_bytes {
            return Err(Refusal::QueueFull);
        }
        let lane = self.lane(lane);
        self.insert(id, lane, frame);
        Ok(())
    }

    /// Replaces an entry that the server does not have. A refused one is queued behind the others.
    pub(crate) fn revise(&mut self, id: &str, lane: &str, frame: String) -> Result<(), Refusal> {
        let at = self.changeable(id)?;
        if self.bytes - self.entries[at].frame.len() + frame.len() > self.max_bytes {
            return Err(Refusal::QueueFull);
        }
        let lane = self.lane(lane);
        let waits = matches!(self.entries[at].state, PendingState::Saving | PendingState::Queued);
        if self.entries[at].lane == lane && waits {
            self.bytes = self.bytes - self.entries[at].frame.len() + frame.len();
            self.entries[at].frame = frame;
        } else {
            let old = self.take(at);
            self.insert(old.id, lane, frame);
        }
        Ok(())
    }

    /// Queues a refused entry again, behind the others. One that waits anyway is left where it is.
    pub(crate) fn retry(&mut self, id: &str) -> Result<(), Refusal> {
        let at = self.position(id).ok_or(Refusal::Unknown)?;
        if matches!(self.entries[at].state, PendingState::Failed(_)) {
            let old = self.take(at);
            self.insert(old.id, old.lane, old.frame);
        }
        Ok(())
    }

    /// Drops an entry that the server does not have; where storage is `unread`, from there too as soon as it is read.
    pub(crate) fn cancel(&mut self, id: &str, unread: bool) -> Result<(), Refusal> {
        let at = self.changeable(id)?;
        if unread && self.cancelled.len() >= self.max_entries {
            return Err(Refusal::Busy);
        }
        let entry = self.take(at);
        if unread {
            self.cancelled.push(entry.id);
        }
        Ok(())
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) -> Vec<ClientId> {
        self.lanes = Lanes::new();
        self.bytes = 0;
        self.cancelled.clear();
        let mut dropped = Vec::new();
        for entry in &self.entries {
            dropped.push(entry.id.clone());
        }
        self.entries.clear();
        dropped
    }

    /// The connection is gone: what was on its way is unsure, and each lane begins again with one entry. Frames of a
    /// connection come to nothing once there is a newer one; those of a request may not.
    pub(crate) fn disconnected(&mut self, by_request: bool) {
        self.lanes.disconnected();
        for entry in &mut self.entries {
            if entry.is_in_flight() {
                entry.state = PendingState::Unsure;
                entry.is_astray |= by_request;
            }
            if !matches!(entry.state, PendingState::Failed(_)) {
                self.lanes.be_careful(entry.lane);
            }
        }
    }

    /// The next entry that may be sent now, in its lane's order.
    pub(crate) fn next_ready(&mut self, now: Instant, holds: impl Fn(&str) -> bool) -> Option<usize> {
        self.lanes.begin_pass(holds);
        for entry in &self.entries {
            if entry.is_in_flight() {
                self.lanes.note_in_flight(entry.lane);
            }
        }
        self.entries.iter().position(|e| e.is_waiting() && self.lanes.may_go(e.lane, now))
    }

    /// When the next lane that was told to wait may go on.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let waiting = self.entries.iter().filter(|e| e.is_waiting());
        waiting.filter_map(|e| self.lanes.paused_until(e.lane)).filter(|&at| at > now).min()
    }

    /// The entry at `at` goes out now: its id, and its frame, which names the one before it that is on its way.
    pub(crate) fn send(&mut self, at: usize, now: Instant) -> (ClientId, String) {
        let lane = self.entries[at].lane;
        let before = self.entries[..at].iter().rfind(|e| e.lane == lane && e.is_in_flight());
        let frame = match before {
            Some(before) => encode::after(&self.entries[at].frame, &before.id),
            None => self.entries[at].frame.clone(),
        };
        let entry = &mut self.entries[at];
        entry.was_unsure = entry.state == PendingState::Unsure;
        entry.state = PendingState::InFlight(now);
        (entry.id.clone(), frame)
    }

    /// When the oldest entry on its way was sent.
    pub(crate) fn oldest_in_flight(&self) -> Option<Instant> {
        let sent = |e: &Pending| match e.state {
            PendingState::InFlight(at) => Some(at),
            PendingState::Saving | PendingState::Queued | PendingState::Unsure | PendingState::Failed(_) => {
                None
            }
        };
        self.entries.iter().filter_map(sent).min()
    }

    /// The server has the entry, and the outbox no longer. `None` where there is no such entry.
    pub(crate) fn ack(&mut self, id: &str) -> Option<ClientId> {
        let at = self.position(id)?;
        let entry = self.take(at);
        self.lanes.trust(entry.lane);
        Some(entry.id)
    }

    /// The entry was refused for now: by the server, which does not have it then, or before it came there.
    pub(crate) fn postpone(
        &mut self,
        id: &str,
        after: Duration,
        now: Instant,
        is_unsent: bool,
    ) -> Option<ClientId> {
        let at = self.position(id)?;
        let entry = &mut self.entries[at];
        let is_unsure = entry.is_astray || is_unsent && entry.was_unsure;
        entry.state = if is_unsure { PendingState::Unsure } else { PendingState::Queued };
        self.lanes.pause(entry.lane, now + after);
        Some(entry.id.clone())
    }

    /// The server refused the entry for good.
    pub(crate) fn fail(&mut self, id: &str, code: Code) -> Option<Stored> {
        let at = self.position(id)?;
        self.entries[at].state = PendingState::Failed(code);
        Some(self.entries[at].stored())
    }

    /// Whether the entry is here.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.position(id).is_some()
    }

    /// The entry as it is to be kept.
    pub(crate) fn stored(&self, id: &str) -> Option<Stored> {
        self.position(id).map(|at| self.entries[at].stored())
    }

    /// Every entry as it is to be kept, in order.
    pub(crate) fn all(&self) -> Vec<Stored> {
        let mut all = Vec::new();
        for entry in &self.entries {
            all.push(entry.stored());
        }
        all
    }

    /// Entries that wait or are on their way.
    pub(crate) fn queued(&self) -> usize {
        self.entries.iter().filter(|e| !matches!(e.state, PendingState::Failed(_))).count()
    }

    fn insert(&mut self, id: ClientId, lane: usize, frame: String) {
        let order = self.next_order;
        self.next_order += 1;
        self.bytes += frame.len();
        let state = if self.saves { PendingState::Saving } else { PendingState::Queued };
        let (is_astray, was_unsure, is_kept) = (false, false, false);
        self.entries.push(Pending { id, order, frame, lane, state, is_astray, was_unsure, is_kept });
    }

    fn take(&mut self, at: usize) -> Pending {
        let entry = self.entries.remove(at);
        self.bytes -= entry.frame.len();
        entry
    }

    /// An entry that the server does not have: refused, or never sent.
    fn changeable(&self, id: &str) -> Result<usize, Refusal> {
        let at = self.position(id).ok_or(Refusal::Unknown)?;
        match self.entries[at].state {
            PendingState::Saving | PendingState::Queued | PendingState::Failed(_) => Ok(at),
            PendingState::Unsure | PendingState::InFlight(_) => Err(Refusal::Busy),
        }
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|e| e.id.as_str() == id)
    }

    fn lane(&mut self, key: &str) -> usize {
        if self.lanes.are_many(self.entries.len()) {
            self.drop_empty_lanes();
        }
        self.lanes.place(key)
    }

    fn drop_empty_lanes(&mut self) {
        for at in (0..self.lanes.len()).rev() {
            if self.entries.iter().any(|e| e.lane == at) {
                continue;
            }
            self.lanes.remove(at);
            // The last one has taken its place.
            let moved = self.lanes.len();
            for entry in self.entries.iter_mut().filter(|e| e.lane == moved) {
                entry.lane = at;
            }
        }
    }
}

impl Pending {
    const fn is_waiting(&self) -> bool {
        matches!(self.state, PendingState::Queued | PendingState::Unsure)
    }

    const fn is_in_flight(&self) -> bool {
        matches!(self.state, PendingState::InFlight(_))
    }

    fn stored(&self) -> Stored {
        let failed = match self.state {
            PendingState::Failed(code) => Some(code.as_str().to_owned()),
            PendingState::Saving
            | PendingState::Queued
            | PendingState::Unsure
            | PendingState::InFlight(_) => None,
        };
        Stored { id: self.id.clone(), order: self.order, frame: self.frame.clone(), failed }
    }
}

/// The code of a name; what a newer server may say counts as its own error.
pub(crate) fn code_of(name: &str) -> Code {
    Code::ALL.iter().find(|c| c.as_str() == name).copied().unwrap_or(Code::Internal)
}
