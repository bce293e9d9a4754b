//! A server whose connections are pipes within the process, for tests on a virtual clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tidings_protocol::Epoch;
use tidings_server::accept::Door;
use tidings_server::app::{App, Parts};
use tidings_server::broker::local::LocalBroker;
use tidings_server::clock::Clock;
use tidings_server::store::memory::Memory;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Server, token};

/// What a pipe holds, in bytes: all that a test leaves unread.
const PIPE: usize = 1024 * 1024;

/// A server that runs until it is dropped.
pub(crate) struct Piped {
    door: mpsc::Sender<(DuplexStream, SocketAddr)>,
    running: JoinHandle<()>,
}

impl Piped {
    /// On the in-memory store.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let parts = Parts {
            store: Arc::new(Memory::new(Epoch::new("test-epoch").unwrap())),
            broker: Arc::new(LocalBroker::new(1024)),
            clock: Clock::system(),
        };
        let app = App::with(&Server::config(flags), parts).await.unwrap();
        let (door, arrivals) = mpsc::channel(16);
        let running = tokio::spawn(app.run(Door::Pipes(arrivals), None, std::future::pending()));
        Self { door, running }
    }

    /// A connection.
    pub(crate) async fn connect(&self) -> DuplexStream {
        self.connect_from(SocketAddr::from(([127, 0, 0, 1], 1)), PIPE).await
    }

    /// A connection from this address by a pipe that holds so many bytes.
    pub(crate) async fn connect_from(&self, addr: SocketAddr, bytes: usize) -> DuplexStream {
        let (near, far) = duplex(bytes);
        self.door.send((far, addr)).await.unwrap();
        near
    }

    /// A session.
    pub(crate) async fn open(&self, user: &str) -> Session {
        let url = format!("ws://server/ws/chat?token={}", token(user));
        Session(tokio_tungstenite::client_async(url, self.connect().await).await.unwrap().0)
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A client's end of a WebSocket.
pub(crate) struct Session(WebSocketStream<DuplexStream>);

impl Session {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Joins a room, and takes what comes up to the answer.
    pub(crate) async fn join(&mut self, room: &str) {
        self.send(json!({ "type": "JOIN_ROOM", "roomId": room, "id": "join" })).await;
        while self.next().await["data"]["id"] != "join" {}
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.next().await.expect("a frame").unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// All that comes within this time.
    pub(crate) async fn within(&mut self, time: Duration) -> Vec<Value> {
        let mut frames = Vec::new();
        let _ = timeout(time, async {
            loop {
                frames.push(self.next().await);
            }
        })
        .await;
        frames
    }
}
