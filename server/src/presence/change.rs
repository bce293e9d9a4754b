//! What follows from a change of the view: what this node tells its own sessions.

use tidings_protocol::entity::Status;
use tidings_protocol::{RoomId, SessionId, UserId};

/// What the participants of this node are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The user's first session came into the room.
    Joined {
        /// The room.
        room: RoomId,
        /// The user.
        user: UserId,
        /// The display name.
        name: String,
    },
    /// The user's last session left the room.
    Left {
        /// The room.
        room: RoomId,
        /// The user.
        user: UserId,
        /// The display name.
        name: String,
    },
    /// The user's last session in the room was lost and has not come back.
    Lost {
        /// The room.
        room: RoomId,
        /// The user.
        user: UserId,
        /// The display name.
        name: String,
    },
    /// The user shows something else.
    Status {
        /// The user.
        user: UserId,
        /// What, and to which rooms.
        change: StatusChange,
        /// The user's direct partners, where they are known already.
        partners: Option<Vec<UserId>>,
    },
    /// A newer connection of the same client session stands on another node.
    Fenced {
        /// The user.
        user: UserId,
        /// The older one.
        session: SessionId,
    },
    /// The user's last session has left the room, after one that left here was taken not to be the last.
    Over {
        /// The user.
        user: UserId,
        /// The room.
        room: RoomId,
    },
    /// A user types on another node: what is known of it here is out of date.
    Types {
        /// The user.
        user: UserId,
        /// The room.
        room: RoomId,
    },
}

/// A user's status changed, and these small rooms may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// What is shown now.
    pub status: Status,
    /// Rooms with few enough participants that the user is in.
    pub rooms: Vec<RoomId>,
}
