//! Polls, against a server that answers one request on each connection.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_client_native::{Client, Config, Event, Transport, Transports};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{Server, soon};

/// Far longer than a client takes from an answer to its next request.
const A_WHILE: Duration = Duration::from_millis(500);

/// Takes one poll to its end and answers it.
async fn answer(mut tcp: TcpStream, frames: &[Value]) {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut part = [0; 4_096];
        let read = soon(tcp.read(&mut part)).await.unwrap();
        assert!(read > 0, "the whole request comes");
        request.extend_from_slice(&part[..read]);
    }
    assert!(request.starts_with(b"POST /api/v1/realtime/poll"), "{}", String::from_utf8_lossy(&request));
    let body = json!({ "frames": frames }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    tcp.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

fn frame(kind: &str, data: &Value) -> Value {
    json!({"category": "SYSTEM", "type": kind, "data": data, "timestamp": "2026-01-01T00:00:00.000Z"})
}

#[tokio::test]
async fn no_poll_is_read_while_the_app_takes_no_events() {
    let server = Server::start().await;
    let transports = Transports::NONE.with(Transport::Poll);
    let (_client, mut events) =
        Client::start(Config { transports, event_buffer: 1, ..server.config() }).unwrap();
    let greeting = json!({"message": "hello", "userId": "ann", "sessionId": "s", "protocol": "tidings.v1",
        "epoch": "e", "inboxSeq": 0, "heartbeatMs": 25_000, "maxContentBytes": 16_384, "framesPerSecond": 50,
        "frameBurst": 200});
    answer(server.tcp().await, &[frame("CONNECTION_ESTABLISHED", &greeting)]).await;
    let count = |count| frame("ROOM_COUNT", &json!({"roomId": "general", "count": count}));
    answer(server.tcp().await, &[count(1), count(2)]).await;
    assert!(timeout(A_WHILE, server.tcp()).await.is_err(), "the second answer waits for the app");

    let taken = tokio::spawn(async move {
        let mut counts = Vec::new();
        while counts.len() < 3 {
            if let Some(Event::Frame(frame)) = events.recv().await
                && let Ok(data) = serde_json::from_str::<Value>(frame.data())
                && let Some(count) = data["count"].as_u64()
            {
                counts.push(count);
            }
        }
        counts
    });
    answer(server.tcp().await, &[count(3)]).await;
    assert_eq!(soon(taken).await.unwrap(), [1, 2, 3], "and nothing is lost");
}
