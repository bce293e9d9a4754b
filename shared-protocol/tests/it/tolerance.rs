//! What a reader must put up with, so that the contract can grow.

use serde_json::{Value, json};
use tidings_protocol::http::RealtimeSubscribe;
use tidings_protocol::{ClientFrame, Command, ServerFrame};

use crate::samples;

#[test]
fn unknown_fields_of_a_client_frame_are_ignored() {
    for frame in samples::client_frames() {
        let mut value = serde_json::to_value(&frame).unwrap();
        add_unknown_fields(&mut value);
        assert_eq!(ClientFrame::from_value(value), Ok(frame));
    }
}

#[test]
fn unknown_fields_of_a_server_frame_are_ignored() {
    for event in samples::events() {
        let frame = event.at(samples::time());
        let mut value = serde_json::to_value(&frame).unwrap();
        // What an application puts into a notification's `data` is its own and is kept whole.
        let kept = value.pointer_mut("/data/data").map(Value::take);
        add_unknown_fields(&mut value);
        if let (Some(kept), Some(place)) = (kept, value.pointer_mut("/data/data")) {
            *place = kept;
        }
        assert_eq!(serde_json::from_value::<ServerFrame>(value).unwrap(), frame);
    }
}

#[test]
fn what_a_client_says_of_time_sender_or_seq_is_ignored() {
    let frame = ClientFrame::parse(
        r#"{"type":"CHAT_MESSAGE","roomId":"general","content":"hi","timestamp":"yesterday","senderId":7,"seq":-1,"role":{}}"#,
    );
    assert!(matches!(frame.unwrap().command, Command::ChatMessage(chat) if chat.content == "hi"));
}

#[test]
fn null_in_an_optional_field_is_the_same_as_no_field() {
    let pairs = [
        (json!({"type": "PING", "id": null}), json!({"type": "PING"})),
        (
            json!({"type": "JOIN_ROOM", "roomId": "a", "afterSeq": null, "epoch": null}),
            json!({"type": "JOIN_ROOM", "roomId": "a"}),
        ),
        (
            json!({"type": "CHAT_MESSAGE", "roomId": "a", "content": "b", "replyTo": null}),
            json!({"type": "CHAT_MESSAGE", "roomId": "a", "content": "b"}),
        ),
        (
            json!({"type": "REACT", "roomId": "a", "messageId": "m", "emoji": "x", "remove": null}),
            json!({"type": "REACT", "roomId": "a", "messageId": "m", "emoji": "x"}),
        ),
        (
            json!({"type": "RESUME", "epoch": null, "rooms": null, "inboxAfter": null, "notificationsAfter": null}),
            json!({"type": "RESUME"}),
        ),
    ];
    for (with_null, without) in pairs {
        let plain = ClientFrame::from_value(without).unwrap();
        assert_eq!(ClientFrame::from_value(with_null), Ok(plain));
    }
}

#[test]
fn null_is_the_same_as_no_field_in_a_body_of_the_fallback_too() {
    let plain: RealtimeSubscribe = serde_json::from_str(r#"{"clientSession":"page"}"#).unwrap();
    let with_null = r#"{"clientSession":"page","epoch":null,"rooms":null,"inboxAfter":null,"notificationsAfter":null,"waitMs":null}"#;
    assert_eq!(serde_json::from_str::<RealtimeSubscribe>(with_null).unwrap(), plain);
}

/// Puts a field that nobody knows into every object.
fn add_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(add_unknown_fields);
            map.insert("fieldOfTheFuture".into(), json!({"a": [1, null]}));
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown_fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
