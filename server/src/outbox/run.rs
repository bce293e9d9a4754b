//! Frames that go to many sessions right behind one another: entries of one room, or a signal.

use axum::extract::ws::Utf8Bytes;

use super::{Item, Slot};
use crate::wire;

/// More bytes than this are not put together for the wire: sessions are woken and write for themselves.
const MAX_WHOLE: usize = 256 * 1024;

/// The frames, and how they are on the wire.
#[derive(Debug)]
pub struct Run {
    kind: Kind,
    frames: Vec<Utf8Bytes>,
    whole: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Of a room's log, without a hole, from this position on.
    Entries(u64),
    /// Of no log.
    Signal { droppable: bool },
}

impl Run {
    /// Entries of a room's log from the position `first` on, without a hole. With `at_once`, sessions that sleep are
    /// written to.
    #[must_use]
    pub fn entries(first: u64, frames: Vec<Utf8Bytes>, at_once: bool) -> Self {
        Self::new(Kind::Entries(first), frames, at_once)
    }

    /// A frame that no log holds.
    #[must_use]
    pub fn signal(frame: Utf8Bytes, droppable: bool, at_once: bool) -> Self {
        Self::new(Kind::Signal { droppable }, vec![frame], at_once)
    }

    fn new(kind: Kind, frames: Vec<Utf8Bytes>, at_once: bool) -> Self {
        let bytes: usize = frames.iter().map(|frame| frame.len()).sum();
        let whole = (at_once && bytes <= MAX_WHOLE).then(|| wire::whole(&frames));
        Self { kind, frames, whole }
    }

    /// The frames.
    #[must_use]
    pub fn frames(&self) -> &[Utf8Bytes] {
        &self.frames
    }

    /// All frames as they are on the wire, where sessions may be written to.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.whole.as_deref()
    }

    /// The position of the first entry.
    pub(super) const fn first(&self) -> Option<u64> {
        match self.kind {
            Kind::Entries(first) => Some(first),
            Kind::Signal { .. } => None,
        }
    }

    /// What waits where it is not written; `slot` is the session's number of the room.
    pub(super) fn items(&self, slot: Slot) -> impl Iterator<Item = Item> {
        self.frames.iter().zip(0..).map(move |(frame, at)| match self.kind {
            Kind::Entries(first) => Item::Entry { slot, seq: first + at, frame: frame.clone() },
            Kind::Signal { droppable } => Item::Signal { frame: frame.clone(), droppable },
        })
    }
}
