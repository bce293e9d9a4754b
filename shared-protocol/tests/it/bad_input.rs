//! What cannot be read is refused with a typed error that names the field.

use serde_json::{Value, json};
use tidings_protocol::{ClientFrame, Code, FrameError};

#[test]
fn a_missing_field_is_named() {
    assert_eq!(field(json!({"id": "1"})), "type");
    assert_eq!(field(json!({"type": "JOIN_ROOM"})), "roomId");
    assert_eq!(field(json!({"type": "CHAT_MESSAGE", "roomId": "general"})), "content");
    assert_eq!(field(json!({"type": "PRIVATE_MESSAGE", "content": "psst"})), "data");
    assert_eq!(field(json!({"type": "PRIVATE_MESSAGE", "content": "psst", "data": {}})), "data.recipientId");
    assert_eq!(field(json!({"type": "TYPING", "roomId": "general", "data": {}})), "data.isTyping");
    assert_eq!(field(json!({"type": "RESUME", "rooms": [{"afterSeq": 1}]})), "rooms[0].roomId");
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    assert_eq!(field(json!({"type": 7})), "type");
    assert_eq!(field(json!({"type": "PING", "id": 7})), "id");
    assert_eq!(field(json!({"type": "PING", "after": 7})), "after");
    assert_eq!(field(json!({"type": "JOIN_ROOM", "roomId": 7})), "roomId");
    assert_eq!(field(json!({"type": "JOIN_ROOM", "roomId": "a", "afterSeq": -1})), "afterSeq");
    assert_eq!(field(json!({"type": "JOIN_ROOM", "roomId": "a", "afterSeq": 1.5})), "afterSeq");
    assert_eq!(field(json!({"type": "CHAT_MESSAGE", "roomId": "a", "content": ["b"]})), "content");
    assert_eq!(field(json!({"type": "TYPING", "roomId": "a", "data": {"isTyping": "yes"}})), "data.isTyping");
    assert_eq!(field(json!({"type": "TYPING", "roomId": "a", "data": true})), "data");
    assert_eq!(field(json!({"type": "PRESENCE", "status": "offline"})), "status");
    let rooms = json!([{"roomId": "a"}, {"roomId": "b", "afterSeq": "5"}]);
    assert_eq!(field(json!({"type": "RESUME", "rooms": rooms})), "rooms[1].afterSeq");
}

#[test]
fn an_identifier_outside_its_bounds_is_named_with_the_reason() {
    let long = "r".repeat(129);
    let error = refused(json!({"type": "JOIN_ROOM", "roomId": long}));
    assert_eq!((error.code, error.field.as_deref()), (Code::InvalidFrame, Some("roomId")));
    assert!(error.reason.contains("at most 128 bytes"), "{}", error.reason);

    assert_eq!(field(json!({"type": "JOIN_ROOM", "roomId": ""})), "roomId");
    assert_eq!(field(json!({"type": "JOIN_ROOM", "roomId": "a b"})), "roomId");
    assert_eq!(field(json!({"type": "RESUME", "rooms": [{"roomId": "a\n"}]})), "rooms[0].roomId");
    assert_eq!(field(json!({"type": "PING", "id": ""})), "id");
    assert_eq!(field(json!({"type": "PING", "id": "i".repeat(65)})), "id");
    let message = json!({"content": "psst", "type": "PRIVATE_MESSAGE", "data": {"recipientId": "b\u{7}b"}});
    assert_eq!(field(message), "data.recipientId");
}

#[test]
fn an_unknown_type_has_a_code_of_its_own() {
    let error = refused(json!({"type": "SING", "id": "1", "roomId": "general"}));
    assert_eq!((error.code, error.field.as_deref()), (Code::UnknownType, Some("type")));
    assert_eq!(error.id.as_ref().map(|id| id.as_str()), Some("1"));
    assert_eq!(error.room_id.as_ref().map(|id| id.as_str()), Some("general"));
    let lower = refused(json!({"type": "ping"}));
    assert_eq!(lower.code, Code::UnknownType);
}

#[test]
fn a_refusal_holds_what_could_be_read_of_the_frames_id_and_room() {
    let error = refused(json!({"type": "CHAT_MESSAGE", "id": "1", "roomId": "general", "content": 1}));
    assert_eq!(error.id.as_ref().map(|id| id.as_str()), Some("1"));
    assert_eq!(error.room_id.as_ref().map(|id| id.as_str()), Some("general"));

    let error = refused(json!({"type": "CHAT_MESSAGE", "id": {}, "roomId": "general", "content": "hi"}));
    assert_eq!((error.id, error.field.as_deref()), (None, Some("id")));
}

#[test]
fn what_is_no_json_object_is_refused_without_a_field() {
    for text in ["", "{", "[]", "null", "\"PING\"", "1", "{\"type\":\"PING\"}}", "\u{feff}{}"] {
        let error = ClientFrame::parse(text).unwrap_err();
        assert_eq!((error.code, error.field), (Code::InvalidFrame, None), "{text:?}");
    }
}

#[test]
fn depth_cannot_exhaust_the_stack() {
    let deep = format!("{{\"type\":\"PING\",\"x\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(ClientFrame::parse(&deep).unwrap_err().code, Code::InvalidFrame);
}

fn refused(frame: Value) -> FrameError {
    ClientFrame::from_value(frame).unwrap_err()
}

fn field(frame: Value) -> String {
    let error = refused(frame);
    assert_eq!(error.code, Code::InvalidFrame);
    error.field.unwrap()
}
