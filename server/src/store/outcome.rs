//! What became of a write: done, or refused; and why a whole batch could not be done.

use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::{ClientId, Epoch, MessageId, RoomId, UserId};

use super::{Entry, MemberRecord, RoomRecord, UserRecord};

/// Why the store could not do its work. Nothing of the batch was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk is full: reads go on, writes are refused until there is room.
    #[error("the disk that holds the database is full")]
    DiskFull,
    /// The database cannot be reached, or is locked by somebody else; it may be back.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database answered with something that cannot be.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

/// Why one write of a batch was refused. The others of the batch are not affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The user is not a member of the room, or there is no such room.
    #[error("not a member")]
    NotAMember,
    /// The user may not do this.
    #[error("forbidden")]
    Forbidden,
    /// The message, room or notification does not exist.
    #[error("not found")]
    NotFound,
    /// The same (sender, id) was used for something else, or the room stands already.
    #[error("conflict")]
    Conflict,
    /// A bound was met.
    #[error("limit")]
    Limit,
}

/// What became of an [`super::Append`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The room that holds the entry.
    pub room_id: RoomId,
    /// The message that the entry makes or changes.
    pub message_id: MessageId,
    /// Position of the entry; `None` where nothing changed (a reaction that stood already) and no entry was made.
    pub seq: Option<u64>,
    /// Whether the same (sender, id) had made this entry before.
    pub duplicate: bool,
    /// The entry, where this call made it.
    pub entry: Option<Entry>,
    /// Direct rooms: the position that the new entry has in each member's inbox.
    pub inbox: Vec<(UserId, u64)>,
}

/// What a [`super::Write`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// Of [`super::Write::Append`].
    Appended(Appended),
    /// Of [`super::Write::SeeUser`].
    User(UserRecord),
    /// Of [`super::Write::CreateRoom`] and [`super::Write::UpdateRoom`].
    Room(RoomRecord),
    /// Of [`super::Write::Join`].
    Joined {
        /// The room, after the join.
        room: RoomRecord,
        /// The membership.
        member: MemberRecord,
        /// Whether the room was created.
        created: bool,
        /// Whether the membership is new.
        new_member: bool,
    },
    /// Of [`super::Write::PutMember`] and [`super::Write::RemoveMember`].
    Membership {
        /// The room, after the change.
        room: RoomRecord,
        /// Whether anything changed.
        changed: bool,
    },
    /// Of [`super::Write::Read`].
    Read {
        /// Where the marker stands now.
        seq: u64,
        /// Whether it moved.
        moved: bool,
        /// How many members the room has.
        member_count: u64,
    },
    /// Of [`super::Write::Delivered`] and [`super::Write::InboxDelivered`]: direct messages of others that were delivered by
    /// this for the first time, at most 1,000, oldest first.
    Delivered(Vec<DeliveredMessage>),
    /// Of [`super::Write::Notify`].
    Notified {
        /// Its position in the user's notifications.
        position: u64,
        /// The notification.
        notification: Box<Notification>,
        /// Whether the same (sender, id) had made it before.
        duplicate: bool,
    },
    /// Of [`super::Write::Broadcast`].
    Broadcast {
        /// Its position in the broadcasts.
        position: u64,
        /// The broadcast.
        broadcast: Box<Broadcast>,
        /// Whether the same (sender, id) had made it before.
        duplicate: bool,
    },
    /// Of [`super::Write::NotificationsRead`] and [`super::Write::NotificationsDelete`].
    NotificationState {
        /// Whether anything changed.
        changed: bool,
        /// How many of the user's are unread now.
        unread: u64,
    },
    /// Of [`super::Write::PruneNotifications`] and [`super::Write::PruneRevocations`].
    Pruned {
        /// How many went.
        removed: u64,
    },
    /// Of [`super::Write::NewEpoch`].
    Epoch(Epoch),
    /// Done, and there is nothing to tell.
    Nothing,
}

/// A direct message that has now reached its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredMessage {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub sender: UserId,
    /// The `id` of the frame that made it.
    pub client_id: Option<ClientId>,
}
