//! What a session lends while its task sleeps with nothing to write: an entry is then written by whoever has it, which
//! spares a wake-up of the task, the larger part of what a delivery costs beside its system call.

use axum::extract::ws::Utf8Bytes;

use super::{Run, Slot};
use crate::lend::Writer;
use crate::wire;

/// A sleeping session's socket, and where it stands in its rooms.
#[derive(Debug)]
pub struct Parked {
    /// The socket's writing side.
    pub writer: Writer,
    /// Rooms whose entries come live, by slot.
    pub places: Vec<LivePosition>,
    /// The frame that the socket took in part, and how much of it, its head included. Nothing is written after that.
    pub begun: Option<(Utf8Bytes, usize)>,
}

/// Where a session stands in one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivePosition {
    /// The room, as the session numbers it.
    pub slot: Slot,
    /// The last entry that was sent.
    pub last: u64,
}

/// How much of a run the socket took. What it did not is for the session's task to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Frames, from the first on.
    pub(super) frames: usize,
    /// And a part of the next one.
    pub(super) begun: bool,
}

impl Parked {
    /// Writes a run where it is the session's next. `slot` is the session's number of the room.
    pub(super) fn write(&mut self, slot: Slot, run: &Run, whole: &[u8]) -> Taken {
        let place = run.first().map(|first| {
            let at = self.places.binary_search_by_key(&slot, |place| place.slot).ok()?;
            self.places.get_mut(at).filter(|place| place.last + 1 == first)
        });
        if self.begun.is_some() || matches!(place, Some(None)) {
            return Taken::default();
        }
        // A socket that is full, or at its end: the task finds out which.
        let mut left = self.writer.try_write(whole).unwrap_or(0);
        let mut taken = Taken::default();
        for frame in run.frames() {
            let length = wire::length(frame);
            if left < length {
                if left > 0 {
                    self.begun = Some((frame.clone(), left));
                    taken.begun = true;
                }
                break;
            }
            left -= length;
            taken.frames += 1;
        }
        if let Some(place) = place.flatten() {
            place.last += taken.frames as u64 + u64::from(taken.begun);
        }
        taken
    }
}
