//! What a frame is, by its category and type.

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
            /// A table costs a browser less than a `match`, which compares each name in code of its own.
            const NAMES: &[(&str, &str, Self)] = &[$(($category, $name, Self::$variant),)*];

            pub(super) fn new(category: &str, name: &str) -> Self {
                let found = Self::NAMES.iter().find(|(c, n, _)| *n == name && *c == category);
                found.map_or(Self::Unknown, |&(_, _, kind)| kind)
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
    /// The position in notifications could not be used.
    "NOTIFICATION" / "RESET" => NotificationReset,
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
}
