//! Joining, leaving, sending.

use serde_json::json;

use crate::harness::{Server, now, token, token_with};

#[tokio::test]
async fn the_first_frame_says_who_where_and_how() {
    let server = Server::start(&["--heartbeat", "20s"]).await;
    let ann = server.connect("ann").await;
    assert_eq!(ann.hello["userId"], "ann");
    assert_eq!(ann.hello["message"], "Connected to chat server");
    assert_eq!(ann.hello["epoch"], "test-epoch");
    assert_eq!(ann.hello["inboxSeq"], 0);
    assert_eq!(ann.hello["heartbeatMs"], 20_000);
    assert_eq!(ann.hello["maxContentBytes"], 16_384);
    assert_eq!((&ann.hello["framesPerSecond"], &ann.hello["frameBurst"]), (&json!(1000), &json!(2000)));
    assert!(ann.hello["sessionId"].is_string() && ann.hello["protocol"].is_string());
}

#[tokio::test]
async fn a_join_is_answered_with_participants_position_and_then_the_ack() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    ann.say("general", "1", "one").await;
    ann.so_far().await;
    let mut bob = server.connect("bob").await;
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "j" })).await;
    let first = bob.next().await;
    assert_eq!(first["type"], "ROOM_PARTICIPANTS");
    let data = &first["data"];
    assert_eq!(data["participants"], json!(["ann", "bob"]));
    assert_eq!(data["people"][0], json!({ "userId": "ann", "name": "ann", "status": "online" }));
    assert_eq!((&data["count"], &data["headSeq"], &data["replayFrom"]), (&json!(2), &json!(1), &json!(2)));
    assert_eq!(data["markers"][0]["readSeq"], 1, "sending moves one's own marker");
    assert_eq!(data["markers"][1]["readSeq"], 1, "a new member starts at the head");
    let second = bob.next().await;
    assert_eq!((&second["type"], &second["data"]["id"]), (&json!("ACK"), &json!("j")));
    assert!(second["data"].get("seq").is_none());
    let joined = ann.expect("SYSTEM", "USER_JOINED").await;
    assert_eq!(joined, json!({ "userId": "bob", "name": "bob", "roomId": "general" }));
}

#[tokio::test]
async fn a_message_reaches_everybody_in_the_room_the_sender_too() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    let ack = ann.say("general", "m1", "hello").await;
    assert_eq!(
        (&ack["duplicate"], &ack["roomId"], &ack["seq"]),
        (&json!(false), &json!("general"), &json!(1))
    );
    let (to_ann, to_bob) = (ann.message().await, bob.message().await);
    assert_eq!(to_ann, to_bob, "everybody sees the same");
    assert_eq!(to_bob["messageId"], ack["messageId"]);
    assert_eq!((&to_bob["senderId"], &to_bob["content"]), (&json!("ann"), &json!("hello")));
    assert_eq!(to_bob["clientId"], "m1");
}

#[tokio::test]
async fn s19_what_a_client_writes_about_itself_is_ignored() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    ann.send(json!({
        "type": "CHAT_MESSAGE", "roomId": "general", "content": "x", "senderId": "bob", "seq": 99,
        "timestamp": "1999-01-01T00:00:00Z", "messageId": "mine", "role": "owner"
    }))
    .await;
    let message = ann.message().await;
    assert_eq!((&message["senderId"], &message["seq"]), (&json!("ann"), &json!(1)));
    assert_ne!(message["messageId"], "mine");
    assert!(message["timestamp"].as_str().unwrap() > "2020");
}

#[tokio::test]
async fn a_retransmit_is_stored_once_and_acknowledged_again() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let first = ann.say("general", "same", "x").await;
    let again = ann.say("general", "same", "x").await;
    assert_eq!(again["duplicate"], true);
    assert_eq!((&again["messageId"], &again["seq"]), (&first["messageId"], &first["seq"]));
    let frames = ann.so_far().await;
    assert_eq!(frames.iter().filter(|f| f["category"] == "CHAT").count(), 1);
    ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": "same", "content": "y" })).await;
    let error = ann.error().await;
    assert_eq!((&error["code"], &error["id"]), (&json!("CONFLICT"), &json!("same")));
}

#[tokio::test]
async fn s20_a_room_of_which_one_is_no_member_looks_the_same_whether_it_exists_or_not() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("secret").await;
    let mut answers = Vec::new();
    for room in ["secret", "nowhere"] {
        for frame in [
            json!({ "type": "CHAT_MESSAGE", "content": "x" }),
            json!({ "type": "TYPING", "data": { "isTyping": true } }),
            json!({ "type": "READ", "seq": 1 }),
            json!({ "type": "EDIT_MESSAGE", "messageId": "m", "content": "x" }),
            json!({ "type": "DELETE_MESSAGE", "messageId": "m" }),
            json!({ "type": "REACT", "messageId": "m", "emoji": "x" }),
            json!({ "type": "LEAVE_ROOM" }),
        ] {
            let mut frame = frame;
            frame["roomId"] = room.into();
            frame["id"] = "i".into();
            bob.send(frame.clone()).await;
            let mut error = bob.error().await;
            assert_eq!(error["code"], "NOT_A_MEMBER", "{frame}");
            assert_eq!(error["error"], "You are not a member of this room");
            error["roomId"] = "?".into();
            answers.push(error);
        }
    }
    assert_eq!(answers[..7], answers[7..]);
}

