//! Who gets a connection: caps, timeouts, and whose address counts.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::TestServer;
use crate::support::jwt::token;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// Sends this and reads all until the other side closes.
pub(super) async fn until_closed(server: &TestServer, sent: &str) -> String {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut all)).await.expect("the server closes");
    drop(read);
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn s10_a_peer_that_is_silent_or_stops_in_its_head_is_closed() {
    let server = TestServer::start(&["--header-timeout", "100ms"]).await;
    assert_eq!(until_closed(&server, "").await, "", "nothing was asked, nothing is answered");
    let half = until_closed(&server, "GET /healthz HTTP/1.1\r\nHost: x\r\n").await;
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 408"), "{half}");
    let one_byte = until_closed(&server, "G").await;
    assert!(one_byte.is_empty() || one_byte.starts_with("HTTP/1.1 408"), "{one_byte}");
    let idle = until_closed(&server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(idle.starts_with("HTTP/1.1 200"), "a kept connection ends too: {idle}");
}

#[tokio::test]
async fn s10_hundreds_of_half_open_peers_do_not_keep_a_good_one_out() {
    let server = TestServer::start(&["--header-timeout", "300ms", "--max-connections-per-ip", "600"]).await;
    let mut half_open = Vec::new();
    for number in 0..500 {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        }
        half_open.push(stream);
    }
    assert_eq!(server.get("/healthz", &[]).await.status(), 200);
    for mut stream in half_open {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(LONG, stream.read_to_end(&mut rest)).await;
        drop(closed.expect("every one of them is closed"));
    }
}

#[tokio::test]
async fn s10_a_body_that_comes_too_slowly_or_is_too_long_is_refused() {
    let server = TestServer::start(&["--body-timeout", "100ms", "--max-body-bytes", "2048"]).await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let slow =
        until_closed(&server, &format!("{head}Content-Length: 1000\r\nConnection: close\r\n\r\n{{")).await;
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{{\"a\":\r\n");
    let slow = until_closed(&server, &chunked).await;
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    let long = serde_json::json!({ "userId": "ann", "pad": "x".repeat(4096) });
    assert_eq!(server.post("/api/v1/auth/login", &long, &[]).await.status(), 413);
}

#[tokio::test]
async fn s10_a_peer_that_takes_none_of_its_answers_is_closed() {
    let server = TestServer::start(&["--write-timeout", "100ms", "--header-timeout", "60s"]).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    // It asks on and reads nothing, until the server has had enough.
    let asking = async { while stream.write_all(ask.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(LONG, asking).await.expect("the server closes");
    assert_eq!(server.get("/healthz", &[]).await.status(), 200);
}

#[tokio::test]
async fn s10_a_head_that_is_too_long_is_refused() {
    let server = TestServer::start(&[]).await;
    let long = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(40_000));
    assert!(until_closed(&server, &long).await.starts_with("HTTP/1.1 431"));
    let fields: String = (0..100).map(|n| format!("X-{n}: x\r\n")).collect();
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    assert!(until_closed(&server, &many).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn s26_a_length_said_two_ways_is_refused() {
    let server = TestServer::start(&[]).await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let two = format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{{}}   ");
    assert!(until_closed(&server, &two).await.starts_with("HTTP/1.1 400"));
    let garbled = format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n");
    assert!(until_closed(&server, &garbled).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn s11_one_connection_too_many_is_told_when_to_come_back() {
    let server = TestServer::start(&["--max-connections", "2"]).await;
    let first = TcpStream::connect(server.addr).await.unwrap();
    let _second = TcpStream::connect(server.addr).await.unwrap();
    let refused = server.open(&format!("?token={}", token("ann")), &[]).await.expect_err("the third");
    assert_eq!((refused.status, refused.code()), (503, "UNAVAILABLE"));
    assert!(refused.retry_after.is_some_and(|seconds| seconds > 0));
    assert!(server.numbers_of_refused("server").await >= 1);
    drop(first);
    server.eventually_open("ann").await;
}

#[tokio::test]
async fn s11_one_address_gets_so_many_connections_and_no_more() {
    let server = TestServer::start(&["--max-connections-per-ip", "2"]).await;
    let _first = TcpStream::connect(server.addr).await.unwrap();
    let second = TcpStream::connect(server.addr).await.unwrap();
    let refused = server.open(&format!("?token={}", token("ann")), &[]).await.expect_err("the third");
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"));
    assert!(refused.retry_after.is_some_and(|seconds| seconds > 0));
    assert!(server.numbers_of_refused("address").await >= 1);
    drop(second);
    server.eventually_open("ann").await;
}

#[tokio::test]
async fn s11_one_user_gets_so_many_sessions_and_no_more() {
    let server = TestServer::start(&["--max-connections-per-user", "2"]).await;
    let first = server.eventually_open("ann").await;
    let _second = server.eventually_open("ann").await;
    let refused = server.open(&format!("?token={}", token("ann")), &[]).await.expect_err("the third");
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"));
    assert!(refused.retry_after.is_some_and(|seconds| seconds > 0));
    server.eventually_open("bob").await;
    assert!(server.numbers_of_refused("user").await >= 1);
    drop(first);
    server.eventually_open("ann").await;
}

#[tokio::test]
async fn a_client_that_comes_back_takes_the_place_of_its_own_dead_connection() {
    let server = TestServer::start(&["--max-connections-per-user", "2"]).await;
    let client = |name: &str| format!("?token={}&clientSession={name}", token("ann"));
    let mut first = server.open(&client("laptop"), &[]).await.unwrap();
    let _second = server.open(&client("phone"), &[]).await.unwrap();
    server.open(&client("tablet"), &[]).await.expect_err("the third");
    let _again = server.open(&client("laptop"), &[]).await.expect("in place of the first");
    while let Some(Ok(message)) = first.next().await {
        if let Message::Close(Some(close)) = message {
            assert_eq!(u16::from(close.code), 4009);
        }
    }
    server.open(&client("tablet"), &[]).await.expect_err("still the third");
}

#[tokio::test]
async fn s14_what_an_untrusted_peer_says_of_its_address_does_not_count() {
    let server = TestServer::start(&["--max-connections-per-ip", "2"]).await;
    let _first = TcpStream::connect(server.addr).await.unwrap();
    let _second = TcpStream::connect(server.addr).await.unwrap();
    let spoofed = [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
    ];
    let refused = server.open(&format!("?token={}", token("ann")), &spoofed).await.expect_err("the third");
    assert_eq!(refused.status, 429);
}

#[tokio::test]
async fn s14_behind_a_trusted_proxy_the_rightmost_untrusted_address_counts() {
    let server =
        TestServer::start(&["--max-connections-per-ip", "1", "--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"])
            .await;
    let open = |user: &'static str, forwarded: &'static str| {
        let server = &server;
        async move {
            let query = format!("?token={}", token(user));
            server.open(&query, &[("x-forwarded-for", forwarded)]).await
        }
    };
    let _one = open("ann", "198.51.100.7").await.expect("the first of its address");
    let _two = open("bob", "198.51.100.8, 10.0.0.1").await.expect("another address");
    let again = open("cleo", "203.0.113.1, 198.51.100.7").await.expect_err("what stands left was made up");
    assert_eq!(again.status, 429);
}
