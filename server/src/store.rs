//! The durable log: the [`Store`] trait, what is written through it and what is read from it.
//!
//! Whatever [`Store::commit`] has answered survives `kill -9` and a power cut. One call is one transaction, so
//! the writer in [`crate::node`] puts everything that waits into one call and pays for one sync.
//!
//! Drivers: [`sqlite`] and, for tests and simulation, [`memory`]; each passes the one conformance suite.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tidings_protocol::entity::{Broadcast, Marker, Member, Message, Notification, Role, Room, RoomKind};
use tidings_protocol::{ClientId, Epoch, MessageId, RoomId, Timestamp, UserId};

#[cfg(test)]
mod conformance;
mod fingerprint;
pub mod memory;
mod merge;
pub mod sqlite;
mod words;

pub(crate) use self::merge::merge_notices;
pub(crate) use self::words::search_words;

/// Room ids that begin so are made by the server for direct rooms; no client can create one.
pub const DIRECT_PREFIX: &str = "direct:";

/// Most messages that one [`Written::Delivered`] lists.
pub const DELIVERED_LISTED: usize = 1_000;

/// The two members of a direct room, the lesser id first.
pub(crate) fn pair(a: &UserId, b: &UserId) -> [UserId; 2] {
    if a <= b { [a.clone(), b.clone()] } else { [b.clone(), a.clone()] }
}

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

/// Where an append goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into a room's log. A direct room's id may stand here too.
    Room(RoomId),
    /// Into the direct log with this user. The first message makes it, with [`DIRECT_PREFIX`] and its own id for
    /// a room id. One user may be both ends of it.
    Direct(UserId),
}

/// What an append changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new message.
    Message {
        /// Its text.
        content: String,
        /// The message that it answers.
        reply_to: Option<MessageId>,
    },
    /// New text for one's own message.
    Edit {
        /// The message.
        message_id: MessageId,
        /// Its new text.
        content: String,
    },
    /// One's own message goes.
    Delete {
        /// The message.
        message_id: MessageId,
    },
    /// A reaction is set or unset.
    React {
        /// The message.
        message_id: MessageId,
        /// The emoji.
        emoji: String,
        /// Unset in place of set.
        remove: bool,
    },
}

/// One durable change of a room's log, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Who does it.
    pub sender: UserId,
    /// The sender's display name at this time.
    pub sender_name: Option<String>,
    /// Idempotency key, together with the sender.
    pub client_id: Option<ClientId>,
    /// The server's clock.
    pub at: Timestamp,
    /// The id for a new message (not used by other changes).
    pub new_id: MessageId,
    /// Where it goes.
    pub target: Target,
    /// What it changes.
    pub change: Change,
}

/// What became of an [`Append`].
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

/// A notification as it is asked for. Bounds have been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNotification {
    /// Who sends it (the token's subject); with `client_id` the idempotency key.
    pub sender: UserId,
    /// Idempotency key.
    pub client_id: Option<ClientId>,
    /// The id for it (UUIDv7).
    pub new_id: String,
    /// The server's clock.
    pub at: Timestamp,
    /// To whom.
    pub user_id: UserId,
    /// One line.
    pub title: String,
    /// The text.
    pub message: String,
    /// What it is about.
    pub kind: String,
    /// Anything the app wants.
    pub data: Map<String, Value>,
}

/// A broadcast as it is asked for. Bounds have been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBroadcast {
    /// Who sends it; with `client_id` the idempotency key.
    pub sender: UserId,
    /// Idempotency key.
    pub client_id: Option<ClientId>,
    /// The id for it (UUIDv7).
    pub new_id: String,
    /// The server's clock.
    pub at: Timestamp,
    /// One line.
    pub title: String,
    /// The text.
    pub message: String,
    /// What it is about.
    pub kind: String,
}

/// Which of a user's notifications are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// One, by its id.
    One(String),
    /// All that there are.
    All,
}

