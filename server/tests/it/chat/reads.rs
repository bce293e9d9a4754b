//! What the store is asked when a client comes back: it is what a storm of ten thousand is made of.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Socket, TestServer, jwt};

async fn reads(server: &TestServer) -> u64 {
    let numbers = server.numbers().await;
    let found = numbers.lines().find_map(|line| line.strip_prefix("store_reads_total "));
    found.unwrap().parse().unwrap()
}

async fn send(socket: &mut Socket, frame: Value) {
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

/// Reads until this type comes, and returns its data.
async fn until(socket: &mut Socket, kind: &str) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            let mut frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == kind {
                return frame["data"].take();
            }
        }
    }
}

/// Readings by one who comes back into so many rooms, in each of which this many messages were missed.
async fn cost(server: &TestServer, rooms: usize, missed: u64) -> u64 {
    let user = format!("user-{rooms}-{missed}");
    let mut before = server.open(&format!("?token={}", jwt::token(&user)), &[]).await.unwrap();
    let epoch = until(&mut before, "CONNECTION_ESTABLISHED").await["epoch"].clone();
    for room in 0..rooms {
        let room = format!("{user}-{room}");
        send(&mut before, json!({ "type": "JOIN_ROOM", "roomId": room, "id": "j" })).await;
        until(&mut before, "ACK").await;
        for n in 0..5 {
            let id = format!("{room}-{n}");
            send(&mut before, json!({ "type": "CHAT_MESSAGE", "roomId": room, "id": id, "content": "x" }))
                .await;
            until(&mut before, "ACK").await;
        }
    }
    let first = reads(server).await;
    let query = format!("?token={}&clientSession=s", jwt::token(&user));
    let mut back = server.open(&query, &[]).await.unwrap();
    let rooms: Vec<Value> = (0..rooms)
        .map(|room| json!({ "roomId": format!("{user}-{room}"), "afterSeq": 5 - missed }))
        .collect();
    let count = rooms.len() as u64;
    send(&mut back, json!({ "type": "RESUME", "epoch": epoch, "rooms": rooms, "inboxAfter": 0, "id": "r" }))
        .await;
    until(&mut back, "ACK").await;
    for _ in 0..count * missed {
        until(&mut back, "MESSAGE").await;
    }
    // Whatever it reads behind its last frame, it reads before it has answered these.
    for _ in 0..3 {
        send(&mut back, json!({ "type": "PING", "id": "p" })).await;
        until(&mut back, "PONG").await;
    }
    reads(server).await - first
}

#[tokio::test]
async fn a_client_that_comes_back_is_two_readings_and_three_for_each_room() {
    let server = TestServer::start(&[]).await;
    for rooms in [0, 1, 2, 10] {
        assert_eq!(cost(&server, rooms, 0).await, 2 + 3 * rooms as u64, "{rooms} rooms");
    }
}

#[tokio::test]
async fn a_room_in_which_messages_were_missed_is_two_readings_more() {
    let server = TestServer::start(&[]).await;
    assert_eq!(cost(&server, 1, 3).await, 7);
    assert_eq!(cost(&server, 3, 5).await, 2 + 5 * 3);
}
