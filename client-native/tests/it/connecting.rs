//! Connecting, being refused, coming back, closing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tidings_client_native::{Client, ClosedBy, Config, ConnectError, Event, State, Token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Server, soon};

#[tokio::test]
async fn a_client_names_itself_and_carries_its_token_in_a_header() {
    let server = Server::start().await;
    let (_client, _events) = Client::start(Config { notifications: true, ..server.config() }).unwrap();
    let peer = server.accept().await;
    let (path, query) = peer.path.split_once('?').unwrap();
    assert_eq!(path, "/ws/chat");
    assert!(query.starts_with("clientSession=") && query.ends_with("&notifications=true"), "{query}");
    assert!(!query.contains("the-token"));
    assert_eq!(peer.authorization, "Bearer the-token");
}

#[tokio::test]
async fn a_client_is_connected_when_it_is_greeted_and_its_frames_come_in_the_protocols_types() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = server.connected(server.config()).await;
    assert_eq!(client.status().state, State::Connected);
    peer.send("SYSTEM", "GOING_AWAY", &json!({"retryAfterMs": 5})).await;
    let wait = events.find(|frame| {
        if let tidings_protocol::Event::GoingAway(data) = frame.event {
            Some(data.retry_after_ms)
        } else {
            None
        }
    });
    assert_eq!(soon(wait).await, Some(5));
}

/// Answers one upgrade with a status.
async fn refuse(server: &Server, status: &str) {
    let mut tcp = server.tcp().await;
    let mut request = [0; 1_024];
    let _ = tcp.read(&mut request).await.unwrap();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    tcp.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_fixed_token_is_final() {
    let server = Server::start().await;
    let (connected, ()) = tokio::join!(Client::connect(server.config()), refuse(&server, "401 Unauthorized"));
    assert_eq!(connected.unwrap_err(), ConnectError::Closed { by: Some(ClosedBy::Unauthenticated) });
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew() {
    let server = Server::start().await;
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetched);
    let token = Token::fetched(move |fresh| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(format!("{n}-{fresh}")) }
    });
    let (client, _events) = Client::start(Config { token, ..server.config() }).unwrap();
    refuse(&server, "401 Unauthorized").await;
    let mut peer = server.greeted().await;
    assert_eq!(peer.authorization, "Bearer 1-true");
    soon(client.connected()).await.unwrap();

    peer.send("SYSTEM", "TOKEN_EXPIRING", &json!({"expiresAt": "2026-01-01T00:00:00.000Z"})).await;
    let authenticate = peer.recv().await;
    assert_eq!((&authenticate["type"], &authenticate["token"]), (&json!("AUTHENTICATE"), &json!("2-true")));
}

#[tokio::test]
async fn a_client_with_a_limit_of_attempts_gives_up() {
    let server = Server::start().await;
    let config = Config { max_attempts: Some(1), ..server.config() };
    let (connected, ()) = tokio::join!(Client::connect(config), async {
        refuse(&server, "500 Internal Server Error").await;
        refuse(&server, "500 Internal Server Error").await;
    });
    assert_eq!(connected.unwrap_err(), ConnectError::Closed { by: Some(ClosedBy::MaxAttempts) });
}

#[tokio::test]
async fn a_lost_client_comes_back_as_the_same_client_session() {
    let server = Server::start().await;
    let (_client, mut events, peer) = server.connected(server.config()).await;
    let path = peer.path.clone();
    drop(peer);
    let peer = server.greeted().await;
    assert_eq!(peer.path, path);
    let mut lost = 0;
    soon(async {
        while let Some(event) = events.recv().await {
            lost += usize::from(matches!(event, Event::Disconnected { .. }));
            if lost == 1 && matches!(&event, Event::Status(s) if s.state == State::Connected) {
                break;
            }
        }
    })
    .await;
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn the_servers_close_code_decides() {
    let server = Server::start().await;
    let (client, mut events, peer) = server.connected(server.config()).await;
    peer.close(4003).await;
    let mut watch = client.watch();
    let closed = soon(watch.wait_for(|s| s.state == State::Closed)).await.unwrap().closed_by;
    assert_eq!(closed, Some(ClosedBy::Forbidden));
    let lost = soon(async {
        loop {
            if let Some(Event::Disconnected { code, reason }) = events.recv().await {
                break (code, reason);
            }
        }
    });
    assert_eq!(lost.await, (Some(4003), "why".to_owned()));
}

#[tokio::test]
async fn closing_says_goodbye_and_ends_the_events() {
    let server = Server::start().await;
    let (client, mut events, mut peer) = server.connected(server.config()).await;
    let (code, ()) = tokio::join!(peer.closed(), client.close());
    assert_eq!(code, 1000);
    soon(async { while events.recv().await.is_some() {} }).await;
    client.close().await;
}

#[tokio::test]
async fn dropping_every_handle_disconnects() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let second = client.clone();
    drop(client);
    second.typing("general", true).await.unwrap();
    assert_eq!(peer.recv().await["type"], "TYPING", "one handle is enough");
    drop(second);
    assert_eq!(peer.closed().await, 1000);
}

#[tokio::test]
async fn a_ping_of_the_websocket_is_answered() {
    let server = Server::start().await;
    let (_client, _events, mut peer) = server.connected(server.config()).await;
    peer.ping().await;
}
