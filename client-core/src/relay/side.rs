//! A poll beside the stream or poll in use, which is answered at once: for what the one in use cannot go back to. It is
//! another client session's, and ends nothing.

use alloc::string::String;
use alloc::vec::Vec;

use super::places::Places;
use crate::input::ConnId;
use crate::json::write::Object;

/// What waits to be asked for, and the request on its way.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) request: Option<ConnId>,
    /// Rooms of which somebody knows nothing. A poll that names their position says nothing of who is there.
    pub(super) rooms: Vec<String>,
    /// Positions in notifications. Which of two lies behind, nobody but the server knows.
    pub(super) cursors: Vec<String>,
}

impl Side {
    /// The body of what is wanted.
    pub(super) fn take(&mut self, whose: &str, epoch: Option<&str>) -> Option<String> {
        if self.rooms.is_empty() && self.cursors.is_empty() {
            return None;
        }
        let mut body = Object::new();
        let mut another = String::from(whose.strip_suffix('"')?);
        another.push_str("+\"");
        body.raw("clientSession", &another);
        if let Some(epoch) = epoch {
            body.text("epoch", epoch);
        }
        let mut rooms = Places::new(self.cursors.pop());
        for room in self.rooms.drain(..) {
            rooms.enter(&room, None);
        }
        rooms.write(&mut body);
        body.number("waitMs", 0);
        Some(body.end())
    }
}
