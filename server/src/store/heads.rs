//! Where many logs stand.

use tidings_protocol::{RoomId, UserId};

/// Where several logs stand. What the store does not know is left out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Heads {
    /// Rooms, each with the position of its newest entry.
    pub rooms: Vec<(RoomId, u64)>,
    /// Those of the rooms that are private.
    pub private: Vec<RoomId>,
    /// Users, each with the positions of the newest entry in the inbox and of the newest own notification.
    pub users: Vec<(UserId, UserHeads)>,
    /// Position of the newest broadcast.
    pub broadcast: u64,
}

/// Where the logs of a user stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct UserHeads {
    /// Position of the newest entry in the inbox.
    pub inbox: u64,
    /// Position of the newest own notification.
    pub notification: u64,
}
