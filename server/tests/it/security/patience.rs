//! How long a peer is borne by the default settings, on a clock that runs as fast as nothing happens: the server's
//! connections are pipes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tidings_protocol::Epoch;
use tidings_server::accept::Door;
use tidings_server::app::{App, Parts};
use tidings_server::broker::local::LocalBroker;
use tidings_server::clock::Clock;
use tidings_server::config::Config;
use tidings_server::store::memory::Memory;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::support::SECRET;
use crate::support::jwt::token;

/// What a pipe holds, in bytes: less than one answer.
const PIPE: usize = 4 * 1024;
/// What the steps beside the waiting come to.
const STEPS: Duration = Duration::from_millis(100);

/// The way to a server of default settings.
struct Pipes {
    door: mpsc::Sender<(DuplexStream, SocketAddr)>,
    dialled: u16,
}

impl Pipes {
    async fn start() -> Self {
        let config = Config::from_args(["--jwt-secret", SECRET]).unwrap();
        let parts = Parts {
            store: Arc::new(Memory::new(Epoch::new("epoch-1").unwrap())),
            broker: Arc::new(LocalBroker::new(1024)),
            clock: Clock::system(),
        };
        let app = App::with(&config, parts).await.unwrap();
        let (door, arrivals) = mpsc::channel(1);
        tokio::spawn(app.run(Door::Pipes(arrivals), None, std::future::pending()));
        Self { door, dialled: 0 }
    }

    /// A connection from an address of its own, with what is said first.
    async fn dial(&mut self, said: &str) -> DuplexStream {
        self.dialled += 1;
        let [high, low] = self.dialled.to_be_bytes();
        let (mut near, far) = duplex(PIPE);
        self.door.send((far, SocketAddr::from(([10, 0, high, low], 1)))).await.unwrap();
        near.write_all(said.as_bytes()).await.unwrap();
        near
    }

    /// A WebSocket, after the head of the answer.
    async fn open(&mut self, query: &str) -> DuplexStream {
        let ask = format!(
            "GET /ws/chat?token={}{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            token("ann")
        );
        let mut pipe = self.dial(&ask).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(pipe.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        pipe
    }
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
    let mut pipes = Pipes::start().await;
    let mut silent = pipes.open("").await;
    let began = Instant::now();
    let (asked, _) = comes(&mut silent, 0x9, began).await;
    assert!(is_about(asked, Duration::from_secs(25)), "{asked:?}");
    let (closed, code) = comes(&mut silent, 0x8, began).await;
    assert!(is_about(closed, Duration::from_secs(33)), "{closed:?}");
    assert_eq!(code[..2], 1001_u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn s09_by_default_a_client_session_has_ten_seconds_to_say_where_it_stands() {
    let mut pipes = Pipes::start().await;
    let mut undecided = pipes.open("&clientSession=tab").await;
    let (closed, code) = comes(&mut undecided, 0x8, Instant::now()).await;
    assert!(is_about(closed, Duration::from_secs(10)), "{closed:?}");
    assert_eq!(code[..2], 4008_u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn s10_by_default_slow_peers_of_every_kind_are_evicted_within_fifteen_seconds() {
    let mut pipes = Pipes::start().await;
    let body = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 1000\r\n\r\n{";
    let began = Instant::now();
    let mut slow = Vec::new();
    for (said, count) in [("", 500), ("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", 500), (body, 100)] {
        for _ in 0..count {
            slow.push(pipes.dial(said).await);
        }
    }
    // They ask for more than their pipes hold, and take nothing of it.
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut readers = Vec::new();
    for _ in 0..100 {
        readers.push(pipes.dial(ask).await);
    }

    for pipe in &mut slow {
        let mut rest = Vec::new();
        // Closed or reset, both are an end.
        let _ = pipe.read_to_end(&mut rest).await;
    }
    let took = began.elapsed();
    assert!(is_about(took, Duration::from_secs(10)), "{took:?}");

    sleep_until(began + Duration::from_secs(15) - STEPS).await;
    for reader in &mut readers {
        reader.write_all(b"x").await.expect("it is borne for a while");
    }
    sleep(STEPS * 2).await;
    for reader in &mut readers {
        reader.write_all(b"x").await.expect_err("it is gone");
    }
}
