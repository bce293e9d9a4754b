//! What each server event carries in `data`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::entity::{Marker, Message, Person, Room, Status};
use crate::error::Code;
use crate::id::{ClientId, Epoch, MessageId, RoomId, SessionId, UserId};
use crate::time::Timestamp;

/// `SYSTEM/CONNECTION_ESTABLISHED`: the first frame of every session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionEstablished {
    /// A sentence for people.
    pub message: String,
    /// Who is connected.
    pub user_id: UserId,
    /// Names this connection.
    pub session_id: SessionId,
    /// Version of the protocol.
    pub protocol: String,
    /// Names the log; positions count only within one epoch.
    pub epoch: Epoch,
    /// Position of the newest entry in the user's inbox.
    pub inbox_seq: u64,
    /// How often the server pings, in milliseconds.
    pub heartbeat_ms: u64,
    /// Longest message content, in bytes.
    pub max_content_bytes: u64,
    /// Frames a second that a client should keep to.
    pub frames_per_second: u32,
    /// Frames that may come at once.
    pub frame_burst: u32,
}

/// `SYSTEM/ROOM_PARTICIPANTS`: the answer to a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomParticipants {
    /// The room.
    pub room_id: RoomId,
    /// Users with a subscribed session; the first 200.
    pub participants: Vec<UserId>,
    /// The same users with name and status.
    pub people: Vec<Person>,
    /// How many participants there are in all.
    pub count: u64,
    /// Position of the newest entry.
    pub head_seq: u64,
    /// Position of the first entry that follows; `head_seq + 1` where nothing is replayed.
    pub replay_from: u64,
    /// How far the members have read.
    pub markers: Vec<Marker>,
}

/// `SYSTEM/ROOM_COUNT`: in place of single joins and leaves where a room is large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomCount {
    /// The room.
    pub room_id: RoomId,
    /// How many participants there are.
    pub count: u64,
}

/// Why entries are not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GapReason {
    /// More than the replay limit; the log can be read over HTTP.
    Limit,
    /// They have expired.
    Retention,
    /// The position belongs to another log.
    Epoch,
}

/// `SYSTEM/GAP`: what will not be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The room, for a gap in a room's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// True for a gap in the inbox.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub inbox: bool,
    /// First position left out.
    pub from: u64,
    /// Last position left out; below `from` where nothing is (a new epoch that is replayed whole).
    pub to: u64,
    /// Why.
    pub reason: GapReason,
}

/// `SYSTEM/USER_JOINED`, `USER_LEFT` and `USER_DISCONNECTED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserInRoom {
    /// The user.
    pub user_id: UserId,
    /// The display name.
    pub name: String,
    /// The room.
    pub room_id: RoomId,
}

/// `SYSTEM/PRESENCE`: a user came, went, or is away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Presence {
    /// The user.
    pub user_id: UserId,
    /// Online, away or offline.
    pub status: Status,
    /// Whether any session is connected.
    pub online: bool,
    /// When the user was last connected.
    pub last_seen: Timestamp,
}

/// `SYSTEM/MEMBERSHIP`: the user was let in, invited or put out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Membership {
    /// The room.
    pub room_id: RoomId,
    /// Whether the user is a member now.
    pub member: bool,
    /// The room, where the user is a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
}

/// `SYSTEM/ROOM_UPDATED`: name or kind of a room changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomUpdated {
    /// The room, without what differs from user to user (`readSeq` and `unread` are 0).
    pub room: Room,
}

/// `SYSTEM/ACK`: the frame was done. Where it made an entry, that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ack {
    /// The frame's id.
    pub id: ClientId,
    /// Whether this frame had been done before; the positions are those of the first time.
    pub duplicate: bool,
    /// The room of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// The message that the entry makes or changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// Position of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// `SYSTEM/PONG`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pong {
    /// The ping's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// `SYSTEM/AUTHENTICATED`: the token was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Authenticated {
    /// The frame's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
    /// When the new token expires.
    pub expires_at: Timestamp,
}

/// `SYSTEM/TOKEN_EXPIRING`: time for an `AUTHENTICATE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenExpiring {
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// `SYSTEM/GOING_AWAY`: the server drains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoingAway {
    /// Come back after this many milliseconds.
    pub retry_after_ms: u64,
}

/// `PRIVATE/MESSAGE`: a message of a direct room, as it stands in one user's inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrivateDelivery {
    /// The message.
    #[serde(flatten)]
    pub message: Message,
    /// To whom it was sent.
    pub recipient_id: UserId,
    /// Position in the receiver's inbox; absent in a room's replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_seq: Option<u64>,
}

/// `PRIVATE/DELIVERED`: a session of the recipient has been handed the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivered {
    /// The message.
    pub message_id: MessageId,
    /// To whom.
    pub recipient_id: UserId,
    /// The `id` of the frame that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
}

/// `CHAT/EDITED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edited {
    /// The room.
    pub room_id: RoomId,
    /// The message.
    pub message_id: MessageId,
    /// Position of this change in the room's log.
    pub seq: u64,
    /// Who did it.
    pub sender_id: UserId,
    /// The new text.
    pub content: String,
    /// When.
    pub edited_at: Timestamp,
    /// Direct rooms: position in the receiver's inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_seq: Option<u64>,
    /// The `id` of the frame that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// `CHAT/DELETED`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deleted {
    /// The room.
    pub room_id: RoomId,
    /// The message.
    pub message_id: MessageId,
    /// Position of this change in the room's log.
    pub seq: u64,
    /// Who did it.
    pub sender_id: UserId,
    /// Direct rooms: position in the receiver's inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_seq: Option<u64>,
    /// The `id` of the frame that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// `CHAT/REACTION`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reaction {
    /// The room.
    pub room_id: RoomId,
    /// The message.
    pub message_id: MessageId,
    /// Position of this change in the room's log.
    pub seq: u64,
    /// Whose reaction.
    pub user_id: UserId,
    /// The emoji.
    pub emoji: String,
    /// Whether it was unset.
    pub removed: bool,
    /// Direct rooms: position in the receiver's inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_seq: Option<u64>,
    /// The `id` of the frame that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

/// `CHAT/READ`: a user's read marker moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadMoved {
    /// The room.
    pub room_id: RoomId,
    /// Whose marker.
    pub user_id: UserId,
    /// Where it stands now. (Not a position of its own: markers are not in the log.)
    pub seq: u64,
}

/// `TYPING/INDICATOR`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypingIndicator {
    /// Who types.
    pub user_id: UserId,
    /// Whether the user types.
    pub is_typing: bool,
    /// The room.
    pub room_id: RoomId,
}

/// `ERROR/MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorMessage {
    /// The code's sentence.
    pub error: String,
    /// The code.
    pub code: Code,
    /// The id of the frame that was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
    /// The room that the frame was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// Milliseconds to wait before the same frame may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong in this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
