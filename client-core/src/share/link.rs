//! One page's part in a connection.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Numbers a link to a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

impl LinkId {
    /// The link of the page that has the connection.
    pub const OWN: Self = Self(0);
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: LinkId,
    /// Its `RESUME` was answered: it is sent the inbox and the notifications.
    pub(super) is_resumed: bool,
    pub(super) is_away: bool,
    /// The rooms whose entries it is sent: its join was answered, and it has not left.
    rooms: Vec<String>,
}

impl Link {
    pub(super) const fn new(id: LinkId) -> Self {
        Self { id, is_resumed: false, is_away: false, rooms: Vec::new() }
    }

    pub(super) fn is_in(&self, room: &str) -> bool {
        self.rooms.iter().any(|r| r == room)
    }

    pub(super) fn enter(&mut self, room: &str) {
        if !self.is_in(room) {
            self.rooms.push(room.to_owned());
        }
    }

    pub(super) fn leave(&mut self, room: &str) {
        if let Some(at) = self.rooms.iter().position(|r| r == room) {
            self.rooms.remove(at);
        }
    }
}
