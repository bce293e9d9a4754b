//! What an app asks of the session.

use alloc::string::String;

use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{ClientId, MessageId, RoomId, UserId};

/// What an app asks of the session.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Connect, and stay connected until [`Command::Close`].
    Connect,
    /// Attempt to connect now in place of waiting.
    Reconnect,
    /// Disconnect for good. The outbox stays, unless it is to be forgotten.
    Close {
        /// Erase outbox and positions, in storage too.
        forget: bool,
    },
    /// Be in a room, now and after every reconnect.
    Join {
        /// The room.
        room: RoomId,
        /// Replay what came after this position. Without it: after the position that the session has of this
        /// room, or, where it has none, nothing is replayed.
        after: Option<u64>,
    },
    /// Be in a room no longer.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Put an entry into the outbox. The id comes from [`Session::next_id`](crate::Session::next_id).
    Send {
        /// Correlation and idempotency key: the same at every resend.
        id: ClientId,
        /// What is to be sent.
        entry: Entry,
    },
    /// Replace an entry that was refused, or that was never sent, and send it (again).
    Revise {
        /// The entry.
        id: ClientId,
        /// What is to be sent in its place.
        entry: Entry,
    },
    /// Send a refused entry again, behind those that wait.
    Retry {
        /// The entry.
        id: ClientId,
    },
    /// Drop an entry that was refused or never sent. One that is on its way, or may be, stays.
    Cancel {
        /// The entry.
        id: ClientId,
    },
    /// Move the user's read marker of a room; only the furthest position is sent.
    Read {
        /// The room.
        room: RoomId,
        /// The last position read.
        seq: u64,
    },
    /// Say that the user types, or has stopped. Dropped when there is no connection.
    Typing {
        /// The room.
        room: RoomId,
        /// Whether the user types.
        is_typing: bool,
    },
    /// What the others see of this user, now and after every reconnect.
    Presence(OnlineStatus),
}

/// Something that ends up in a log: what the outbox holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A message to a room.
    Chat {
        /// The room.
        room: RoomId,
        /// The text.
        content: String,
        /// The message that this one answers.
        reply_to: Option<MessageId>,
    },
    /// A message to a user.
    Private {
        /// To whom.
        recipient: UserId,
        /// The text.
        content: String,
        /// The message that this one answers.
        reply_to: Option<MessageId>,
    },
    /// A new text for one's own message.
    Edit {
        /// The room.
        room: RoomId,
        /// The message.
        message: MessageId,
        /// Its new text.
        content: String,
    },
    /// The end of one's own message.
    Delete {
        /// The room.
        room: RoomId,
        /// The message.
        message: MessageId,
    },
    /// A reaction set or unset.
    React {
        /// The room.
        room: RoomId,
        /// The message.
        message: MessageId,
        /// The emoji.
        emoji: String,
        /// Unset in place of set.
        remove: bool,
    },
}