/// One write. A batch of them is one transaction, done in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A durable change of a room's log. A (sender, id) that has made an entry is looked at first: the same
    /// change again is a duplicate, whatever has become of room and membership, anything else is
    /// [`Refusal::Conflict`]. Then the sender must be a member ([`Refusal::NotAMember`]), the message must stand
    /// in this room and, but for a delete, not be deleted ([`Refusal::NotFound`]), and edit and delete are the
    /// sender's own ([`Refusal::Forbidden`]). A change that changes nothing makes no entry and uses up no id.
    /// A message moves its sender's read marker to itself. Answered by [`Written::Appended`].
    Append(Append),
    /// The server has seen the user: makes the record at the first time (its broadcasts begin now), and
    /// updates name (where given) and last-seen time. Answered by [`Written::User`].
    SeeUser {
        /// The user.
        user_id: UserId,
        /// The display name.
        name: Option<String>,
        /// The server's clock.
        at: Timestamp,
    },
    /// Create a room; [`Refusal::Conflict`] where it stands already. The owner and `members` become members, at
    /// the head. Answered by [`Written::Room`].
    CreateRoom {
        /// The room.
        room_id: RoomId,
        /// Its display name.
        name: Option<String>,
        /// `Public` or `Private`.
        kind: RoomKind,
        /// Who owns it.
        owner: UserId,
        /// Who else is a member.
        members: Vec<UserId>,
        /// The server's clock.
        at: Timestamp,
    },
    /// Change a room's name or kind: [`Refusal::NotFound`] where there is none, [`Refusal::Forbidden`] where it is
    /// a direct one. Answered by [`Written::Room`].
    UpdateRoom {
        /// The room.
        room_id: RoomId,
        /// A new name.
        name: Option<String>,
        /// A new kind: `Public` or `Private`.
        kind: Option<RoomKind>,
    },
    /// Become a member: a room that does not exist is created as public with the user as owner (never one with
    /// [`DIRECT_PREFIX`]: [`Refusal::Forbidden`]); joining a public room makes a membership, whose markers start
    /// at the head; a private or direct room needs one already ([`Refusal::Forbidden`]) unless `admitted`
    /// (private rooms only). An owner who has left and comes back is the owner again. Answered by
    /// [`Written::Joined`].
    Join {
        /// The room.
        room_id: RoomId,
        /// Who joins.
        user_id: UserId,
        /// Whether the user's token lets the user into a private room.
        admitted: bool,
        /// The server's clock.
        at: Timestamp,
    },
    /// Make a user a member, in whatever kind of room (but not direct: [`Refusal::Forbidden`]; none:
    /// [`Refusal::NotFound`]). Answered by [`Written::Membership`].
    PutMember {
        /// The room.
        room_id: RoomId,
        /// Who becomes a member.
        user_id: UserId,
        /// The server's clock.
        at: Timestamp,
    },
    /// End a membership (never in a direct room: [`Refusal::Forbidden`]; no room: [`Refusal::NotFound`]).
    /// Answered by [`Written::Membership`].
    RemoveMember {
        /// The room.
        room_id: RoomId,
        /// Who is no longer a member.
        user_id: UserId,
    },
    /// Move a member's read marker forward, at most to the head; never back. Answered by [`Written::Read`].
    Read {
        /// The room.
        room_id: RoomId,
        /// Whose marker.
        user_id: UserId,
        /// Where to.
        seq: u64,
    },
    /// Move a member's delivered marker forward, at most to the head; never back. Answered by
    /// [`Written::Delivered`]. A user who is not a member is not an error: nothing moves.
    Delivered {
        /// The room.
        room_id: RoomId,
        /// Whose marker.
        user_id: UserId,
        /// Where to.
        seq: u64,
    },
    /// The user's direct conversations have been delivered up to this inbox position, at most its head. Answered
    /// by [`Written::Delivered`].
    InboxDelivered {
        /// Whose inbox.
        user_id: UserId,
        /// Where to.
        inbox_seq: u64,
    },
    /// Store a notification. Answered by [`Written::Notified`].
    Notify(NewNotification),
    /// Store a broadcast. Answered by [`Written::Broadcast`].
    Broadcast(NewBroadcast),
    /// Mark notifications read; [`Refusal::NotFound`] for one that the user does not have. Answered by
    /// [`Written::NotificationState`].
    NotificationsRead {
        /// Whose.
        user_id: UserId,
        /// Which.
        which: Which,
    },
    /// Delete notifications; [`Refusal::NotFound`] for one that the user does not have. A deleted one is seen no
    /// more, but its (sender, id) still knows it until retention takes both away. Answered by
    /// [`Written::NotificationState`].
    NotificationsDelete {
        /// Whose.
        user_id: UserId,
        /// Which.
        which: Which,
    },
    /// A stream of the user has been handed everything up to here; moves forward only, at most to the heads.
    /// Answered by
    /// [`Written::Nothing`].
    NotificationsHanded {
        /// Whose.
        user_id: UserId,
        /// Up to where.
        position: NotificationPosition,
    },
    /// Take away notifications and broadcasts made before this time, with their idempotency keys; at most
    /// `limit` of each. Answered by [`Written::Pruned`].
    PruneNotifications {
        /// Older ones go.
        before: Timestamp,
        /// At most this many of each.
        limit: u32,
    },
    /// Name the log anew (after a restore). Answered by [`Written::Epoch`].
    NewEpoch(Epoch),
}

