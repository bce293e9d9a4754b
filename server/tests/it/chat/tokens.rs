//! Tokens that end, and the server that goes away.

use serde_json::json;

use crate::harness::{Server, now, token, token_with};

#[tokio::test]
async fn s17_a_token_is_warned_of_and_its_end_closes_with_4001() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect_with(&token_with(json!({ "sub": "ann", "exp": now() + 3 })), "").await;
    ann.expect("SYSTEM", "TOKEN_EXPIRING").await;
    assert_eq!(ann.closed().await, 4001);
}

#[tokio::test]
async fn s17_a_token_that_has_just_ended_counts_to_the_end_of_the_leeway_and_no_longer() {
    let server = Server::start(&["--jwt-leeway", "10s"]).await;
    let began = std::time::Instant::now();
    let mut ann = server.connect_with(&token_with(json!({ "sub": "ann", "exp": now() - 7 })), "").await;
    assert_eq!(ann.closed().await, 4001);
    assert!(began.elapsed().as_secs() < 6, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_new_token_keeps_the_session() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect_with(&token_with(json!({ "sub": "ann", "exp": now() + 3 })), "").await;
    ann.join("general").await;
    ann.send(json!({ "type": "AUTHENTICATE", "token": token("ann"), "id": "a" })).await;
    let authenticated = ann.expect("SYSTEM", "AUTHENTICATED").await;
    assert_eq!(authenticated["id"], "a");
    assert!(authenticated["expiresAt"].is_string());
    let mut bob = server.connect_with(&token_with(json!({ "sub": "bob", "exp": now() + 3 })), "").await;
    assert_eq!(bob.closed().await, 4001, "by now the first token has ended too");
    assert_eq!(ann.say("general", "1", "still here").await["seq"], 1);
}

#[tokio::test]
async fn s17_a_token_of_another_user_or_a_wrong_one_is_refused_and_the_session_stays() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.send(json!({ "type": "AUTHENTICATE", "token": token("bob"), "id": "a" })).await;
    assert_eq!(ann.error().await["code"], "FORBIDDEN");
    ann.send(json!({ "type": "AUTHENTICATE", "token": "nonsense", "id": "b" })).await;
    assert_eq!(ann.error().await["code"], "UNAUTHENTICATED");
    ann.so_far().await;
}

#[tokio::test]
async fn a_draining_server_acknowledges_what_it_accepted_and_says_when_to_come_back() {
    let mut server = Server::start(&["--drain-spread", "4s"]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    for n in 0..50 {
        ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": n.to_string(), "content": "x" }))
            .await;
    }
    ann.answer("49").await;
    let leaving = async {
        let mut waits = Vec::new();
        for client in [&mut ann, &mut bob] {
            waits.push(client.expect("SYSTEM", "GOING_AWAY").await["retryAfterMs"].as_u64().unwrap());
            assert_eq!(client.closed().await, 1012);
        }
        waits.sort_unstable();
        assert_eq!(waits, [0, 2000], "spread evenly");
    };
    tokio::join!(leaving, server.drain());
}
