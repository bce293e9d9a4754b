//! Rooms with more than 200 participants: what would be a storm is told as a count, and rarely.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::pipes::{Piped, Session};

/// As many as a room may have in which everything is told.
const SMALL: usize = 200;

/// Sessions of users of their own, all in one room.
async fn crowd(server: &Piped, numbers: std::ops::Range<usize>) -> Vec<Session> {
    let mut sessions = Vec::new();
    for n in numbers {
        let mut session = server.open(&format!("user-{n}")).await;
        session.join("hall").await;
        sessions.push(session);
    }
    sessions
}

fn of_type<'a>(frames: &'a [Value], kind: &str) -> Vec<&'a Value> {
    frames.iter().filter(|frame| frame["type"] == kind).collect()
}

async fn server() -> Piped {
    Piped::start(&["--max-connections-per-ip", "1000", "--max-connects-per-second", "10000"]).await
}

#[tokio::test(start_paused = true)]
async fn up_to_200_participants_each_is_told_and_above_their_count_once_a_second_at_most() {
    let server = server().await;
    let mut ann = server.open("ann").await;
    ann.join("hall").await;
    let _first = crowd(&server, 1..SMALL).await;
    let told = ann.within(Duration::from_secs(2)).await;
    assert_eq!(of_type(&told, "USER_JOINED").len(), SMALL - 1);
    assert!(of_type(&told, "ROOM_COUNT").is_empty());

    let mut more = crowd(&server, SMALL..SMALL + 50).await;
    let told = ann.within(Duration::from_millis(2_500)).await;
    assert!(of_type(&told, "USER_JOINED").is_empty(), "{told:?}");
    let counts = of_type(&told, "ROOM_COUNT");
    assert!((1..=3).contains(&counts.len()), "{counts:?}");
    assert_eq!(counts.last().unwrap()["data"], json!({ "roomId": "hall", "count": SMALL + 50 }));

    // Nothing changes, and nothing is told.
    assert!(of_type(&ann.within(Duration::from_secs(5)).await, "ROOM_COUNT").is_empty());

    // Comings and goings all the time.
    for round in 0..40 {
        let session = &mut more[round % 20];
        session.send(json!({ "type": "LEAVE_ROOM", "roomId": "hall", "id": "leave" })).await;
        while session.next().await["data"]["id"] != "leave" {}
        session.join("hall").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = ann.within(Duration::from_millis(10)).await;
    assert!(of_type(&told, "USER_LEFT").is_empty() && of_type(&told, "USER_JOINED").is_empty());
    let counts = of_type(&told, "ROOM_COUNT").len();
    assert!((3..=5).contains(&counts), "{counts} in four seconds");
}

#[tokio::test(start_paused = true)]
async fn above_200_participants_ten_typing_indicators_a_second_are_told() {
    let server = server().await;
    let mut ann = server.open("ann").await;
    ann.join("hall").await;
    let mut others = crowd(&server, 0..SMALL + 1).await;
    ann.within(Duration::from_secs(2)).await;
    let mut told = Vec::new();
    for second in 0..3 {
        for other in &mut others[second * 40..(second + 1) * 40] {
            other.send(json!({ "type": "TYPING", "roomId": "hall", "data": { "isTyping": true } })).await;
        }
        let frames = ann.within(Duration::from_secs(1)).await;
        told.push(of_type(&frames, "INDICATOR").len());
    }
    assert_eq!(told, [10, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn up_to_200_participants_every_typing_indicator_is_told() {
    let server = server().await;
    let mut ann = server.open("ann").await;
    ann.join("hall").await;
    let mut others = crowd(&server, 1..SMALL).await;
    ann.within(Duration::from_secs(2)).await;
    for other in &mut others[..40] {
        other.send(json!({ "type": "TYPING", "roomId": "hall", "data": { "isTyping": true } })).await;
    }
    let frames = ann.within(Duration::from_secs(1)).await;
    assert_eq!(of_type(&frames, "INDICATOR").len(), 40);
}
