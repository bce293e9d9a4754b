//! What a session says, as far as a hub or a relay must know it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json;

/// What the answer to a frame means for its link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing but to that link.
    Plain,
    /// Rooms that are not yet answered for.
    Resume(Vec<String>),
    Join(String),
    /// The others are told.
    Read(String, u64),
}

/// One frame of a session.
#[derive(Debug)]
pub(crate) enum Said {
    /// To be handed on, with the question that its id stands for.
    Frame(Option<String>, Meaning),
    /// An entry, and the one that it must not overtake.
    Entry(String, Option<String>),
    /// To be handed on; whoever has the connection may hear the answer.
    Ping,
    Leave(String, String),
    /// Away or not.
    Presence(bool),
}

impl Said {
    /// Reads a frame of ours; one that is none is handed on as it is.
    pub(crate) fn read(text: &str) -> Self {
        let string = |name| json::text_of(text, name);
        let (id, room) = (string("id"), string("roomId"));
        match (string("type").as_deref(), id, room) {
            (Some("PING"), ..) => Self::Ping,
            (Some("PRESENCE"), ..) => Self::Presence(string("status").as_deref() == Some("away")),
            (Some("LEAVE_ROOM"), Some(id), Some(room)) => Self::Leave(id, room),
            (Some("JOIN_ROOM"), id, Some(room)) => Self::Frame(id, Meaning::Join(room)),
            (Some("RESUME"), id, _) => {
                Self::Frame(id, Meaning::Resume(rooms(json::field(text, "rooms").unwrap_or_default())))
            }
            (Some("READ"), id, Some(room)) => {
                Self::Frame(id, Meaning::Read(room, json::number_of(text, "seq").unwrap_or(0)))
            }
            (
                Some("CHAT_MESSAGE" | "PRIVATE_MESSAGE" | "EDIT_MESSAGE" | "DELETE_MESSAGE" | "REACT"),
                Some(id),
                _,
            ) => Self::Entry(id, string("after")),
            (_, id, _) => Self::Frame(id, Meaning::Plain),
        }
    }
}

/// The `roomId` of each item.
fn rooms(list: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for item in &json::items(list).unwrap_or_default() {
        rooms.extend(json::text_of(item, "roomId"));
    }
    rooms
}
