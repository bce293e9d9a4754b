//! Typing, presence, coming and going.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn typing_is_told_to_the_other_users_only_and_ends_by_itself() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    let mut phone = server.connect("ann").await;
    for client in [&mut ann, &mut bob, &mut phone] {
        client.join("general").await;
    }
    let began = std::time::Instant::now();
    ann.send(json!({ "type": "TYPING", "roomId": "general", "data": { "isTyping": true } })).await;
    let told = bob.expect("TYPING", "INDICATOR").await;
    assert_eq!(told, json!({ "userId": "ann", "isTyping": true, "roomId": "general" }));
    assert_eq!(bob.expect("TYPING", "INDICATOR").await["isTyping"], false);
    assert!((4..8).contains(&began.elapsed().as_secs()), "it expires five seconds after the last word");
    for own in [&mut ann, &mut phone] {
        assert!(own.so_far().await.iter().all(|f| f["category"] != "TYPING"));
    }
}

#[tokio::test]
async fn who_leaves_a_room_while_typing_types_there_no_more() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    bob.send(json!({ "type": "TYPING", "roomId": "general", "data": { "isTyping": true } })).await;
    assert_eq!(ann.expect("TYPING", "INDICATOR").await["isTyping"], true);
    let began = std::time::Instant::now();
    bob.send(json!({ "type": "LEAVE_ROOM", "roomId": "general" })).await;
    assert_eq!(ann.expect("TYPING", "INDICATOR").await["isTyping"], false);
    assert_eq!(ann.expect("SYSTEM", "USER_LEFT").await["userId"], "bob");
    assert!(began.elapsed().as_secs() < 4, "at once, not when it would have ended by itself");
}

#[tokio::test]
async fn a_lost_user_is_told_after_the_grace_time_and_once() {
    let server = Server::start(&["--presence-grace", "200ms"]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    ann.so_far().await;
    drop(bob);
    let gone = ann.expect("SYSTEM", "USER_DISCONNECTED").await;
    assert_eq!(gone, json!({ "userId": "bob", "name": "bob", "roomId": "general" }));
    let mut bob = server.connect("bob").await;
    bob.join("general").await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    assert_eq!(bob.say("general", "1", "a lost connection ends no membership").await["seq"], 1);
    assert!(ann.so_far().await.iter().all(|f| f["type"] != "USER_DISCONNECTED"));
}

#[tokio::test]
async fn a_reload_within_the_grace_time_is_no_coming_and_going() {
    let server = Server::start(&["--presence-grace", "30s"]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    ann.so_far().await;
    bob.close().await;
    let mut bob = server.connect("bob").await;
    bob.join("general").await;
    bob.say("general", "1", "back").await;
    ann.message().await;
    let told: Vec<_> = ann.so_far().await.into_iter().filter(|f| f["category"] == "SYSTEM").collect();
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn presence_is_told_once_to_who_shares_a_room_or_a_conversation() {
    let server = Server::start(&["--presence-grace", "200ms"]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    let (mut cy, mut eve) = (server.connect("cy").await, server.connect("eve").await);
    for room in ["one", "two"] {
        ann.join(room).await;
        bob.join(room).await;
    }
    cy.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "bob" }, "id": "p" }),
    )
    .await;
    cy.answer("p").await;
    bob.expect("PRIVATE", "MESSAGE").await;
    bob.send(json!({ "type": "PRESENCE", "status": "away", "id": "a" })).await;
    bob.answer("a").await;
    for client in [&mut ann, &mut cy] {
        let told = client.expect("SYSTEM", "PRESENCE").await;
        assert_eq!(
            (&told["userId"], &told["status"], &told["online"]),
            (&json!("bob"), &json!("away"), &json!(true))
        );
    }
    drop(bob);
    for client in [&mut ann, &mut cy] {
        let told = client.expect("SYSTEM", "PRESENCE").await;
        assert_eq!((&told["status"], &told["online"]), (&json!("offline"), &json!(false)));
        assert!(told["lastSeen"].is_string());
    }
    assert!(
        ann.so_far().await.iter().all(|f| f["type"] != "PRESENCE"),
        "once, although two rooms are shared"
    );
    assert!(eve.so_far().await.is_empty());
}
