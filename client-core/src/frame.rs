//! One server frame: its envelope and the few fields that a session steers by. The rest stays text.

use std::borrow::Cow;

use crate::json::scan::{self, Scanner, Span};

macro_rules! kinds {
    ($($(#[$meta:meta])* $category:literal / $name:literal => $variant:ident,)*) => {
        /// What a server frame is: its category and type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$meta])* $variant,)*
            /// A type that this version does not know.
            Unknown,
        }

        impl Kind {
            fn new(category: &str, name: &str) -> Self {
                match (category, name) {
                    $(($category, $name) => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }
        }
    };
}

kinds! {
    /// The greeting.
    "SYSTEM" / "CONNECTION_ESTABLISHED" => ConnectionEstablished,
    /// The answer to a join.
    "SYSTEM" / "ROOM_PARTICIPANTS" => RoomParticipants,
    /// How many are in a large room.
    "SYSTEM" / "ROOM_COUNT" => RoomCount,
    /// What will not be replayed.
    "SYSTEM" / "GAP" => Gap,
    /// A user came into a room.
    "SYSTEM" / "USER_JOINED" => UserJoined,
    /// A user left a room.
    "SYSTEM" / "USER_LEFT" => UserLeft,
    /// A user was lost from a room.
    "SYSTEM" / "USER_DISCONNECTED" => UserDisconnected,
    /// A user's presence.
    "SYSTEM" / "PRESENCE" => Presence,
    /// The user was let into a room or put out of it.
    "SYSTEM" / "MEMBERSHIP" => Membership,
    /// Name or kind of a room changed.
    "SYSTEM" / "ROOM_UPDATED" => RoomUpdated,
    /// A frame was done, durably.
    "SYSTEM" / "ACK" => Ack,
    /// The answer to a ping.
    "SYSTEM" / "PONG" => Pong,
    /// The token was replaced.
    "SYSTEM" / "AUTHENTICATED" => Authenticated,
    /// The token will expire soon.
    "SYSTEM" / "TOKEN_EXPIRING" => TokenExpiring,
    /// The server drains.
    "SYSTEM" / "GOING_AWAY" => GoingAway,
    /// A message in a room.
    "CHAT" / "MESSAGE" => ChatMessage,
    /// A message was edited.
    "CHAT" / "EDITED" => Edited,
    /// A message was deleted.
    "CHAT" / "DELETED" => Deleted,
    /// A reaction was set or unset.
    "CHAT" / "REACTION" => Reaction,
    /// A read marker moved.
    "CHAT" / "READ" => Read,
    /// Somebody types, or has stopped.
    "TYPING" / "INDICATOR" => Typing,
    /// A message of a direct room.
    "PRIVATE" / "MESSAGE" => PrivateMessage,
    /// The recipient has been handed a direct message.
    "PRIVATE" / "DELIVERED" => Delivered,
    /// A notification to this user.
    "NOTIFICATION" / "NOTIFICATION" => Notification,
    /// A notification to everybody.
    "NOTIFICATION" / "BROADCAST" => Broadcast,
    /// The read state of notifications changed.
    "NOTIFICATION" / "STATE" => NotificationState,
    /// Something was refused.
    "ERROR" / "MESSAGE" => Error,
}

impl Kind {
    /// Whether the frame is an entry of a log, with a `seq` of its own.
    #[must_use]
    pub const fn is_entry(self) -> bool {
        matches!(
            self,
            Self::ChatMessage | Self::Edited | Self::Deleted | Self::Reaction | Self::PrivateMessage
        )
    }
}

macro_rules! fields {
    ($($name:ident = $key:literal,)*) => {
        /// Places of the fields of `data` that a session reads.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub(crate) struct Fields { $(pub(crate) $name: Span,)* }

        impl Fields {
            fn set(&mut self, key: &[u8], value: Span) {
                match key {
                    $($key => self.$name = value,)*
                    _ => {}
                }
            }
        }
    };
}

fields! {
    id = b"id",
    room_id = b"roomId",
    message_id = b"messageId",
    client_id = b"clientId",
    sender_id = b"senderId",
    user_id = b"userId",
    seq = b"seq",
    inbox_seq = b"inboxSeq",
    duplicate = b"duplicate",
    replay_from = b"replayFrom",
    head_seq = b"headSeq",
    code = b"code",
    retry_after_ms = b"retryAfterMs",
    inbox = b"inbox",
    from = b"from",
    to = b"to",
    reason = b"reason",
    member = b"member",
    epoch = b"epoch",
    cursor = b"cursor",
    heartbeat_ms = b"heartbeatMs",
    max_content_bytes = b"maxContentBytes",
    frames_per_second = b"framesPerSecond",
    frame_burst = b"frameBurst",
}

/// One server frame. The text is whole; `data` is to be parsed by whoever shows it.
#[derive(Clone, PartialEq)]
pub struct Frame {
    text: String,
    kind: Kind,
    category: Span,
    name: Span,
    data: Span,
    timestamp: Span,
    pub(crate) fields: Fields,
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Frame {
    /// Reads a frame's envelope; the text comes back where it is none.
    pub(crate) fn read(text: String) -> Result<Self, String> {
        let mut frame = Self {
            text,
            kind: Kind::Unknown,
            category: Span::default(),
            name: Span::default(),
            data: Span::default(),
            timestamp: Span::default(),
            fields: Fields::default(),
        };
        match frame.scan() {
            Some(()) => Ok(frame),
            None => Err(frame.text),
        }
    }

    fn scan(&mut self) -> Option<()> {
        let text = self.text.as_str();
        let mut scanner = Scanner::new(text);
        scanner.enter()?;
        while let Some((key, value)) = scanner.field()? {
            match key {
                b"category" => self.category = value,
                b"type" => self.name = value,
                b"data" => self.data = value,
                b"timestamp" => self.timestamp = value,
                _ => {}
            }
        }
        if !scanner.is_done() {
            return None;
        }
        self.kind = Kind::new(&scan::string(self.category.of(text))?, &scan::string(self.name.of(text))?);
        if self.data.of(text).starts_with('{') {
            let mut scanner = Scanner::at(text, self.data);
            scanner.enter()?;
            while let Some((key, value)) = scanner.field()? {
                self.fields.set(key, value);
            }
        }
        Some(())
    }

    /// What the frame is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The category's name.
    #[must_use]
    pub fn category(&self) -> Cow<'_, str> {
        self.text_of(self.category).unwrap_or_default()
    }

    /// The type's name.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.text_of(self.name).unwrap_or_default()
    }

    /// The JSON text of `data`; empty where there is none.
    #[must_use]
    pub fn data(&self) -> &str {
        self.data.of(&self.text)
    }

    /// The server's time, RFC 3339.
    #[must_use]
    pub fn timestamp(&self) -> Cow<'_, str> {
        self.text_of(self.timestamp).unwrap_or_default()
    }

    /// The frame's whole JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The frame's whole JSON text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// `data.roomId`.
    #[must_use]
    pub fn room_id(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.fields.room_id)
    }

    /// `data.seq`.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.number_of(self.fields.seq)
    }

    /// `data.inboxSeq`.
    #[must_use]
    pub fn inbox_seq(&self) -> Option<u64> {
        self.number_of(self.fields.inbox_seq)
    }

    /// `data.messageId`.
    #[must_use]
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.fields.message_id)
    }

    /// `data.clientId`: the id of the client frame that made the entry.
    #[must_use]
    pub fn client_id(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.fields.client_id)
    }

    /// `data.cursor`: the position of a notification.
    #[must_use]
    pub fn cursor(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.fields.cursor)
    }

    pub(crate) fn text_of(&self, span: Span) -> Option<Cow<'_, str>> {
        scan::string(span.of(&self.text))
    }

    pub(crate) fn owned(&self, span: Span) -> Option<String> {
        self.text_of(span).map(Cow::into_owned)
    }

    pub(crate) fn number_of(&self, span: Span) -> Option<u64> {
        scan::number(span.of(&self.text))
    }

    pub(crate) fn is_true(&self, span: Span) -> bool {
        span.of(&self.text) == "true"
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_event_of_the_contract_has_a_kind() {
        for (category, name) in tidings_protocol::Event::TYPES {
            assert_ne!(Kind::new(category, name), Kind::Unknown, "{category}/{name}");
        }
    }

    #[test]
    fn nested_fields_are_not_mistaken_for_those_of_data() {
        let text =
            r#"{"type":"MESSAGE","data":{"nested":{"seq":7},"seq":3,"roomId":"a\"b"},"category":"CHAT"}"#;
        let frame = Frame::read(text.to_owned()).unwrap();
        assert_eq!(frame.kind(), Kind::ChatMessage);
        assert_eq!((frame.seq(), frame.room_id().as_deref()), (Some(3), Some("a\"b")));
        assert_eq!(frame.data(), r#"{"nested":{"seq":7},"seq":3,"roomId":"a\"b"}"#);
    }
}
