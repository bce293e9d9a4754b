//! What is asked for: appends, and every other write. A batch of them is one transaction.

use serde_json::{Map, Value};
use tidings_protocol::entity::RoomKind;
use tidings_protocol::{ClientId, Epoch, MessageId, RoomId, Timestamp, UserId};

use super::{NotificationPosition, Revocation, Subject};

/// Where an append goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into a room's log. A direct room's id may stand here too.
    Room(RoomId),
    /// Into the direct log with this user. The first message makes it, with [`DIRECT_PREFIX`](tidings_protocol::id::DIRECT_PREFIX) and its own id for
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
    /// [`super::Refusal::Conflict`]. Then the sender must be a member ([`super::Refusal::NotAMember`]), the message must stand
    /// in this room and, but for a delete, not be deleted ([`super::Refusal::NotFound`]), and edit and delete are the
    /// sender's own ([`super::Refusal::Forbidden`]). A change that changes nothing makes no entry and uses up no id.
    /// A message moves its sender's read marker to itself. Answered by [`super::Written::Appended`].
    Append(Append),
    /// The server has seen the user: makes the record at the first time (its broadcasts begin now), and
    /// updates name (where given) and last-seen time. Answered by [`super::Written::User`].
    SeeUser {
        /// The user.
        user_id: UserId,
        /// The display name.
        name: Option<String>,
        /// The server's clock.
        at: Timestamp,
    },
    /// Create a room; [`super::Refusal::Conflict`] where it stands already. The owner and `members` become members, at
    /// the head. Answered by [`super::Written::Room`].
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
    /// Change a room's name or kind: [`super::Refusal::NotFound`] where there is none, [`super::Refusal::Forbidden`] where it is
    /// a direct one. Answered by [`super::Written::Room`].
    UpdateRoom {
        /// The room.
        room_id: RoomId,
        /// A new name.
        name: Option<String>,
        /// A new kind: `Public` or `Private`.
        kind: Option<RoomKind>,
    },
    /// Become a member: a room that does not exist is created as public with the user as owner (never one with
    /// [`DIRECT_PREFIX`](tidings_protocol::id::DIRECT_PREFIX): [`super::Refusal::Forbidden`]); joining a public room makes a membership, whose markers start
    /// at the head; a private or direct room needs one already ([`super::Refusal::Forbidden`]) unless `admitted`
    /// (private rooms only). An owner who has left and comes back is the owner again. Answered by
    /// [`super::Written::Joined`].
    Join {
        /// The room.
        room_id: RoomId,
        /// Who joins.
        user_id: UserId,
        /// Whether the user's token lets the user into a private room.
        admitted: bool,
        /// Whether it is a client that comes back, and not its user who asks to be in: where the user was removed to stay
        /// out, it is refused ([`super::Refusal::NotAMember`]).
        resumed: bool,
        /// The server's clock.
        at: Timestamp,
    },
    /// Make a user a member, in whatever kind of room (but not direct: [`super::Refusal::Forbidden`]; none:
    /// [`super::Refusal::NotFound`]). Answered by [`super::Written::Membership`].
    PutMember {
        /// The room.
        room_id: RoomId,
        /// Who becomes a member.
        user_id: UserId,
        /// The server's clock.
        at: Timestamp,
    },
    /// End a membership (never in a direct room: [`super::Refusal::Forbidden`]; no room: [`super::Refusal::NotFound`]).
    /// Answered by [`super::Written::Membership`].
    RemoveMember {
        /// The room.
        room_id: RoomId,
        /// Who is no longer a member.
        user_id: UserId,
        /// Whether the user stays out until there is a join or an invitation, whatever a client that was away meanwhile
        /// takes up again.
        stays_out: bool,
    },
    /// Move a member's read marker forward, at most to the head; never back. Answered by [`super::Written::Read`].
    Read {
        /// The room.
        room_id: RoomId,
        /// Whose marker.
        user_id: UserId,
        /// Where to.
        seq: u64,
    },
    /// Move a member's delivered marker forward, at most to the head; never back. Answered by
    /// [`super::Written::Delivered`]. A user who is not a member is not an error: nothing moves.
    Delivered {
        /// The room.
        room_id: RoomId,
        /// Whose marker.
        user_id: UserId,
        /// Where to.
        seq: u64,
    },
    /// What stands in the user's inbox above `after` and up to `inbox_seq`, at most its head, has been delivered.
    /// What is up to a position below which everything was delivered already is told no more. Answered by
    /// [`super::Written::Delivered`].
    InboxDelivered {
        /// Whose inbox.
        user_id: UserId,
        /// Above which position; what stands below may not have been delivered.
        after: u64,
        /// Up to which.
        inbox_seq: u64,
    },
    /// Store a notification. Answered by [`super::Written::Notified`].
    Notify(NewNotification),
    /// Store a broadcast. Answered by [`super::Written::Broadcast`].
    Broadcast(NewBroadcast),
    /// Mark notifications read; [`super::Refusal::NotFound`] for one that the user does not have. Answered by
    /// [`super::Written::NotificationState`].
    NotificationsRead {
        /// Whose.
        user_id: UserId,
        /// Which.
        which: Which,
    },
    /// Delete notifications; [`super::Refusal::NotFound`] for one that the user does not have. A deleted one is seen no
    /// more, but its (sender, id) still knows it until retention takes both away. Answered by
    /// [`super::Written::NotificationState`].
    NotificationsDelete {
        /// Whose.
        user_id: UserId,
        /// Which.
        which: Which,
    },
    /// A stream of the user has been handed everything up to here; moves forward only, at most to the heads.
    /// Answered by
    /// [`super::Written::Nothing`].
    NotificationsHanded {
        /// Whose.
        user_id: UserId,
        /// Up to where.
        position: NotificationPosition,
    },
    /// Take away notifications and broadcasts made before this time, with their idempotency keys; at most
    /// `limit` of each. Answered by [`super::Written::Pruned`].
    PruneNotifications {
        /// Older ones go.
        before: Timestamp,
        /// At most this many of each.
        limit: u32,
    },
    /// Take a word back, in place of what was said of the same subject before. [`super::Refusal::Limit`] where there
    /// are [`super::MAX_REVOCATIONS`] already. Answered by [`super::Written::Nothing`].
    Revoke(Revocation),
    /// Give it back: a change of its own, with `at` for its end. [`super::Refusal::NotFound`] where it was not taken
    /// back. Answered by [`super::Written::Nothing`].
    Restore {
        /// Whose.
        subject: Subject,
        /// The server's clock.
        at: Timestamp,
    },
    /// Forget revocations whose end lies before this time, the earliest first; the newest change of all stays.
    /// Answered by [`super::Written::Pruned`].
    PruneRevocations {
        /// Ends before this go.
        before: Timestamp,
        /// At most this many.
        limit: u32,
    },
    /// Name the log anew (after a restore). Answered by [`super::Written::Epoch`].
    NewEpoch(Epoch),
}