/// What a [`Write`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// Of [`Write::Append`].
    Appended(Appended),
    /// Of [`Write::SeeUser`].
    User(UserRecord),
    /// Of [`Write::CreateRoom`] and [`Write::UpdateRoom`].
    Room(RoomRecord),
    /// Of [`Write::Join`].
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
    /// Of [`Write::PutMember`] and [`Write::RemoveMember`].
    Membership {
        /// The room, after the change.
        room: RoomRecord,
        /// Whether anything changed.
        changed: bool,
    },
    /// Of [`Write::Read`].
    Read {
        /// Where the marker stands now.
        seq: u64,
        /// Whether it moved.
        moved: bool,
        /// How many members the room has.
        member_count: u64,
    },
    /// Of [`Write::Delivered`] and [`Write::InboxDelivered`]: direct messages of others that were delivered by
    /// this for the first time, at most 1,000, oldest first.
    Delivered(Vec<DeliveredMessage>),
    /// Of [`Write::Notify`].
    Notified {
        /// Its position in the user's notifications.
        position: u64,
        /// The notification.
        notification: Box<Notification>,
        /// Whether the same (sender, id) had made it before.
        duplicate: bool,
    },
    /// Of [`Write::Broadcast`].
    Broadcast {
        /// Its position in the broadcasts.
        position: u64,
        /// The broadcast.
        broadcast: Box<Broadcast>,
        /// Whether the same (sender, id) had made it before.
        duplicate: bool,
    },
    /// Of [`Write::NotificationsRead`] and [`Write::NotificationsDelete`].
    NotificationState {
        /// Whether anything changed.
        changed: bool,
        /// How many of the user's are unread now.
        unread: u64,
    },
    /// Of [`Write::PruneNotifications`].
    Pruned {
        /// How many notifications and broadcasts went.
        removed: u64,
    },
    /// Of [`Write::NewEpoch`].
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

/// A page of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more follow in the direction of reading.
    pub has_more: bool,
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

/// What to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Who asks: only rooms that the user is a member of, and public rooms, are searched.
    pub user_id: UserId,
    /// Words; every one must occur (the last one as a prefix). Never a query language: any text is valid.
    pub text: String,
    /// Only this room.
    pub room_id: Option<RoomId>,
    /// Only messages older than this one (in order of time, newest first).
    pub before: Option<MessageId>,
    /// At most this many.
    pub limit: u32,
}

/// The durable log. Every method may be called from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Does all of `batch` in one transaction, in order, synced before this returns. A refused write leaves the
    /// others as they are.
    ///
    /// # Errors
    /// The store could not commit: nothing of the batch was written.
    async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Result<Written, Refusal>>, StoreError>;

    /// The name of the log.
    async fn epoch(&self) -> Result<Epoch, StoreError>;

    /// A user that the server has seen.
    async fn user(&self, user: &UserId) -> Result<Option<UserRecord>, StoreError>;

    /// A room, and the user's membership in it.
    async fn room(
        &self,
        room: &RoomId,
        user: &UserId,
    ) -> Result<Option<(RoomRecord, Option<MemberRecord>)>, StoreError>;

    /// The direct room of two users, where there is one.
    async fn direct_room(&self, a: &UserId, b: &UserId) -> Result<Option<RoomId>, StoreError>;

    /// Everybody whom the user has a direct room with; at most `limit`.
    async fn direct_partners(&self, user: &UserId, limit: u32) -> Result<Vec<UserId>, StoreError>;

    /// A room as the user sees it, with last message, unread count and, for a direct room, the peer. `None` where
    /// there is none, and for a private or direct room of which the user is not a member. Who is not a member of a
    /// public room has read all of it.
    async fn room_view(&self, room: &RoomId, user: &UserId) -> Result<Option<Room>, StoreError>;

    /// The rooms that the user is a member of, by id.
    async fn rooms_of(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError>;

    /// The public rooms as the user sees them, by id.
    async fn public_rooms(
        &self,
        user: &UserId,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError>;

    /// A room's members, by id.
    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Page<Member>, StoreError>;

    /// How far the members of a room have read, by id; at most `limit`.
    async fn markers(&self, room: &RoomId, limit: u32) -> Result<Vec<Marker>, StoreError>;

    /// Entries of a room's log above `after`, in order; at most `limit`.
    async fn log(&self, room: &RoomId, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// Entries of a user's inbox above `after`, in order; at most `limit`.
    async fn inbox(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<InboxEntry>, StoreError>;

    /// Messages of a room in `seq` order, in their present state, with reactions as `user` sees them.
    async fn history(
        &self,
        room: &RoomId,
        user: &UserId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<Page<Message>, StoreError>;

    /// Messages that the user may read and that hold every word, the last taken by the store first. Deleted ones
    /// are not found, and nothing is found by a text without words or before a message that is not there.
    async fn search(&self, query: &SearchQuery) -> Result<Page<Message>, StoreError>;

    /// Users whose id or name begins with `prefix` (ignoring case), by id.
    async fn users(&self, prefix: &str, limit: u32) -> Result<Page<UserRecord>, StoreError>;

    /// Where a user's notifications stand.
    async fn notification_heads(&self, user: &UserId) -> Result<NotificationHeads, StoreError>;

    /// What a user's stream shows above a position: own notifications and broadcasts merged by time (own ones
    /// first), each of them in its own order; at most `limit`. Deleted ones and broadcasts from before the user
    /// was first seen are left out.
    async fn notices(
        &self,
        user: &UserId,
        after: NotificationPosition,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError>;

    /// A user's notifications, newest first, with the number of all that are unread. `before` is a notification's
    /// id; before one that is not there, there is nothing.
    async fn notifications(
        &self,
        user: &UserId,
        unread_only: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<(Page<Notification>, u64), StoreError>;

    /// Whether the store answers and can write.
    async fn check(&self) -> Result<(), StoreError>;
}
