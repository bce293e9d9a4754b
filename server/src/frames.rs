//! Entries, answers and errors as encoded server frames: the one place that turns what the server knows into
//! what a client reads.

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::{Ack, Deleted, Edited, PrivateDelivery, Reaction};
use tidings_protocol::{ClientId, Event, RoomId, ServerFrame, Timestamp, UserId};

use crate::error::Error;
use crate::store::{Appended, Entry, EntryBody};

/// The encoded frame of an event.
#[must_use]
pub fn encode(event: Event, at: Timestamp) -> Utf8Bytes {
    Utf8Bytes::from(event.at(at).encode())
}

/// An entry as everybody in its room sees it.
#[must_use]
pub fn entry(entry: &Entry) -> Utf8Bytes {
    Utf8Bytes::from(entry_frame(entry, None).encode())
}

/// An entry of a direct room as it stands in one user's inbox.
#[must_use]
pub fn inbox_entry(entry: &Entry, inbox_seq: u64) -> Utf8Bytes {
    Utf8Bytes::from(entry_frame(entry, Some(inbox_seq)).encode())
}

/// The frame of an entry. A message of a direct room is `PRIVATE/MESSAGE`, also in the room's own log.
#[must_use]
pub fn entry_frame(entry: &Entry, inbox_seq: Option<u64>) -> ServerFrame {
    let (room_id, seq, client_id) = (entry.room_id.clone(), entry.seq, entry.client_id.clone());
    let event = match &entry.body {
        EntryBody::Message(message) => match recipient(entry) {
            Some(recipient_id) => Event::PrivateMessage(PrivateDelivery {
                message: (**message).clone(),
                recipient_id: recipient_id.clone(),
                inbox_seq,
            }),
            None => Event::ChatMessage((**message).clone()),
        },
        EntryBody::Edited { message_id, content, edited_at } => Event::Edited(Edited {
            room_id,
            message_id: message_id.clone(),
            seq,
            sender_id: entry.actor.clone(),
            content: content.clone(),
            edited_at: *edited_at,
            inbox_seq,
            client_id,
        }),
        EntryBody::Deleted { message_id } => Event::Deleted(Deleted {
            room_id,
            message_id: message_id.clone(),
            seq,
            sender_id: entry.actor.clone(),
            inbox_seq,
            client_id,
        }),
        EntryBody::Reaction { message_id, emoji, removed } => Event::Reaction(Reaction {
            room_id,
            message_id: message_id.clone(),
            seq,
            user_id: entry.actor.clone(),
            emoji: emoji.clone(),
            removed: *removed,
            inbox_seq,
            client_id,
        }),
    };
    event.at(entry.at)
}

/// To whom a direct entry goes: the member who did not make it.
fn recipient(entry: &Entry) -> Option<&UserId> {
    let [a, b] = entry.peers.as_ref()?;
    Some(if *a == entry.actor { b } else { a })
}

/// The `ACK` of a frame that made an entry (or found that none was needed).
#[must_use]
pub fn appended(id: ClientId, appended: Appended, at: Timestamp) -> Utf8Bytes {
    let ack = Ack {
        id,
        duplicate: appended.duplicate,
        room_id: Some(appended.room_id),
        message_id: Some(appended.message_id),
        seq: appended.seq,
    };
    encode(Event::Ack(ack), at)
}

/// The `ACK` of a frame that made no entry.
#[must_use]
pub fn done(id: ClientId, room_id: Option<RoomId>, at: Timestamp) -> Utf8Bytes {
    encode(Event::Ack(Ack { id, duplicate: false, room_id, message_id: None, seq: None }), at)
}

/// The `ERROR` of a refused frame.
#[must_use]
pub fn error(error: &Error, id: Option<ClientId>, room_id: Option<RoomId>, at: Timestamp) -> Utf8Bytes {
    Utf8Bytes::from(error.to_frame(id, room_id, at).encode())
}

/// A notification or broadcast, whose JSON text was made once for everybody, with its cursor.
#[must_use]
pub fn notice(broadcast: bool, json: &str, cursor: &str, at: Timestamp) -> Utf8Bytes {
    let kind = if broadcast { "BROADCAST" } else { "NOTIFICATION" };
    notice_frame(kind, json, cursor, at)
}

/// A change of read state likewise.
#[must_use]
pub fn notice_state(json: &str, cursor: &str, at: Timestamp) -> Utf8Bytes {
    notice_frame("STATE", json, cursor, at)
}

fn notice_frame(kind: &str, json: &str, cursor: &str, at: Timestamp) -> Utf8Bytes {
    // A cursor has no character that JSON escapes, and the object is never empty.
    let object = json.strip_suffix('}').unwrap_or(json);
    Utf8Bytes::from(format!(
        r#"{{"category":"NOTIFICATION","type":"{kind}","data":{object},"cursor":"{cursor}"}},"timestamp":"{at}"}}"#
    ))
}

/// The type of a frame that this server has encoded: category and type stand first.
#[must_use]
pub fn kind_of(frame: &str) -> &'static str {
    const MESSAGE: &str = "{\"category\":\"CHAT\",\"type\":\"MESSAGE\"";
    const CATEGORY: &str = "{\"category\":\"";
    const TYPE: &str = "\",\"type\":\"";
    // What a busy room sends most: looking for the parts takes twice what it takes to put the frame into the
    // socket's buffer.
    if frame.starts_with(MESSAGE) {
        return "CHAT_MESSAGE";
    }
    let Some((category, rest)) = frame.strip_prefix(CATEGORY).and_then(|r| r.split_once(TYPE)) else {
        return "OTHER";
    };
    let Some((kind, _)) = rest.split_once('"') else { return "OTHER" };
    if category == "PRIVATE" && kind == "MESSAGE" {
        return "PRIVATE_MESSAGE";
    }
    Event::TYPES.iter().find(|(c, k)| *c == category && *k == kind).map_or("OTHER", |(_, k)| k)
}

#[cfg(test)]
mod tests {
    use tidings_protocol::data::GoingAway;

    use super::*;

    #[test]
    fn a_frames_type_is_read_off_its_beginning() {
        let frame = Event::GoingAway(GoingAway { retry_after_ms: 1 }).at(Timestamp::default()).encode();
        assert_eq!(kind_of(&frame), "GOING_AWAY");
        assert_eq!(kind_of(r#"{"category":"CHAT","type":"MESSAGE","data":{}}"#), "CHAT_MESSAGE");
        assert_eq!(kind_of(r#"{"category":"CHAT","type":"EDITED","data":{}}"#), "EDITED");
        assert_eq!(kind_of(r#"{"category":"PRIVATE","type":"MESSAGE","data":{}}"#), "PRIVATE_MESSAGE");
        assert_eq!(kind_of("{}"), "OTHER");
    }
}
