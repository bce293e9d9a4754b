//! What the store is asked when a client comes back: it is what a storm of ten thousand is made of.

use serde_json::{Value, json};

use crate::support::socket::{say, until_type};
use crate::support::{TestServer, jwt};

async fn reads(server: &TestServer) -> u64 {
    let numbers = server.numbers().await;
    let found = numbers.lines().find_map(|line| line.strip_prefix("store_reads_total "));
    found.unwrap().parse().unwrap()
}

/// Readings by one who comes back into so many rooms, in each of which this many messages were missed.
async fn cost(server: &TestServer, rooms: usize, missed: u64) -> u64 {
    let user = format!("user-{rooms}-{missed}");
    let mut before = server.open(&format!("?token={}", jwt::token(&user)), &[]).await.unwrap();
    let epoch = until_type(&mut before, "CONNECTION_ESTABLISHED").await["epoch"].clone();
    for room in 0..rooms {
        let room = format!("{user}-{room}");
        say(&mut before, json!({ "type": "JOIN_ROOM", "roomId": room, "id": "j" })).await;
        until_type(&mut before, "ACK").await;
        for n in 0..5 {
            let id = format!("{room}-{n}");
            say(&mut before, json!({ "type": "CHAT_MESSAGE", "roomId": room, "id": id, "content": "x" }))
                .await;
            until_type(&mut before, "ACK").await;
        }
    }
    let first = reads(server).await;
    let query = format!("?token={}&clientSession=s", jwt::token(&user));
    let mut back = server.open(&query, &[]).await.unwrap();
    let rooms: Vec<Value> = (0..rooms)
        .map(|room| json!({ "roomId": format!("{user}-{room}"), "afterSeq": 5 - missed }))
        .collect();
    let count = rooms.len() as u64;
    say(&mut back, json!({ "type": "RESUME", "epoch": epoch, "rooms": rooms, "inboxAfter": 0, "id": "r" }))
        .await;
    until_type(&mut back, "ACK").await;
    for _ in 0..count * missed {
        until_type(&mut back, "MESSAGE").await;
    }
    // Whatever it reads behind its last frame, it reads before it has answered these.
    for _ in 0..3 {
        say(&mut back, json!({ "type": "PING", "id": "p" })).await;
        until_type(&mut back, "PONG").await;
    }
    reads(server).await - first
}

#[tokio::test]
async fn a_client_that_comes_back_is_four_readings_however_many_rooms_it_is_in() {
    let server = TestServer::start(&[]).await;
    for (rooms, readings) in [(0, 2), (1, 4), (2, 4), (10, 4)] {
        assert_eq!(cost(&server, rooms, 0).await, readings, "{rooms} rooms");
    }
}

#[tokio::test]
async fn a_room_in_which_less_than_a_page_was_missed_is_one_reading_more() {
    let server = TestServer::start(&[]).await;
    assert_eq!(cost(&server, 1, 3).await, 4 + 1);
    assert_eq!(cost(&server, 3, 5).await, 4 + 3);
}
