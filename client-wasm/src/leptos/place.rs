//! Where people talk: a room by its id, or the conversation with a user, which exists before its room does.

use tidings_protocol::{RoomId, UserId};

/// A room, or the direct conversation with a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A room.
    Room(RoomId),
    /// The direct conversation with this user. Its room is made by the server with the first message.
    Direct(UserId),
}
