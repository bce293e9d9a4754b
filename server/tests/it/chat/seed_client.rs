//! A client that speaks exactly as the browser class which existing pages use: no `id`, a `timestamp` on each
//! frame, `data` for typing and recipients, and a switch over five categories.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Client, Server};

const STAMP: &str = "2026-01-31T09:05:00.250Z";

struct Page {
    client: Client,
    events: BTreeMap<&'static str, Vec<Value>>,
}

impl Page {
    async fn open(server: &Server, user: &str) -> Self {
        let client = server.connect(user).await;
        Self { client, events: BTreeMap::new() }
    }

    async fn send(&mut self, mut frame: Value) {
        frame["timestamp"] = STAMP.into();
        self.client.send(frame).await;
    }

    /// What the page's class does with one message.
    fn handle(&mut self, frame: Value) {
        let name = match (frame["category"].as_str().unwrap(), frame["type"].as_str().unwrap()) {
            ("SYSTEM", "CONNECTION_ESTABLISHED") => "connectionEstablished",
            ("SYSTEM", "USER_JOINED") => "userJoined",
            ("SYSTEM", "USER_LEFT") => "userLeft",
            ("SYSTEM", "ROOM_PARTICIPANTS") => "roomParticipants",
            ("SYSTEM", _) => "systemMessage",
            ("CHAT", "MESSAGE") => "chatMessage",
            ("CHAT", _) => return,
            ("TYPING", _) => "typingIndicator",
            ("PRIVATE", "MESSAGE") => "privateMessage",
            ("PRIVATE", "DELIVERED") => "messageDelivered",
            ("ERROR", _) => "error",
            (category, _) => panic!("a category that the page does not know: {category}"),
        };
        self.events.entry(name).or_default().push(frame["data"].clone());
    }

    async fn wait_for(&mut self, name: &str) -> Value {
        loop {
            if let Some(seen) = self.events.get_mut(name)
                && !seen.is_empty()
            {
                return seen.remove(0);
            }
            let frame = self.client.next().await;
            self.handle(frame);
        }
    }
}

#[tokio::test]
async fn the_page_joins_chats_types_and_leaves() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (Page::open(&server, "ann").await, Page::open(&server, "bob").await);
    ann.send(json!({ "type": "JOIN_ROOM", "roomId": "general" })).await;
    assert_eq!(ann.wait_for("roomParticipants").await["participants"], json!(["ann"]));
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": "general" })).await;
    assert_eq!(ann.wait_for("userJoined").await["userId"], "bob");
    ann.send(json!({ "type": "TYPING", "roomId": "general", "data": { "isTyping": true } })).await;
    bob.wait_for("roomParticipants").await;
    let typing = bob.wait_for("typingIndicator").await;
    assert_eq!(typing, json!({ "userId": "ann", "isTyping": true, "roomId": "general" }));
    ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "content": "hi" })).await;
    for page in [&mut ann, &mut bob] {
        let message = page.wait_for("chatMessage").await;
        assert_eq!((&message["senderId"], &message["content"]), (&json!("ann"), &json!("hi")));
        assert_eq!(message["roomId"], "general");
        assert!(message["messageId"].is_string() && message["timestamp"].is_string());
    }
    bob.send(json!({ "type": "LEAVE_ROOM", "roomId": "general" })).await;
    assert_eq!(ann.wait_for("userLeft").await["userId"], "bob");
}

#[tokio::test]
async fn the_page_sends_a_private_message_and_is_told_of_its_delivery() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (Page::open(&server, "ann").await, Page::open(&server, "bob").await);
    ann.send(json!({ "type": "PRIVATE_MESSAGE", "content": "psst", "data": { "recipientId": "bob" } })).await;
    let message = bob.wait_for("privateMessage").await;
    assert_eq!((&message["senderId"], &message["content"]), (&json!("ann"), &json!("psst")));
    assert_eq!(ann.wait_for("messageDelivered").await["messageId"], message["messageId"]);
    assert!(!ann.events.contains_key("privateMessage"));
}

#[tokio::test]
async fn the_page_gets_the_two_sentences_that_it_knows() {
    let server = Server::start(&[]).await;
    let mut ann = Page::open(&server, "ann").await;
    ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "elsewhere", "content": "x" })).await;
    assert_eq!(ann.wait_for("error").await["error"], "You are not a member of this room");
    ann.send(json!({ "type": "CHAT_MESSAGE" })).await;
    assert_eq!(ann.wait_for("error").await["error"], "Invalid message format");
}
