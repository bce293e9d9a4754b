//! How long a peer is borne by the default settings, on a clock that runs as fast as nothing happens: the server's
//! connections are pipes.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, sleep, sleep_until};

use crate::harness::token;
use crate::support::pipes::Piped;

/// What a pipe holds, in bytes: less than one answer.
const PIPE: usize = 4 * 1024;
/// What the steps beside the waiting come to.
const STEPS: Duration = Duration::from_millis(100);

/// A connection, the one of this number and of an address of its own, with what is said first.
async fn dial(server: &Piped, number: u16, said: &str) -> DuplexStream {
    let [high, low] = number.to_be_bytes();
    let mut pipe = server.connect_from(SocketAddr::from(([10, 0, high, low], 1)), PIPE).await;
    pipe.write_all(said.as_bytes()).await.unwrap();
    pipe
}

/// A WebSocket, after the head of the answer.
async fn open(server: &Piped, query: &str) -> DuplexStream {
    let ask = format!(
        "GET /ws/chat?token={}{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        token("ann")
    );
    let mut pipe = dial(server, 0, &ask).await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(pipe.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    pipe
}

/// The next frame: its opcode and its payload, shorter than 64 KiB.
async fn frame(pipe: &mut DuplexStream) -> (u8, Vec<u8>) {
    let opcode = pipe.read_u8().await.unwrap() & 0x0f;
    let length = match pipe.read_u8().await.unwrap() {
        126 => usize::from(pipe.read_u16().await.unwrap()),
        small => usize::from(small),
    };
    let mut payload = vec![0; length];
    pipe.read_exact(&mut payload).await.unwrap();
    (opcode, payload)
}

/// When a frame with this opcode comes, and its payload; others are passed over.
async fn comes(pipe: &mut DuplexStream, wanted: u8, began: Instant) -> (Duration, Vec<u8>) {
    loop {
        let (opcode, payload) = frame(pipe).await;
        if opcode == wanted {
            return (began.elapsed(), payload);
        }
    }
}

fn is_about(took: Duration, wanted: Duration) -> bool {
    took >= wanted - STEPS && took <= wanted + STEPS
}

#[tokio::test(start_paused = true)]
async fn s09_by_default_a_silent_peer_is_asked_after_25_seconds_and_given_up_after_33() {
    let server = Piped::start(&[]).await;
    let mut silent = open(&server, "").await;
    let began = Instant::now();
    let (asked, _) = comes(&mut silent, 0x9, began).await;
    assert!(is_about(asked, Duration::from_secs(25)), "{asked:?}");
    let (closed, code) = comes(&mut silent, 0x8, began).await;
    assert!(is_about(closed, Duration::from_secs(33)), "{closed:?}");
    assert_eq!(code[..2], 1001_u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn s09_by_default_a_client_session_has_ten_seconds_to_say_where_it_stands() {
    let server = Piped::start(&[]).await;
    let mut undecided = open(&server, "&clientSession=tab").await;
    let (closed, code) = comes(&mut undecided, 0x8, Instant::now()).await;
    assert!(is_about(closed, Duration::from_secs(10)), "{closed:?}");
    assert_eq!(code[..2], 4008_u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_slow_peer_that_reads_on_within_ten_seconds_is_told_why_it_is_closed() {
    let server = Piped::start(&["--outbox-bytes", "65536"]).await;
    let mut slow = open(&server, "").await;
    let mut bob = server.open("bob").await;
    for n in 0..40 {
        let id = n.to_string();
        let to = json!({ "recipientId": "ann" });
        bob.send(json!({ "type": "PRIVATE_MESSAGE", "content": "x".repeat(8_192), "data": to, "id": id }))
            .await;
        while bob.next().await["data"]["id"] != id {}
        sleep(Duration::from_millis(50)).await;
    }
    // More than twice its outbox lies behind it by now.
    sleep(Duration::from_secs(6)).await;
    let (_, code) = comes(&mut slow, 0x8, Instant::now()).await;
    assert_eq!(code[..2], 4008_u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn s10_by_default_slow_peers_of_every_kind_are_evicted_after_ten_seconds() {
    let server = Piped::start(&[]).await;
    let (head, body) = (
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n{",
    );
    let began = Instant::now();
    let mut slow = Vec::new();
    for number in 0..1_100 {
        let said = match number {
            0..500 => "",
            500..1_000 => head,
            _ => body,
        };
        slow.push(dial(&server, number, said).await);
    }
    // They ask for more than their pipes hold, and take nothing of it.
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut readers = Vec::new();
    for number in 1_100..1_200 {
        readers.push(dial(&server, number, ask).await);
    }

    sleep_until(began + Duration::from_secs(10) - STEPS).await;
    for peer in slow.iter_mut().chain(&mut readers) {
        peer.write_all(b"x").await.expect("it is borne until then");
    }
    for peer in &mut slow {
        let mut rest = Vec::new();
        // Closed or reset, both are an end.
        let _ = peer.read_to_end(&mut rest).await;
    }
    let took = began.elapsed();
    assert!(is_about(took, Duration::from_secs(10)), "{took:?}");
    sleep(STEPS).await;
    for reader in &mut readers {
        reader.write_all(b"x").await.expect_err("it is gone");
    }
}
