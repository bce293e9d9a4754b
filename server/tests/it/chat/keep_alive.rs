//! Streams on which nothing happens: a comment every 15 s keeps proxies from ending them.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;

use crate::harness::token;
use crate::support::pipes::Piped;

const COMMENT: &str = ": keep-alive\n\n";

/// When each of the next comments comes, and all that comes until then.
async fn comments(stream: &mut DuplexStream, count: usize) -> (Vec<Duration>, String) {
    let (began, mut times, mut text) = (Instant::now(), Vec::new(), String::new());
    while times.len() < count {
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "it ends: {text}");
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        while times.len() < text.matches(COMMENT).count() {
            times.push(began.elapsed());
        }
    }
    (times, text)
}

#[tokio::test(start_paused = true)]
async fn a_notification_stream_is_kept_awake_by_a_comment_every_15_s() {
    let server = Piped::start(&[]).await;
    let mut stream = server.connect().await;
    let head = format!(
        "GET /api/v1/notifications/stream/ann HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {}\r\n\r\n",
        token("ann")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    every_15_s(comments(&mut stream, 4).await, "event: connected");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_frames_is_kept_awake_by_a_comment_every_15_s() {
    let server = Piped::start(&[]).await;
    let mut stream = server.connect().await;
    let body =
        json!({ "clientSession": "s", "epoch": "test-epoch", "rooms": [], "inboxAfter": 0 }).to_string();
    let head = format!(
        "POST /api/v1/realtime/stream HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        token("ann"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    every_15_s(comments(&mut stream, 4).await, "CONNECTION_ESTABLISHED");
}

fn every_15_s((times, text): (Vec<Duration>, String), greeting: &str) {
    assert!(text.find(greeting) < text.find(COMMENT), "{text}");
    for (n, time) in (1..).zip(times) {
        let due = Duration::from_secs(15 * n);
        assert!(time >= due && time < due + Duration::from_millis(100), "comment {n} after {time:?}");
    }
}
