//! Positions in notifications that cannot be used: on every transport it is said, and nothing is left out silently.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::fallback::{Frames, request};
use super::notifications::{Stream, notify};
use crate::harness::{PATIENCE, Server, token};
use crate::support::client;

/// On SQLite in this folder.
async fn server_in(folder: &Path, flags: &[&str]) -> Server {
    Server::start_at(&format!("sqlite://{}", folder.join("tidings.db").display()), flags).await
}

/// The cursors of so many notifications, which are all handed over.
async fn cursors_of(server: &Server, user: &str, count: usize) -> Vec<String> {
    let mut stream = Stream::open(server, user, None).await;
    stream.expect("connected").await;
    let mut cursors = Vec::new();
    for n in 0..count {
        notify(server, user, &n.to_string()).await;
        cursors.push(stream.expect("notification").await.id.unwrap());
    }
    cursors
}

/// A server whose first three notifications to a user have expired, with their cursors.
async fn after_retention(folder: &Path) -> (Server, Vec<String>) {
    let mut before = server_in(folder, &[]).await;
    let cursors = cursors_of(&before, "ann", 3).await;
    before.drain().await;
    // What is older than its retention goes when a server starts.
    let server = server_in(folder, &["--notification-retention", "1ms"]).await;
    let gone = async {
        loop {
            let list =
                client().get(server.url("/api/v1/notifications")).bearer_auth(token("ann")).send().await;
            let list = list.unwrap();
            assert_eq!(list.status(), 200);
            let list: Value = serde_json::from_str(&list.text().await.unwrap()).unwrap();
            if list["notifications"] == json!([]) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("they expire");
    (server, cursors)
}

/// What a session with this position is told of notifications first, by each transport in turn.
async fn told(server: &Server, user: &str, epoch: &Value, cursor: &str) -> Vec<Value> {
    let mut ws = server.connect_with(&token(user), "&notifications=true&clientSession=ws").await;
    ws.send(json!({ "type": "RESUME", "epoch": epoch, "rooms": [], "notificationsAfter": cursor })).await;
    notify(server, user, "next").await;
    let web_socket = loop {
        let frame = ws.next().await;
        if frame["category"] == "NOTIFICATION" {
            break frame;
        }
    };
    let body = |session: &str| {
        json!({ "clientSession": session, "epoch": epoch, "rooms": [], "inboxAfter": 0,
                "notificationsAfter": cursor, "waitMs": 5_000 })
    };
    let mut frames = Frames::of(request(server, user, "stream", body("stream")).await);
    let stream = loop {
        let frame = frames.next().await;
        if frame["category"] == "NOTIFICATION" {
            break frame;
        }
    };
    let polled = request(server, user, "poll", body("poll")).await.text().await.unwrap();
    let polled: Value = serde_json::from_str(&polled).unwrap();
    let frames = polled["frames"].as_array().unwrap();
    let poll = frames.iter().find(|frame| frame["category"] == "NOTIFICATION").cloned().unwrap_or_default();
    vec![web_socket, stream, poll]
}

#[tokio::test]
async fn a_stream_behind_what_has_expired_is_reset_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cursors) = after_retention(folder.path()).await;
    for old in &cursors[..2] {
        let mut stream = Stream::open(&server, "ann", Some(old)).await;
        stream.expect("connected").await;
        let reset = stream.expect("reset").await;
        assert_eq!(reset.data, json!({ "reason": "expired" }));
        notify(&server, "ann", "next").await;
        assert_eq!(stream.expect("notification").await.data["title"], "next");
        // Its id heals a client that keeps the last one.
        let mut healed = Stream::open(&server, "ann", reset.id.as_deref()).await;
        healed.expect("connected").await;
        assert_eq!(healed.expect("notification").await.data["title"], "next");
    }
    // Behind the newest that has expired, nothing is missing.
    let mut stream = Stream::open(&server, "ann", Some(&cursors[2])).await;
    stream.expect("connected").await;
    assert_eq!(stream.expect("notification").await.data["title"], "next");
}

#[tokio::test]
async fn a_session_behind_what_has_expired_is_told_so_on_every_transport() {
    let folder = tempfile::tempdir().unwrap();
    let (server, cursors) = after_retention(folder.path()).await;
    let epoch = server.connect("ann").await.hello["epoch"].clone();
    for frame in told(&server, "ann", &epoch, &cursors[0]).await {
        assert_eq!(
            (&frame["type"], &frame["data"]["reason"]),
            (&json!("RESET"), &json!("expired")),
            "{frame}"
        );
        let healed = frame["data"]["cursor"].as_str().unwrap();
        for frame in told(&server, "ann", &epoch, healed).await {
            assert_eq!(frame["type"], "NOTIFICATION", "{frame}");
        }
    }
    for frame in told(&server, "ann", &epoch, &cursors[2]).await {
        assert_eq!(frame["type"], "NOTIFICATION", "{frame}");
    }
}

#[tokio::test]
async fn s18_a_session_with_anothers_position_or_none_is_told_so_on_every_transport() {
    let server = Server::start(&[]).await;
    let epoch = json!("test-epoch");
    let foreign = cursors_of(&server, "bob", 1).await.remove(0);
    let mark = foreign.split('.').nth(1).unwrap();
    for (cursor, reason) in
        [(foreign.as_str(), "foreign"), ("garbage", "unknown"), (&format!("00000000.{mark}.0.0"), "epoch")]
    {
        for frame in told(&server, "ann", &epoch, cursor).await {
            assert_eq!(
                (&frame["type"], &frame["data"]["reason"]),
                (&json!("RESET"), &json!(reason)),
                "{frame}"
            );
        }
    }
}
