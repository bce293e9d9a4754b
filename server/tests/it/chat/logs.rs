//! Edits, deletions, reactions and markers.

use serde_json::{Value, json};

use crate::harness::{Client, Server, seqs};

async fn room_with_a_message(server: &Server) -> (Client, Client, String) {
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    let ack = ann.say("general", "m", "first").await;
    bob.message().await;
    (ann, bob, ack["messageId"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_durable_change_has_its_own_seq() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob, message) = room_with_a_message(&server).await;
    let change =
        |kind: &str, id: &str| json!({ "type": kind, "roomId": "general", "messageId": message, "id": id });
    let with = |mut frame: Value, key: &str, value: Value| {
        frame[key] = value;
        frame
    };
    ann.send(with(change("EDIT_MESSAGE", "e"), "content", "better".into())).await;
    assert_eq!(ann.answer("e").await["seq"], 2);
    bob.send(with(change("REACT", "r"), "emoji", "👍".into())).await;
    assert_eq!(bob.answer("r").await["seq"], 3);
    bob.send(with(change("REACT", "r2"), "emoji", "👍".into())).await;
    let unchanged = bob.answer("r2").await;
    assert!(unchanged.get("seq").is_none(), "{unchanged}");
    bob.send(with(with(change("REACT", "r3"), "emoji", "👍".into()), "remove", true.into())).await;
    assert_eq!(bob.answer("r3").await["seq"], 4);
    ann.send(change("DELETE_MESSAGE", "d")).await;
    assert_eq!(ann.answer("d").await["seq"], 5);

    let frames = bob.so_far().await;
    let chat: Vec<_> = frames.iter().filter(|f| f["category"] == "CHAT").cloned().collect();
    let kinds: Vec<_> = chat.iter().map(|f| f["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["EDITED", "REACTION", "REACTION", "DELETED"]);
    assert_eq!(seqs(&chat), [2, 3, 4, 5]);
    assert_eq!(chat[0]["data"]["content"], "better");
    assert_eq!((&chat[1]["data"]["removed"], &chat[2]["data"]["removed"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn only_its_sender_edits_or_deletes_a_message() {
    let server = Server::start(&[]).await;
    let (_ann, mut bob, message) = room_with_a_message(&server).await;
    for frame in [
        json!({ "type": "EDIT_MESSAGE", "roomId": "general", "messageId": message, "content": "x", "id": "1" }),
        json!({ "type": "DELETE_MESSAGE", "roomId": "general", "messageId": message, "id": "2" }),
    ] {
        bob.send(frame).await;
        assert_eq!(bob.error().await["code"], "FORBIDDEN");
    }
    let unknown = json!({ "type": "DELETE_MESSAGE", "roomId": "general", "messageId": "nothing", "id": "3" });
    bob.send(unknown).await;
    assert_eq!(bob.error().await["code"], "NOT_FOUND");
}

#[tokio::test]
async fn replay_shows_messages_in_their_present_state() {
    let server = Server::start(&[]).await;
    let (mut ann, _bob, message) = room_with_a_message(&server).await;
    let kept = ann.say("general", "k", "kept").await["messageId"].as_str().unwrap().to_owned();
    let edit = json!({ "type": "EDIT_MESSAGE", "roomId": "general", "messageId": kept, "content": "edited", "id": "e" });
    ann.send(edit).await;
    ann.answer("e").await;
    ann.send(json!({ "type": "DELETE_MESSAGE", "roomId": "general", "messageId": message, "id": "d" })).await;
    ann.answer("d").await;

    let mut cy = server.connect("cy").await;
    cy.send(json!({ "type": "JOIN_ROOM", "roomId": "general", "afterSeq": 0 })).await;
    assert_eq!(cy.expect("SYSTEM", "ROOM_PARTICIPANTS").await["replayFrom"], 1);
    let first = cy.message().await;
    assert_eq!((&first["content"], &first["deleted"]), (&json!(""), &json!(true)));
    let second = cy.message().await;
    assert_eq!(second["content"], "edited");
    assert!(second["editedAt"].is_string());
    assert_eq!(cy.expect("CHAT", "EDITED").await["seq"], 3);
    assert_eq!(cy.expect("CHAT", "DELETED").await["seq"], 4);
}

#[tokio::test]
async fn a_read_marker_moves_forward_only_and_is_told() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob, _) = room_with_a_message(&server).await;
    let mut phone = server.connect("bob").await;
    ann.say("general", "m2", "second").await;
    bob.send(json!({ "type": "READ", "roomId": "general", "seq": 2, "id": "r" })).await;
    assert!(bob.answer("r").await.get("seq").is_none(), "markers are not in the log");
    let told = json!({ "roomId": "general", "userId": "bob", "seq": 2 });
    assert_eq!(ann.expect("CHAT", "READ").await, told);
    assert_eq!(phone.expect("CHAT", "READ").await, told, "the user's own other session");
    bob.send(json!({ "type": "READ", "roomId": "general", "seq": 1, "id": "back" })).await;
    bob.answer("back").await;
    bob.send(json!({ "type": "READ", "roomId": "general", "seq": 999, "id": "beyond" })).await;
    bob.answer("beyond").await;
    assert!(ann.so_far().await.iter().all(|f| f["type"] != "READ"));
    let markers = phone.join("general").await["markers"].clone();
    assert_eq!(markers[1]["readSeq"], 2, "{markers}");
}
