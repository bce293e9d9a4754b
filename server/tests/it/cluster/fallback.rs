//! Clients of the fallback, whose requests each come to another node.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Cluster;
use crate::harness::{Server, token};
use crate::support::client;

async fn request(server: &Server, what: &str, body: Value) -> Value {
    let url = server.url(&format!("/api/v1/realtime/{what}"));
    let request = client().post(url).bearer_auth(token("bob")).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

async fn frame(server: &Server, frame: Value) -> Value {
    let answer = request(server, "frames", json!({ "clientSession": "s", "frames": [frame] })).await;
    answer["frames"][0].clone()
}

async fn poll(server: &Server, wait_ms: u64) -> Value {
    let rooms = json!([{ "roomId": "general", "afterSeq": 0 }]);
    let body = json!({
        "clientSession": "s", "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0, "waitMs": wait_ms
    });
    request(server, "poll", body).await
}

#[tokio::test]
async fn what_a_polling_user_shows_outlasts_its_polls_whichever_node_they_come_to() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&["--presence-grace", "2s"]).await;
    let mut ann = one.connect("ann").await;
    ann.join("general").await;
    frame(&one, json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "j" })).await;
    poll(&one, 0).await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    frame(&two, json!({ "type": "PRESENCE", "status": "away", "id": "a" })).await;
    assert_eq!(ann.expect("SYSTEM", "PRESENCE").await["status"], "away");
    for server in [&two, &one, &two] {
        poll(server, 0).await;
    }
    ann.send(json!({ "type": "JOIN_ROOM", "roomId": "general" })).await;
    let people = ann.expect("SYSTEM", "ROOM_PARTICIPANTS").await;
    assert_eq!(people["people"][1], json!({ "userId": "bob", "name": "bob", "status": "away" }));
    assert!(ann.so_far().await.iter().all(|f| f["type"] != "PRESENCE" && f["type"] != "USER_JOINED"));
}

#[tokio::test]
async fn a_polling_user_is_present_until_its_wait_and_the_grace_time_are_over() {
    let cluster = Cluster::new();
    let one = cluster.node("one", &["--presence-grace", "200ms"]).await;
    let mut ann = one.connect("ann").await;
    ann.join("general").await;
    frame(&one, json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "j" })).await;
    ann.say("general", "1", "so that the poll is answered at once").await;
    let began = Instant::now();
    poll(&one, 1_500).await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    assert_eq!(ann.expect("SYSTEM", "USER_DISCONNECTED").await["userId"], "bob");
    assert!((1_700..4_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn typing_by_requests_to_any_node_ends_five_seconds_after_the_last() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let mut ann = one.connect("ann").await;
    ann.join("general").await;
    frame(&one, json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "j" })).await;
    let types = json!({ "type": "TYPING", "roomId": "general", "data": { "isTyping": true }, "id": "t" });
    frame(&one, types.clone()).await;
    assert_eq!(ann.expect("TYPING", "INDICATOR").await["isTyping"], true);
    let meanwhile = tokio::time::timeout(Duration::from_secs(2), ann.expect("TYPING", "INDICATOR"));
    meanwhile.await.expect_err("it is not over yet");
    frame(&two, types).await;
    let began = Instant::now();
    assert_eq!(ann.expect("TYPING", "INDICATOR").await["isTyping"], true);
    assert_eq!(ann.expect("TYPING", "INDICATOR").await["isTyping"], false);
    assert!((4_500..6_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn leaving_by_a_request_is_told_although_no_poll_is_open_and_ends_the_membership() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let mut ann = one.connect("ann").await;
    ann.join("general").await;
    frame(&one, json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "j" })).await;
    poll(&one, 0).await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    // The user's other session is not in the room, and does not keep it.
    let mut elsewhere = one.connect("bob").await;
    elsewhere.join("random").await;
    super::until(&two, "/api/v1/rooms/general/participants", |answer| answer["count"] == 2).await;
    frame(&two, json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    assert_eq!(ann.expect("SYSTEM", "USER_LEFT").await["userId"], "bob");
    let refused =
        frame(&one, json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": "m", "content": "x" })).await;
    assert_eq!(refused["data"]["code"], "NOT_A_MEMBER");
}
