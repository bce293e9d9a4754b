//! Bodies and answers of the HTTP interface, the event names of its streams, and the fallback's bodies.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::command::{RoomPosition, null_is_default};
use crate::entity::{Member, Message, Notification, Person, Room, RoomKind};
use crate::event::ServerFrame;
use crate::id::{ClientId, ClientSession, Epoch, RoomId, UserId};
use crate::time::Timestamp;

/// Body of `POST /api/v1/notifications/send`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendNotification {
    /// To whom.
    pub user_id: UserId,
    /// One line, 1–256 bytes.
    pub title: String,
    /// The text, at most 16 KiB.
    pub message: String,
    /// What it is about; 1–64 bytes.
    #[serde(rename = "type")]
    pub kind: String,
    /// Anything the app wants, at most 16 KiB as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    pub data: Option<Map<String, Value>>,
    /// Idempotency key: the same id sends once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
}

/// Body of `POST /api/v1/notifications/broadcast`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendBroadcast {
    /// One line, 1–256 bytes.
    pub title: String,
    /// The text, at most 16 KiB.
    pub message: String,
    /// What it is about; 1–64 bytes.
    #[serde(rename = "type")]
    pub kind: String,
    /// Idempotency key: the same id sends once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
}

/// Answer of `GET /api/v1/notifications/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationStatus {
    /// How many users have a session or stream.
    pub connected_users: u64,
    /// Who they are; the first 1,000.
    pub users: Vec<UserId>,
    /// The nodes that serve.
    pub nodes: Vec<String>,
}

/// Answer of `GET /api/v1/notifications`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationPage {
    /// Newest first.
    pub notifications: Vec<Notification>,
    /// How many of all the user's are unread.
    pub unread_count: u64,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// Answer of `GET /api/v1/rooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<Room>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Body of `POST /api/v1/rooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRoom {
    /// The room's id.
    pub room_id: RoomId,
    /// Its display name, at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `public` or `private`.
    pub kind: RoomKind,
    /// Users who are members from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<UserId>>,
}

/// Body of `PATCH /api/v1/rooms/{roomId}`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateRoom {
    /// A new display name, at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `public` or `private`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RoomKind>,
}

/// Answer of `GET …/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberPage {
    /// The members, by user id.
    pub members: Vec<Member>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Answer of `GET …/participants`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParticipantPage {
    /// Users with a subscribed session, by user id.
    pub participants: Vec<Person>,
    /// How many there are in all.
    pub count: u64,
    /// Whether more follow.
    pub has_more: bool,
}

/// Answer of history and search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagePage {
    /// The messages; each has its `reactions`, also where there are none.
    #[serde(serialize_with = "with_reactions")]
    pub messages: Vec<Message>,
    /// Whether more follow in the direction of reading.
    pub has_more: bool,
    /// Position of the log's last entry when the page was read: entries up to it are in these messages, later ones are
    /// not. Absent where the page is empty, and from a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_seq: Option<u64>,
}

/// Answer of `GET …/log`, `GET /api/v1/inbox` and the fallback's `frames` and `poll`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FramePage {
    /// Server frames.
    pub frames: Vec<ServerFrame>,
    /// Whether more follow.
    #[serde(default)]
    pub has_more: bool,
}

/// Answer of `GET /api/v1/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPage {
    /// People the server has seen, by user id.
    pub users: Vec<Person>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Answer of `POST /api/v1/auth/ticket`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ticket {
    /// Goes into `?ticket=`, once.
    pub ticket: String,
    /// When it stops to count.
    pub expires_at: Timestamp,
}

/// Body of `POST /api/v1/auth/login` (with `--dev` only).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// Who to be.
    pub user_id: UserId,
    /// Display name; the id where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Answer of `POST /api/v1/auth/login`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// The token.
    pub token: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Token").field("token", &"[REDACTED]").field("expires_at", &self.expires_at).finish()
    }
}

/// Answer of `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// `ready`, `degraded`, `starting`, `draining` or `unavailable`.
    pub status: String,
    /// What does not work (`broker`, `store`, `disk`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Vec<String>>,
}

/// Data of the `connected` event of a notification stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamConnected {
    /// A sentence for people.
    pub message: String,
    /// How many of the user's notifications are unread.
    pub unread_count: u64,
}

/// Data of the `reset` event of a notification stream and of `NOTIFICATION/RESET`: the cursor could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamReset {
    /// `unknown`, `foreign`, `expired` or `epoch`.
    pub reason: String,
}

/// Body of `POST /api/v1/realtime/frames`. Each frame is read by itself, so that one bad frame is one `ERROR`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RealtimeFrames {
    /// The client session.
    pub client_session: ClientSession,
    /// Client frames, each with an `id`.
    pub frames: Vec<Value>,
}

/// Body of `POST /api/v1/realtime/stream` and `…/poll`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RealtimeSubscribe {
    /// The client session.
    pub client_session: ClientSession,
    /// The epoch that the positions belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The rooms to subscribe to, with positions.
    #[serde(default, deserialize_with = "null_is_default")]
    pub rooms: Vec<RoomPosition>,
    /// The last `inboxSeq` seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_after: Option<u64>,
    /// The last notification cursor seen; absent: no notifications are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications_after: Option<String>,
    /// Poll only: how long to wait for a frame, in milliseconds; at most 25,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// Asked beside another stream or poll, under a client session of its own: nobody is shown by it, and nobody becomes a
    /// member.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub aside: bool,
}

/// Live frames leave out an empty list of reactions; a page of history says that there are none.
fn with_reactions<S: serde::Serializer>(messages: &[Message], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Item<'a> {
        WithSome(&'a Message),
        WithNone {
            #[serde(flatten)]
            message: &'a Message,
            reactions: [(); 0],
        },
    }
    serializer.collect_seq(messages.iter().map(|message| {
        if message.reactions.is_empty() {
            Item::WithNone { message, reactions: [] }
        } else {
            Item::WithSome(message)
        }
    }))
}
