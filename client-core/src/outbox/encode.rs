//! An entry as the frame that is sent, and the lane that a frame belongs to.

use alloc::borrow::ToOwned;
use alloc::string::String;

use tidings_protocol::id::DIRECT_PREFIX;
use tidings_protocol::{ClientId, MessageId};

use crate::command::Entry;
use crate::json::{self, write::Object};

/// The frame of an entry.
pub(crate) fn encode(id: &ClientId, entry: &Entry) -> String {
    let (kind, room) = match entry {
        Entry::Chat { room, .. } => ("CHAT_MESSAGE", Some(room)),
        Entry::Private { .. } => ("PRIVATE_MESSAGE", None),
        Entry::Edit { room, .. } => ("EDIT_MESSAGE", Some(room)),
        Entry::Delete { room, .. } => ("DELETE_MESSAGE", Some(room)),
        Entry::React { room, .. } => ("REACT", Some(room)),
    };
    let mut object = Object::frame(kind, Some(id.as_str()));
    if let Some(room) = room {
        object.text("roomId", room.as_str());
    }
    match entry {
        Entry::Chat { content, reply_to, .. } => message(&mut object, content, reply_to.as_ref()),
        Entry::Private { recipient, content, reply_to } => {
            message(&mut object, content, reply_to.as_ref());
            let mut data = Object::new();
            data.text("recipientId", recipient.as_str());
            object.raw("data", &data.end());
        }
        Entry::Edit { message, content, .. } => {
            object.text("messageId", message.as_str());
            object.text("content", content);
        }
        Entry::Delete { message, .. } => object.text("messageId", message.as_str()),
        Entry::React { message, emoji, remove, .. } => {
            object.text("messageId", message.as_str());
            object.text("emoji", emoji);
            if *remove {
                object.flag("remove", true);
            }
        }
    }
    object.end()
}

/// The frame of an entry that is not to overtake the one before it.
pub(crate) fn after(frame: &str, before: &ClientId) -> String {
    let mut object = Object::reopen(frame);
    object.text("after", before.as_str());
    object.end()
}

fn message(object: &mut Object, content: &str, reply_to: Option<&MessageId>) {
    object.text("content", content);
    if let Some(message) = reply_to {
        object.text("replyTo", message.as_str());
    }
}

/// The size of an entry's content; `None` where it has none.
pub(crate) const fn content_bytes(entry: &Entry) -> Option<usize> {
    match entry {
        Entry::Chat { content, .. } | Entry::Private { content, .. } | Entry::Edit { content, .. } => {
            Some(content.len())
        }
        Entry::Delete { .. } | Entry::React { .. } => None,
    }
}

/// The lane of a frame: its room, or one lane for all that is direct. A direct room goes by its id and by its other
/// member, and which id is whose is not known before an answer.
pub(crate) fn lane_of(frame: &str) -> Option<String> {
    let Some(room) = json::field(frame, "roomId") else {
        return json::field(frame, "data").map(|_| DIRECT_PREFIX.to_owned());
    };
    let room = json::text(room)?;
    Some(if room.starts_with(DIRECT_PREFIX) { DIRECT_PREFIX.to_owned() } else { room })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use tidings_protocol::{ClientFrame, RoomId, UserId};

    #[test]
    fn frames_are_those_of_the_contract() {
        let id = ClientId::new("1").unwrap();
        let room = RoomId::new("r\"1").unwrap();
        let message = MessageId::new("m1").unwrap();
        let content = "a\n\"b\" \u{1F600}".to_owned();
        let entries = [
            Entry::Chat { room: room.clone(), content: content.clone(), reply_to: Some(message.clone()) },
            Entry::Private {
                recipient: UserId::new("bob").unwrap(),
                content: content.clone(),
                reply_to: None,
            },
            Entry::Edit { room: room.clone(), message: message.clone(), content },
            Entry::Delete { room: room.clone(), message: message.clone() },
            Entry::React { room, message, emoji: "\u{1F44D}".into(), remove: true },
        ];
        for entry in entries {
            let frame = encode(&id, &entry);
            let parsed = ClientFrame::parse(&frame).unwrap();
            let ours: serde_json::Value = serde_json::from_str(&frame).unwrap();
            assert_eq!(serde_json::to_value(&parsed).unwrap(), ours);
            let after: ClientFrame =
                ClientFrame::parse(&after(&frame, &ClientId::new("\"0").unwrap())).unwrap();
            assert_eq!(after, ClientFrame { after: Some(ClientId::new("\"0").unwrap()), ..parsed });
            let lane = if matches!(entry, Entry::Private { .. }) { "direct:" } else { "r\"1" };
            assert_eq!(lane_of(&frame).as_deref(), Some(lane));
        }
    }

    #[test]
    fn what_is_direct_shares_a_lane_by_whichever_name() {
        let id = ClientId::new("1").unwrap();
        let direct = RoomId::new("direct:\"7").unwrap();
        let message = MessageId::new("m1").unwrap();
        let recipient = UserId::new("bob").unwrap();
        let entries = [
            Entry::Private { recipient, content: "1".to_owned(), reply_to: None },
            Entry::Chat { room: direct.clone(), content: "2".to_owned(), reply_to: None },
            Entry::Delete { room: direct, message },
        ];
        for entry in entries {
            assert_eq!(lane_of(&encode(&id, &entry)).as_deref(), Some("direct:"));
        }
    }
}
