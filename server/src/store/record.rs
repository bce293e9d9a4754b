//! What is read: entries, rooms, members, users, notifications, and pages of them.

use tidings_protocol::entity::{Broadcast, Message, Notification, Role, RoomKind};
use tidings_protocol::{ClientId, MessageId, RoomId, Timestamp, UserId};

/// One entry of a room's log. A message, and the content of an edit, stand in their present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The room.
    pub room_id: RoomId,
    /// Its position: from 1, without holes.
    pub seq: u64,
    /// When the server took it.
    pub at: Timestamp,
    /// Who did it.
    pub actor: UserId,
    /// The `id` of the frame that made it.
    pub client_id: Option<ClientId>,
    /// Direct rooms: the two members.
    pub peers: Option<[UserId; 2]>,
    /// What it is.
    pub body: EntryBody,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryBody {
    /// A message; its `reactions` are empty here.
    Message(Box<Message>),
    /// A message was edited. `content` is the message's present text (empty once it is deleted).
    Edited {
        /// The message.
        message_id: MessageId,
        /// Its present text.
        content: String,
        /// When it was last edited.
        edited_at: Timestamp,
    },
    /// A message was deleted.
    Deleted {
        /// The message.
        message_id: MessageId,
    },
    /// A reaction was set or unset.
    Reaction {
        /// The message.
        message_id: MessageId,
        /// The emoji.
        emoji: String,
        /// Whether it was unset.
        removed: bool,
    },
}

/// An entry with the position that it has in one user's inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEntry {
    /// Position in the inbox: from 1, without holes.
    pub inbox_seq: u64,
    /// The entry.
    pub entry: Entry,
}

/// A room as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// The room.
    pub room_id: RoomId,
    /// Who may enter.
    pub kind: RoomKind,
    /// Its display name, where one was given.
    pub name: Option<String>,
    /// Position of the newest entry; 0 in an empty room.
    pub head_seq: u64,
    /// How many members it has.
    pub member_count: u64,
    /// Direct rooms: the two members.
    pub peers: Option<[UserId; 2]>,
}

/// A member as the store knows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// What the member may do.
    pub role: Role,
    /// How far the member has read.
    pub read_seq: u64,
    /// How far the log has reached the member.
    pub delivered_seq: u64,
}

/// A user as the store knows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The user.
    pub user_id: UserId,
    /// The last display name.
    pub name: Option<String>,
    /// When the user was last connected.
    pub last_seen: Timestamp,
    /// Position of the newest entry in the inbox.
    pub inbox_seq: u64,
}

/// A position in a user's notifications and in the broadcasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct NotificationPosition {
    /// Position of the last notification: from 1 for each user.
    pub own: u64,
    /// Position of the last broadcast: from 1 for the whole server.
    pub broadcast: u64,
}

/// Where a user's notifications stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NotificationHeads {
    /// The newest of each.
    pub head: NotificationPosition,
    /// Up to where some stream of the user has been handed them. A user who was never seen starts at the
    /// newest broadcast.
    pub handed: NotificationPosition,
    /// Up to where retention has taken entries away: a cursor below this one is too old.
    pub expired: NotificationPosition,
    /// How many are unread.
    pub unread: u64,
}

/// One of the two things in a notification stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// To one user, with its position.
    Own(u64, Box<Notification>),
    /// To everybody, with its position.
    Broadcast(u64, Box<Broadcast>),
}

/// A page of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more follow in the direction of reading.
    pub has_more: bool,
}

/// A page of a room's messages, each as it stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The messages.
    pub page: Page<Message>,
    /// Position of the log's last entry at that moment; 0 where the page is empty.
    pub head_seq: u64,
}

/// Which page of a room's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryPage {
    /// The newest.
    Newest,
    /// The newest below this `seq`.
    Before(u64),
    /// The oldest above this `seq`.
    After(u64),
}

/// Which rooms are within a reader's reach. Direct rooms always are: membership alone decides there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Every one; membership decides.
    #[default]
    All,
    /// Those that match and no others; a search finds what is in them without membership too.
    Only(Vec<RoomMatch>),
}

impl Reach {
    /// Whether a room that is not a direct one is named by the reach: then no membership is needed.
    #[must_use]
    pub fn names(&self, room: &RoomId) -> bool {
        match self {
            Self::All => false,
            Self::Only(matches) => matches.iter().any(|one| one.is(room)),
        }
    }

    /// Whether a room that is not a direct one is within reach.
    #[must_use]
    pub fn holds(&self, room: &RoomId) -> bool {
        *self == Self::All || self.names(room)
    }
}

/// One room, or all whose ids begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomMatch {
    /// The room with this id.
    Id(String),
    /// Rooms whose ids begin so.
    Prefix(String),
}

impl RoomMatch {
    /// Whether this room is meant.
    #[must_use]
    pub fn is(&self, room: &RoomId) -> bool {
        match self {
            Self::Id(id) => room.as_str() == id,
            Self::Prefix(prefix) => room.as_str().starts_with(prefix),
        }
    }
}

/// What to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Who asks: only rooms that the user is a member of, and public rooms, are searched.
    pub user_id: UserId,
    /// Where this names rooms, these and the user's direct ones are searched, and no others.
    pub reach: Reach,
    /// Words; every one must occur (the last one as a prefix). Never a query language: any text is valid.
    pub text: String,
    /// Only this room.
    pub room_id: Option<RoomId>,
    /// Only messages older than this one (in order of time, newest first).
    pub before: Option<MessageId>,
    /// At most this many.
    pub limit: u32,
}
