//! Lanes: one for each room, and one for all that is direct, within which nothing overtakes.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::time::Instant;

/// Entries of one lane that may be on their way together.
const WINDOW: u32 = 32;

#[derive(Debug)]
struct Lane {
    key: String,
    /// One at a time, until the first `ACK`.
    careful: bool,
    paused_until: Option<Instant>,
    // What one pass over the entries has found.
    in_flight: u32,
    held: bool,
}

/// All lanes. An entry names its own by index.
#[derive(Debug)]
pub(crate) struct Lanes(Vec<Lane>);

impl Lanes {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The lane of a key.
    pub(crate) fn place(&mut self, key: &str) -> usize {
        if let Some(at) = self.0.iter().position(|l| l.key == key) {
            return at;
        }
        self.0.push(Lane {
            key: key.to_owned(),
            careful: false,
            paused_until: None,
            in_flight: 0,
            held: false,
        });
        self.0.len() - 1
    }

    /// Whether most lanes must be empty by now.
    pub(crate) fn are_many(&self, entries: usize) -> bool {
        self.0.len() > 2 * entries + 16
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops a lane. The last one takes its place.
    pub(crate) fn remove(&mut self, at: usize) {
        self.0.swap_remove(at);
    }

    /// The connection is gone: a server's order to wait was for its session.
    pub(crate) fn disconnected(&mut self) {
        for lane in &mut self.0 {
            lane.paused_until = None;
        }
    }

    pub(crate) fn be_careful(&mut self, at: usize) {
        self.0[at].careful = true;
    }

    /// An entry was acknowledged.
    pub(crate) fn trust(&mut self, at: usize) {
        self.0[at].careful = false;
    }

    /// An entry was refused for now, and so will be those behind it.
    pub(crate) fn pause(&mut self, at: usize, until: Instant) {
        let lane = &mut self.0[at];
        lane.careful = true;
        lane.paused_until = lane.paused_until.max(Some(until));
    }

    pub(crate) fn paused_until(&self, at: usize) -> Option<Instant> {
        self.0[at].paused_until
    }

    /// A pass over the entries begins; `holds` says which lanes must wait for something else.
    pub(crate) fn begin_pass(&mut self, holds: impl Fn(&str) -> bool) {
        for lane in &mut self.0 {
            lane.in_flight = 0;
            lane.held = holds(&lane.key);
        }
    }

    /// There is an entry on its way.
    pub(crate) fn note_in_flight(&mut self, at: usize) {
        self.0[at].in_flight += 1;
    }

    /// Whether the first entry of the lane that waits may go. Where it may not, none behind it may.
    pub(crate) fn may_go(&self, at: usize, now: Instant) -> bool {
        let lane = &self.0[at];
        !lane.held
            && lane.paused_until.is_none_or(|until| until <= now)
            && lane.in_flight < if lane.careful { 1 } else { WINDOW }
    }
}
