//! Where the connection stands in each log: what has come by it, and where it was asked to go back to.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::limits::MAX_ROOMS_PER_SESSION;

use crate::frame::{Frame, Kind};
use crate::json::write::{Object, position};

#[derive(Debug)]
struct Place {
    room: String,
    at: Option<u64>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Places {
    rooms: Vec<Place>,
    inbox: Option<u64>,
    /// The last notification, where they are wanted; empty before the first.
    pub(super) cursor: Option<String>,
}

impl Places {
    /// Nowhere yet. A cursor says that notifications are wanted.
    pub(super) fn new(cursor: Option<String>) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// Whether the room is one too many.
    pub(super) fn are_full(&self, room: &str) -> bool {
        self.rooms.len() >= MAX_ROOMS_PER_SESSION && !self.rooms.iter().any(|place| place.room == room)
    }

    /// Comes into a room, or goes back in it to a position that lies behind; whether it was there.
    pub(super) fn enter(&mut self, room: &str, after: Option<u64>) -> bool {
        let place = self.rooms.iter_mut().find(|place| place.room == room);
        let is_known = place.is_some();
        match place {
            Some(place) => place.at = back(place.at, after),
            None => self.rooms.push(Place { room: room.to_owned(), at: after }),
        }
        is_known
    }

    /// Goes back in the inbox, and to the first cursor. Another one is left: which of the two lies behind, nobody but the
    /// server knows.
    pub(super) fn rewind(&mut self, inbox: Option<u64>, cursor: &mut Option<String>, is_later: bool) {
        self.inbox = back(self.inbox, inbox);
        let theirs = cursor.take();
        if self.cursor.is_some() && theirs.is_some() && theirs != self.cursor {
            *(if is_later { cursor } else { &mut self.cursor }) = theirs;
        }
    }

    /// Whether there is nothing to ask for.
    pub(super) const fn are_none(&self) -> bool {
        self.rooms.is_empty() && self.cursor.is_none()
    }

    pub(super) const fn count(&self) -> usize {
        self.rooms.len()
    }

    pub(super) fn leave(&mut self, room: &str) {
        if let Some(at) = self.rooms.iter().position(|place| place.room == room) {
            self.rooms.remove(at);
        }
    }

    /// A frame has come. Only the next one of its log moves a place: what was left out is asked for again.
    pub(super) fn pass(&mut self, frame: &Frame) {
        let fields = frame.fields();
        let room = frame.room_id();
        let place = self.rooms.iter_mut().find(|place| room.as_deref() == Some(place.room.as_str()));
        let kind = frame.kind();
        if kind == Kind::RoomParticipants {
            if let Some(place) = place {
                let from = frame.number_of(fields.replay_from());
                place.at = place.at.or(from.map(|from| from.saturating_sub(1)));
            }
        } else if kind == Kind::Gap {
            let to = frame.number_of(fields.to());
            match place {
                Some(place) => place.at = to.or(place.at),
                None if frame.is_true(fields.inbox()) => self.inbox = to.or(self.inbox),
                None => {}
            }
        } else if kind.is_entry() {
            follow(&mut self.inbox, frame.inbox_seq());
            if let Some(place) = place {
                follow(&mut place.at, frame.seq());
            }
        } else if let (Some(ours), Some(cursor)) = (&mut self.cursor, frame.owned(fields.cursor())) {
            *ours = cursor;
        } else if fields.member().of(frame.text()) == "false"
            && let Some(room) = room
        {
            self.leave(&room);
        }
    }

    /// Names all of them in a body.
    pub(super) fn write(&self, body: &mut Object) {
        let mut rooms = String::from("[");
        for place in &self.rooms {
            if rooms.len() > 1 {
                rooms.push(',');
            }
            rooms.push_str(&position(&place.room, place.at));
        }
        rooms.push(']');
        body.raw("rooms", &rooms);
        if let Some(seq) = self.inbox {
            body.number("inboxAfter", seq);
        }
        if let Some(cursor) = &self.cursor {
            body.text("notificationsAfter", cursor);
        }
    }
}

/// The position that lies behind, where both are known.
fn back(at: Option<u64>, after: Option<u64>) -> Option<u64> {
    match (at, after) {
        (Some(at), Some(after)) => Some(at.min(after)),
        (at, after) => at.or(after),
    }
}

fn follow(at: &mut Option<u64>, seq: Option<u64>) {
    if let Some(seq) = seq
        && at.is_none_or(|at| at + 1 == seq)
    {
        *at = Some(seq);
    }
}
