//! Server to client: every event, and the frame that carries it.

use alloc::boxed::Box;
use alloc::string::String;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::Value;

use crate::data::{
    Ack, Authenticated, ConnectionEstablished, Deleted, Delivered, Edited, ErrorMessage, Gap, GoingAway,
    Membership, Pong, Presence, PrivateDelivery, Reaction, ReadMoved, RoomCount, RoomParticipants,
    RoomUpdated, TokenExpiring, TypingIndicator, UserInRoom,
};
use crate::entity::{Broadcast, Message, Notification, NotificationState, WithCursor};
use crate::http::StreamReset;
use crate::time::Timestamp;

/// One frame from a server: `{"category", "type", "data", "timestamp"}`.
///
/// ```
/// use tidings_protocol::{Event, ServerFrame, Timestamp, data::GoingAway};
/// let frame = ServerFrame {
///     event: Event::GoingAway(GoingAway { retry_after_ms: 250 }),
///     timestamp: Timestamp::from_millis(0),
/// };
/// let text = serde_json::to_string(&frame)?;
/// assert!(text.starts_with(r#"{"category":"SYSTEM","type":"GOING_AWAY","data":{"retryAfterMs":250}"#));
/// assert_eq!(serde_json::from_str::<ServerFrame>(&text)?, frame);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ServerFrame {
    /// What happened.
    pub event: Event,
    /// When the server said so.
    pub timestamp: Timestamp,
}

macro_rules! events {
    ($($(#[$meta:meta])* $category:literal / $name:literal => $variant:ident($data:ty),)*) => {
        /// Everything that a server may say.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $($(#[$meta])* $variant($data),)*
        }

        impl Event {
            /// Every (category, type) that a server may send.
            pub const TYPES: &'static [(&'static str, &'static str)] = &[$(($category, $name)),*];

            /// The event's `category` on the wire.
            #[must_use]
            pub const fn category(&self) -> &'static str {
                match self { $(Self::$variant(_) => $category,)* }
            }

            /// The event's `type` on the wire.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            fn serialize_data<S: SerializeStruct>(&self, out: &mut S) -> Result<(), S::Error> {
                match self { $(Self::$variant(data) => out.serialize_field("data", data),)* }
            }

            /// The event of a category, a type and its data; `None` where the pair is not known.
            ///
            /// # Errors
            /// The data does not fit the type.
            pub fn from_parts(category: &str, name: &str, data: Value) -> Option<serde_json::Result<Self>> {
                match (category, name) {
                    $(($category, $name) => Some(serde_json::from_value(data).map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// Every (category, type) with the TypeScript name of its data.
            #[cfg(feature = "ts")]
            #[must_use]
            pub fn ts_names(config: &ts_rs::Config) -> Vec<(&'static str, &'static str, String)> {
                vec![$(($category, $name, <$data as ts_rs::TS>::name(config)),)*]
            }

            /// Shows the data type of every event to a visitor.
            #[cfg(feature = "ts")]
            pub fn visit_ts(visitor: &mut impl ts_rs::TypeVisitor) {
                $(visitor.visit::<$data>();)*
            }
        }
    };
}

events! {
    /// The session stands.
    "SYSTEM" / "CONNECTION_ESTABLISHED" => ConnectionEstablished(ConnectionEstablished),
    /// The answer to a join.
    "SYSTEM" / "ROOM_PARTICIPANTS" => RoomParticipants(RoomParticipants),
    /// How many are in a large room.
    "SYSTEM" / "ROOM_COUNT" => RoomCount(RoomCount),
    /// What will not be replayed.
    "SYSTEM" / "GAP" => Gap(Gap),
    /// A user's first session came into the room.
    "SYSTEM" / "USER_JOINED" => UserJoined(UserInRoom),
    /// A user's last session left the room.
    "SYSTEM" / "USER_LEFT" => UserLeft(UserInRoom),
    /// A user's last session in the room was lost.
    "SYSTEM" / "USER_DISCONNECTED" => UserDisconnected(UserInRoom),
    /// A user came, went, or is away.
    "SYSTEM" / "PRESENCE" => Presence(Presence),
    /// The user was let into a room or put out of it.
    "SYSTEM" / "MEMBERSHIP" => Membership(Box<Membership>),
    /// Name or kind of a room changed.
    "SYSTEM" / "ROOM_UPDATED" => RoomUpdated(Box<RoomUpdated>),
    /// A frame was done, durably.
    "SYSTEM" / "ACK" => Ack(Ack),
    /// The answer to a ping.
    "SYSTEM" / "PONG" => Pong(Pong),
    /// The token was replaced.
    "SYSTEM" / "AUTHENTICATED" => Authenticated(Authenticated),
    /// The token will expire soon.
    "SYSTEM" / "TOKEN_EXPIRING" => TokenExpiring(TokenExpiring),
    /// The server drains.
    "SYSTEM" / "GOING_AWAY" => GoingAway(GoingAway),
    /// A message in a room.
    "CHAT" / "MESSAGE" => ChatMessage(Message),
    /// A message was edited.
    "CHAT" / "EDITED" => Edited(Edited),
    /// A message was deleted.
    "CHAT" / "DELETED" => Deleted(Deleted),
    /// A reaction was set or unset.
    "CHAT" / "REACTION" => Reaction(Reaction),
    /// A read marker moved.
    "CHAT" / "READ" => Read(ReadMoved),
    /// Somebody types, or has stopped.
    "TYPING" / "INDICATOR" => Typing(TypingIndicator),
    /// A message of a direct room.
    "PRIVATE" / "MESSAGE" => PrivateMessage(PrivateDelivery),
    /// The recipient has been handed a direct message.
    "PRIVATE" / "DELIVERED" => Delivered(Delivered),
    /// A notification to this user.
    "NOTIFICATION" / "NOTIFICATION" => Notification(WithCursor<Notification>),
    /// A notification to everybody.
    "NOTIFICATION" / "BROADCAST" => Broadcast(WithCursor<Broadcast>),
    /// The read state of this user's notifications changed.
    "NOTIFICATION" / "STATE" => NotificationState(WithCursor<NotificationState>),
    /// The cursor could not be used: what was never handed to the user follows.
    "NOTIFICATION" / "RESET" => NotificationReset(WithCursor<StreamReset>),
    /// Something was refused.
    "ERROR" / "MESSAGE" => Error(ErrorMessage),
}

impl Event {
    /// The frame that carries this event.
    #[must_use]
    pub const fn at(self, timestamp: Timestamp) -> ServerFrame {
        ServerFrame { event: self, timestamp }
    }
}

impl ServerFrame {
    /// The frame's JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        // Every map key in the contract is a string, the one thing that JSON text can fail on.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for ServerFrame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("ServerFrame", 4)?;
        out.serialize_field("category", self.event.category())?;
        out.serialize_field("type", self.event.type_name())?;
        self.event.serialize_data(&mut out)?;
        out.serialize_field("timestamp", &self.timestamp)?;
        out.end()
    }
}

impl<'de> Deserialize<'de> for ServerFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Raw {
            category: String,
            #[serde(rename = "type")]
            kind: String,
            data: Value,
            timestamp: Timestamp,
        }
        let raw = Raw::deserialize(deserializer)?;
        match Event::from_parts(&raw.category, &raw.kind, raw.data) {
            Some(Ok(event)) => Ok(Self { event, timestamp: raw.timestamp }),
            Some(Err(e)) => Err(de::Error::custom(format_args!("data: {e}"))),
            None => Err(de::Error::custom(format_args!("unknown event {}/{}", raw.category, raw.kind))),
        }
    }
}
