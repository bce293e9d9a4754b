//! Client to server: one struct for each command, and the [`frame`](ClientFrame) that carries it.

mod frame;

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::frame::ClientFrame;
use self::frame::read;
use crate::id::{Epoch, MessageId, RoomId, UserId};

macro_rules! commands {
    ($($(#[$meta:meta])* $name:literal => $variant:ident,)*) => {
        /// What a client may ask for. The `type` on the wire is the variant's name in `SCREAMING_SNAKE_CASE`.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(tag = "type")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum Command {
            $($(#[$meta])* #[serde(rename = $name)] $variant($variant),)*
        }

        impl Command {
            /// Every `type` that a client may send.
            pub const TYPES: &'static [&'static str] = &[$($name),*];

            /// The command's `type` on the wire.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            fn from_value(kind: &str, value: Value) -> Option<Result<Self, (Option<String>, String)>> {
                match kind {
                    $($name => Some(read(value).map(Self::$variant)),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    /// Subscribe this session to a room.
    "JOIN_ROOM" => JoinRoom,
    /// Unsubscribe this session from a room.
    "LEAVE_ROOM" => LeaveRoom,
    /// Append a message to a room's log.
    "CHAT_MESSAGE" => ChatMessage,
    /// Append a message to the direct log with another user.
    "PRIVATE_MESSAGE" => PrivateMessage,
    /// Say that the user types, or has stopped.
    "TYPING" => Typing,
    /// Replace the content of one's own message.
    "EDIT_MESSAGE" => EditMessage,
    /// Delete one's own message.
    "DELETE_MESSAGE" => DeleteMessage,
    /// Set or unset a reaction.
    "REACT" => React,
    /// Move the read marker forward.
    "READ" => Read,
    /// Say what the others see.
    "PRESENCE" => SetPresence,
    /// Rejoin many rooms and catch up.
    "RESUME" => Resume,
    /// Replace the session's token.
    "AUTHENTICATE" => Authenticate,
    /// Ask for a `PONG`.
    "PING" => Ping,
}

/// `JOIN_ROOM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JoinRoom {
    /// The room.
    pub room_id: RoomId,
    /// Replay what came after this position; without it nothing is replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seq: Option<u64>,
    /// The epoch that `after_seq` belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// Where the session is in the room already: put it back to `after_seq`, never forward, and replay from there.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub rewind: bool,
}

/// `LEAVE_ROOM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeaveRoom {
    /// The room.
    pub room_id: RoomId,
}

/// `CHAT_MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatMessage {
    /// The room.
    pub room_id: RoomId,
    /// The text: 1 byte to 16 KiB.
    pub content: String,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

/// `PRIVATE_MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrivateMessage {
    /// The text: 1 byte to 16 KiB.
    pub content: String,
    /// To whom.
    pub data: Recipient,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
}

/// `data` of a `PRIVATE_MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recipient {
    /// The user who gets the message.
    pub recipient_id: UserId,
}

/// `TYPING`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Typing {
    /// The room.
    pub room_id: RoomId,
    /// Whether the user types.
    pub data: TypingState,
}

/// `data` of a `TYPING`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypingState {
    /// Whether the user types.
    pub is_typing: bool,
}

/// `EDIT_MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditMessage {
    /// The room.
    pub room_id: RoomId,
    /// The message.
    pub message_id: MessageId,
    /// Its new text: 1 byte to 16 KiB.
    pub content: String,
}

/// `DELETE_MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeleteMessage {
    /// The room.
    pub room_id: RoomId,
    /// The message.
    pub message_id: MessageId,
}

/// `REACT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct React {
    /// The room.
    pub room_id: RoomId,
    /// The message.
    pub message_id: MessageId,
    /// The emoji: 1–64 bytes.
    pub emoji: String,
    /// Unset the reaction in place of setting it.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub remove: bool,
}

/// `READ`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Read {
    /// The room.
    pub room_id: RoomId,
    /// The last position that the user has read.
    pub seq: u64,
}

/// What others see of a user who is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OnlineStatus {
    /// Here.
    Online,
    /// Connected, but away.
    Away,
}

/// `PRESENCE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetPresence {
    /// What the others see.
    pub status: OnlineStatus,
}

/// A room and the position up to which a client has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomPosition {
    /// The room.
    pub room_id: RoomId,
    /// The last `seq` that the client has seen; without it nothing is replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seq: Option<u64>,
}

/// `RESUME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resume {
    /// The epoch that the positions belong to. A client that has none yet leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The rooms to rejoin; may be empty.
    #[serde(default, deserialize_with = "null_is_default")]
    pub rooms: Vec<RoomPosition>,
    /// The last `inboxSeq` that the client has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_after: Option<u64>,
    /// The last notification cursor that the client has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications_after: Option<String>,
    /// Put the session back, never forward, in rooms that it is in already, and replay from there.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub rewind: bool,
}

/// `AUTHENTICATE`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Authenticate {
    /// The new token; its subject must be the session's user.
    pub token: String,
}

impl core::fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Authenticate { token: [REDACTED] }")
    }
}

/// `PING`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ping {}

/// `null` in an optional field is the same as no field.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
