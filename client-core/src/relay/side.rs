//! Asking beside the stream or poll in use, by a poll under another client session that is answered at once: who is in rooms
//! of which somebody knows nothing, and what came behind an older position in notifications.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use super::places::Places;
use crate::input::ConnId;
use crate::json::write::Object;
use crate::time::{Duration, Instant};

/// Most positions in notifications that wait. Past that, the connection ends with a failure, and all say anew where they stand.
const MAX_CURSORS: usize = 64;
/// How long what has failed waits, unless the stream or poll in use is opened anew before.
const AGAIN: Duration = Duration::from_secs(15);

/// What waits to be asked for, and the request on its way.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) request: Option<ConnId>,
    /// Of the request on its way, or of one that failed and is made again.
    asked: Places,
    pub(super) not_before: Instant,
    /// Rooms of which somebody knows nothing. A poll that names their position says nothing of who is there.
    rooms: Places,
    /// Positions in notifications. Which of two lies behind, nobody but the server knows.
    pub(super) cursors: Vec<String>,
}

impl Side {
    pub(super) fn want(&mut self, room: &str) {
        if !self.rooms.are_full(room) {
            self.rooms.enter(room, None);
        }
    }

    pub(super) fn leave(&mut self, room: &str) {
        self.asked.leave(room);
        self.rooms.leave(room);
    }

    /// The body of what is wanted.
    pub(super) fn take(&mut self, whose: &str, epoch: Option<&str>, now: Instant) -> Option<String> {
        if self.request.is_some() || now < self.not_before {
            return None;
        }
        if self.asked.are_none() {
            self.asked = take(&mut self.rooms);
            self.asked.cursor = self.cursors.pop();
            if self.asked.are_none() {
                return None;
            }
        }
        let mut body = Object::new();
        let mut another = String::from(whose);
        another.push('+');
        body.text("clientSession", &another);
        if let Some(epoch) = epoch {
            body.text("epoch", epoch);
        }
        self.asked.write(&mut body);
        body.number("waitMs", 0);
        body.flag("aside", true);
        Some(body.end())
    }

    /// Whether it is its request that is answered.
    pub(super) fn answered(&mut self, request: ConnId) -> bool {
        let is_ours = self.request.take_if(|id| *id == request).is_some();
        if is_ours {
            self.asked = Places::default();
        }
        is_ours
    }

    /// Whether it is its request that failed, and not too much waits.
    pub(super) fn failed(&mut self, request: ConnId, heard_at: Instant) -> bool {
        let is_ours = self.request.take_if(|id| *id == request).is_some();
        self.not_before = heard_at + AGAIN;
        is_ours && self.cursors.len() < MAX_CURSORS
    }
}
