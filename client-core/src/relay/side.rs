//! A poll beside the stream or poll in use, which is answered at once: for what the one in use cannot go back to. It is
//! another client session's, and ends nothing.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use super::places::Places;
use crate::input::ConnId;
use crate::json::write::Object;

/// Most positions in notifications that wait. Past that, the connection ends with a failure, and all say anew where they stand.
const MAX_CURSORS: usize = 64;

/// What waits to be asked for, and the request on its way.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) request: Option<ConnId>,
    /// That of the request on its way, or of one that failed: nothing is asked before the stream or poll in use is opened
    /// anew, and then the same.
    body: String,
    pub(super) has_failed: bool,
    /// Rooms of which somebody knows nothing. A poll that names their position says nothing of who is there.
    pub(super) rooms: Places,
    /// Positions in notifications. Which of two lies behind, nobody but the server knows.
    pub(super) cursors: Vec<String>,
}

impl Side {
    pub(super) fn want(&mut self, room: &str) {
        if !self.rooms.are_full(room) {
            self.rooms.enter(room, None);
        }
    }

    /// The body of what is wanted.
    pub(super) fn take(&mut self, whose: &str, epoch: Option<&str>) -> Option<String> {
        if self.request.is_some() || self.has_failed {
            return None;
        }
        if self.body.is_empty() {
            if self.rooms.count() == 0 && self.cursors.is_empty() {
                return None;
            }
            let mut body = Object::new();
            let mut another = String::from(whose);
            another.push('+');
            body.text("clientSession", &another);
            if let Some(epoch) = epoch {
                body.text("epoch", epoch);
            }
            let mut places = take(&mut self.rooms);
            places.cursor = self.cursors.pop();
            places.write(&mut body);
            body.number("waitMs", 0);
            self.body = body.end();
        }
        Some(self.body.clone())
    }

    /// Whether it is its request that is answered.
    pub(super) fn answered(&mut self, request: ConnId) -> bool {
        let is_ours = self.request.take_if(|id| *id == request).is_some();
        if is_ours {
            self.body.clear();
        }
        is_ours
    }

    /// Whether it is its request that failed, and not too much waits.
    pub(super) fn failed(&mut self, request: ConnId) -> bool {
        self.has_failed = self.request.take_if(|id| *id == request).is_some();
        self.has_failed && self.cursors.len() < MAX_CURSORS
    }
}