#[tokio::test]
async fn s20_sending_needs_membership_not_a_subscription() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let mut phone = server.connect("ann").await;
    assert_eq!(phone.say("general", "1", "from the phone").await["seq"], 1);
    assert_eq!(ann.message().await["content"], "from the phone");
    assert!(phone.so_far().await.iter().all(|f| f["category"] != "CHAT"), "not subscribed, so not told");
}

#[tokio::test]
async fn the_last_session_out_leaves_the_room_and_ends_the_membership() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    let mut phone = server.connect("bob").await;
    for client in [&mut ann, &mut bob, &mut phone] {
        client.join("general").await;
    }
    bob.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    bob.answer("l").await;
    assert_eq!(phone.say("general", "1", "still here").await["seq"], 1);
    assert!(ann.so_far().await.iter().all(|f| f["type"] != "USER_LEFT"));
    phone.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    phone.answer("l").await;
    let left = ann.expect("SYSTEM", "USER_LEFT").await;
    assert_eq!(left, json!({ "userId": "bob", "name": "bob", "roomId": "general" }));
    phone.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "content": "x" })).await;
    assert_eq!(phone.error().await["code"], "NOT_A_MEMBER");
}

#[tokio::test]
async fn joining_again_is_answered_and_changes_nothing() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    ann.say("general", "1", "x").await;
    ann.so_far().await;
    ann.send(json!({ "type": "JOIN_ROOM", "roomId": "general", "afterSeq": 0, "id": "again" })).await;
    assert_eq!(ann.expect("SYSTEM", "ROOM_PARTICIPANTS").await["replayFrom"], 2);
    ann.answer("again").await;
    ann.say("general", "2", "y").await;
    let chat: Vec<_> = ann.so_far().await.into_iter().filter(|f| f["category"] == "CHAT").collect();
    assert_eq!(chat.len(), 1, "no replay and no second subscription: {chat:?}");
}

#[tokio::test]
async fn s20_a_token_with_rooms_joins_those_and_nothing_else() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("team:red").await;
    let claims = json!({ "sub": "bob", "exp": now() + 60, "rooms": ["team:*"] });
    let mut bob = server.connect_with(&token_with(claims), "").await;
    bob.join("team:red").await;
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "j" })).await;
    assert_eq!(bob.error().await["code"], "FORBIDDEN");
}

#[tokio::test]
async fn s20_the_name_of_a_direct_room_cannot_be_taken() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.send(json!({ "type": "JOIN_ROOM", "roomId": "direct:anything", "id": "j" })).await;
    assert_eq!(ann.error().await["code"], "FORBIDDEN");
}

#[tokio::test]
async fn a_client_that_is_done_is_answered_and_its_page_sees_a_clean_close() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    assert_eq!(ann.close().await, 1000);
}

#[tokio::test]
async fn a_room_that_is_renamed_or_opened_is_told_to_all_sessions_of_all_members_in_it() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    let create = json!({ "roomId": "den", "name": "Den", "kind": "private", "members": ["bob"] });
    call(&server, "ann", reqwest::Method::POST, "/api/v1/rooms", create).await;
    let (mut bob, mut phone) = (server.connect("bob").await, server.connect("bob").await);
    let mut eve = server.connect("eve").await;
    for client in [&mut ann, &mut bob, &mut phone] {
        client.join("den").await;
    }
    eve.join("other").await;
    ann.say("den", "1", "one").await;
    for (change, name, kind) in [
        (json!({ "name": "The den" }), "The den", "private"),
        (json!({ "kind": "public" }), "The den", "public"),
    ] {
        call(&server, "ann", reqwest::Method::PATCH, "/api/v1/rooms/den", change).await;
        for client in [&mut ann, &mut bob, &mut phone] {
            let room = client.expect("SYSTEM", "ROOM_UPDATED").await["room"].take();
            assert_eq!(
                (&room["roomId"], &room["name"], &room["kind"]),
                (&json!("den"), &json!(name), &json!(kind))
            );
            assert_eq!((&room["headSeq"], &room["unread"]), (&json!(1), &json!(0)), "nobody's own view");
        }
    }
    assert!(eve.so_far().await.iter().all(|frame| frame["type"] != "ROOM_UPDATED"));
}

async fn call(server: &Server, user: &str, method: reqwest::Method, path: &str, body: serde_json::Value) {
    let request =
        crate::support::client().request(method, server.url(path)).bearer_auth(token(user)).json(&body);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}
