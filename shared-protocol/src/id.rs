//! Identifiers as newtypes: one that exists has passed its check.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::limits::{MAX_CLIENT_ID_BYTES, MAX_CLIENT_SESSION_BYTES, MAX_IDENTIFIER_BYTES};

/// What the id of every direct room begins with. A server makes those ids; no client can create a room of such a one.
pub const DIRECT_PREFIX: &str = "direct:";

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// The text is longer than the limit.
    #[error("must be at most {max} bytes")]
    TooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// The text holds a character that the identifier may not have.
    #[error("must not contain {0}")]
    Forbidden(&'static str),
}

fn check_length(text: &str, max: usize) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.len() > max {
        return Err(InvalidId::TooLong { max });
    }
    Ok(())
}

/// `userId` and `roomId`: no whitespace, no control characters.
fn check_name(text: &str) -> Result<(), InvalidId> {
    check_length(text, MAX_IDENTIFIER_BYTES)?;
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidId::Forbidden("whitespace or control characters"));
    }
    Ok(())
}

fn check_client_id(text: &str) -> Result<(), InvalidId> {
    check_length(text, MAX_CLIENT_ID_BYTES)
}

fn check_client_session(text: &str) -> Result<(), InvalidId> {
    check_length(text, MAX_CLIENT_SESSION_BYTES)?;
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(InvalidId::Forbidden("anything but printable ASCII"));
    }
    Ok(())
}

/// Message ids, epochs and session ids come from a server; a client echoes them.
fn check_token(text: &str) -> Result<(), InvalidId> {
    check_length(text, MAX_IDENTIFIER_BYTES)?;
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(InvalidId::Forbidden("anything but printable ASCII"));
    }
    Ok(())
}

/// A cursor goes into an `id:` line and a query, so its alphabet is the unreserved set of RFC 3986 §2.3.
fn check_cursor(text: &str) -> Result<(), InvalidId> {
    check_length(text, MAX_IDENTIFIER_BYTES)?;
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-')) {
        return Err(InvalidId::Forbidden("anything but letters, digits and . _ ~ -"));
    }
    Ok(())
}

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident, $check:ident, $max:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes an identifier of it.
            ///
            /// # Errors
            /// [`InvalidId`] says what is wrong with the text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                Self::checked(text.as_ref())
            }

            // One for all kinds of text.
            fn checked(text: &str) -> Result<Self, InvalidId> {
                $check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::new(text).map_err(de::Error::custom)
            }
        }

        crate::schema::described_as_string!($name, minimum: 1, maximum: $max);
    };
}

identifier!(
    /// A user: the `sub` of a token. 1–128 bytes of UTF-8 without whitespace or control characters.
    UserId,
    check_name,
    MAX_IDENTIFIER_BYTES
);
identifier!(
    /// A room. 1–128 bytes of UTF-8 without whitespace or control characters.
    RoomId,
    check_name,
    MAX_IDENTIFIER_BYTES
);
impl RoomId {
    /// Whether it is the id of a direct room: whether it begins with [`DIRECT_PREFIX`].
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.0.starts_with(DIRECT_PREFIX)
    }
}

identifier!(
    /// A message, given by the server (UUIDv7).
    MessageId,
    check_token,
    MAX_IDENTIFIER_BYTES
);
identifier!(
    /// The `id` of a client frame: its correlation and idempotency key. 1–64 bytes; SDKs use UUIDs.
    ClientId,
    check_client_id,
    MAX_CLIENT_ID_BYTES
);
identifier!(
    /// `clientSession`: one page load of one client, random. 1–64 bytes of printable ASCII.
    ClientSession,
    check_client_session,
    MAX_CLIENT_SESSION_BYTES
);
identifier!(
    /// One connection, given by the server.
    SessionId,
    check_token,
    MAX_IDENTIFIER_BYTES
);
identifier!(
    /// Names the log itself: it changes when a store is begun anew or restored.
    Epoch,
    check_token,
    MAX_IDENTIFIER_BYTES
);
identifier!(
    /// A position in a user's notifications and the broadcasts; opaque to a client.
    Cursor,
    check_cursor,
    MAX_IDENTIFIER_BYTES
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_bounded_in_bytes_not_characters() {
        assert!(RoomId::new("ü".repeat(64)).is_ok());
        assert_eq!(RoomId::new("ü".repeat(65)), Err(InvalidId::TooLong { max: 128 }));
        assert_eq!(UserId::new(""), Err(InvalidId::Empty));
    }

    #[test]
    fn whitespace_and_control_characters_make_no_name() {
        for text in ["a b", "a\n", "\u{7f}", "a\u{a0}b", "\u{2028}"] {
            assert!(RoomId::new(text).is_err(), "{text:?}");
        }
        assert!(RoomId::new("café/general:1").is_ok());
    }

    #[test]
    fn a_cursor_fits_an_event_stream_line() {
        assert!(Cursor::new("aZ0._~-").is_ok());
        assert!(Cursor::new("a\nb").is_err());
        assert!(Cursor::new("a+b").is_err());
    }
}
