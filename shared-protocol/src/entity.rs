//! What the server keeps and shows: rooms, messages, people, notifications. HTTP answers with these, and events
//! embed them.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{ClientId, Cursor, MessageId, RoomId, UserId};
use crate::time::Timestamp;

/// Who may enter a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RoomKind {
    /// Everybody may join and read.
    Public,
    /// Only members, who are let in by the owner.
    Private,
    /// The conversation of two users; made by the server.
    Direct,
}

impl RoomKind {
    /// The kind's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// May rename the room, let people in and put them out.
    Owner,
    /// May read and write.
    Member,
}

impl Role {
    /// The role's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
}

/// What others see of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Status {
    /// Connected.
    Online,
    /// Connected, but away.
    Away,
    /// Not connected.
    Offline,
}

/// A user as others see one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// The user.
    pub user_id: UserId,
    /// The display name; the id where the user has none.
    pub name: String,
    /// Online, away or offline.
    pub status: Status,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The user.
    pub user_id: UserId,
    /// The display name; the id where the user has none.
    pub name: String,
    /// What the member may do.
    pub role: Role,
}

/// How far a member has read, and how far the log has reached one of the member's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Marker {
    /// The member.
    pub user_id: UserId,
    /// The last `seq` that the member has read.
    pub read_seq: u64,
    /// The last `seq` that was handed to a session of the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_seq: Option<u64>,
}

/// A room as one user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Room {
    /// The room.
    pub room_id: RoomId,
    /// Its display name; the id where it has none. For a direct room: the peer's name.
    pub name: String,
    /// Who may enter.
    pub kind: RoomKind,
    /// Position of the newest entry; 0 in an empty room.
    pub head_seq: u64,
    /// How far the user has read.
    pub read_seq: u64,
    /// The others' messages after `read_seq`.
    pub unread: u64,
    /// The newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// How many members there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u64>,
    /// Direct rooms: the other user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<UserId>,
    /// Direct rooms: how far the other user has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_read_seq: Option<u64>,
    /// Direct rooms: how far the log has reached the other user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_delivered_seq: Option<u64>,
}

/// A message in its present state: what history and search show, and what `CHAT/MESSAGE` carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// The message (UUIDv7).
    pub message_id: MessageId,
    /// Its room.
    pub room_id: RoomId,
    /// Its position in the room's log.
    pub seq: u64,
    /// Who sent it.
    pub sender_id: UserId,
    /// The sender's display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<String>,
    /// The text; empty when deleted.
    pub content: String,
    /// When the server took it.
    pub timestamp: Timestamp,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The `id` of the frame that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// Whether it was deleted.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub deleted: bool,
    /// Reactions, in the order in which each emoji first came. In history and search only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<ReactionCount>>", optional))]
    pub reactions: Vec<ReactionCount>,
}

/// How often one emoji stands on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReactionCount {
    /// The emoji.
    pub emoji: String,
    /// How many users have set it.
    pub count: u64,
    /// Whether the caller is one of them.
    pub mine: bool,
}

/// A notification to one user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// The notification (UUIDv7).
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// One line, 1–256 bytes.
    pub title: String,
    /// The text, at most 16 KiB.
    pub message: String,
    /// What it is about, for the sender and the app to agree on; 1–64 bytes.
    #[serde(rename = "type")]
    pub kind: String,
    /// Anything the app wants, at most 16 KiB as JSON.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub data: Map<String, Value>,
    /// Whether the user has read it.
    pub read: bool,
    /// When the server took it.
    pub created_at: Timestamp,
}

/// A notification to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Broadcast {
    /// The broadcast (UUIDv7).
    pub id: String,
    /// One line, 1–256 bytes.
    pub title: String,
    /// The text, at most 16 KiB.
    pub message: String,
    /// What it is about; 1–64 bytes.
    #[serde(rename = "type")]
    pub kind: String,
    /// When the server took it.
    pub created_at: Timestamp,
}

/// How the read state of a user's notifications changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationState {
    /// Which ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// In place of `ids`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// They are read now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// They are gone now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// How many are unread after the change.
    pub unread_count: u64,
}

/// One of the things above with the position that it has in the user's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithCursor<T> {
    /// The thing.
    #[serde(flatten)]
    pub item: T,
    /// The position after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub cursor: Option<Cursor>,
}
