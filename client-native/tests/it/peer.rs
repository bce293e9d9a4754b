//! The server's side of one connection, word for word.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tidings_client_native::{Client, Config, Events};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// Longer than any answer takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    listener: TcpListener,
}

pub(crate) struct Peer {
    stream: WebSocketStream<TcpStream>,
    pub(crate) path: String,
    pub(crate) authorization: String,
}

/// Waits, but not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens soon")
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    pub(crate) fn config(&self) -> Config {
        Config::new(self.url(), "the-token")
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        soon(self.listener.accept()).await.unwrap().0
    }

    pub(crate) async fn accept(&self) -> Peer {
        let (mut path, mut authorization) = (String::new(), String::new());
        #[allow(clippy::result_large_err, reason = "the library's signature")]
        let note = |request: &Request, response: Response| {
            path = request.uri().to_string();
            authorization = request.headers()["authorization"].to_str().unwrap().to_owned();
            Ok(response)
        };
        let stream = accept_hdr_async(self.tcp().await, note).await.unwrap();
        Peer { stream, path, authorization }
    }

    /// A client that is connected, and the server's side of it.
    pub(crate) async fn connected(&self, config: Config) -> (Client, Events, Peer) {
        let (client, events) = Client::start(config).unwrap();
        let peer = self.greeted().await;
        soon(client.connected()).await.unwrap();
        (client, events, peer)
    }

    pub(crate) async fn greeted(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.greet().await;
        let resume = peer.recv().await;
        assert_eq!(resume["type"], "RESUME");
        peer.ack(&resume, &json!({})).await;
        peer
    }
}

impl Peer {
    pub(crate) async fn greet(&mut self) {
        let data = json!({"message": "hello", "userId": "ann", "sessionId": "s", "protocol": "tidings.v1",
            "epoch": "e", "inboxSeq": 0, "heartbeatMs": 25_000, "maxContentBytes": 16_384,
            "framesPerSecond": 1_000, "frameBurst": 4_000});
        self.send("SYSTEM", "CONNECTION_ESTABLISHED", &data).await;
    }

    pub(crate) async fn send(&mut self, category: &str, kind: &str, data: &Value) {
        let frame = json!({"category": category, "type": kind, "data": data, "timestamp": "2026-01-01T00:00:00.000Z"});
        self.stream.send(Message::Text(frame.to_string().into())).await.unwrap();
    }

    /// Acknowledges a frame, with these fields beside.
    pub(crate) async fn ack(&mut self, frame: &Value, fields: &Value) {
        let mut data = json!({"id": frame["id"], "duplicate": false});
        for (key, value) in fields.as_object().unwrap() {
            data[key] = value.clone();
        }
        self.send("SYSTEM", "ACK", &data).await;
    }

    pub(crate) async fn refuse(&mut self, frame: &Value, code: &str) {
        let data = json!({"id": frame["id"], "code": code, "error": "no", "roomId": frame["roomId"]});
        self.send("ERROR", "MESSAGE", &data).await;
    }

    pub(crate) async fn participants(&mut self, room: &str, head: u64) {
        let data = json!({"roomId": room, "participants": [], "people": [], "count": 1, "headSeq": head,
            "replayFrom": head + 1, "markers": []});
        self.send("SYSTEM", "ROOM_PARTICIPANTS", &data).await;
    }

    pub(crate) async fn message(&mut self, room: &str, seq: u64, content: &str) {
        let data = json!({"messageId": format!("m{seq}"), "roomId": room, "seq": seq, "senderId": "bob",
            "content": content, "timestamp": "2026-01-01T00:00:00.000Z"});
        self.send("CHAT", "MESSAGE", &data).await;
    }

    /// The client's next frame.
    pub(crate) async fn recv(&mut self) -> Value {
        loop {
            match soon(self.stream.next()).await.expect("the connection is open").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
    }

    /// The code by which the client closes.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match soon(self.stream.next()).await.expect("a close frame comes first").unwrap() {
                Message::Close(frame) => return frame.expect("with a code").code.into(),
                Message::Text(_)
                | Message::Ping(_)
                | Message::Pong(_)
                | Message::Binary(_)
                | Message::Frame(_) => {}
            }
        }
    }

    pub(crate) async fn close(mut self, code: u16) {
        self.stream.close(Some(CloseFrame { code: code.into(), reason: "why".into() })).await.unwrap();
        while let Some(Ok(_)) = self.stream.next().await {}
    }

    pub(crate) async fn ping(&mut self) {
        self.stream.send(Message::Ping(b"1".to_vec().into())).await.unwrap();
        while !matches!(soon(self.stream.next()).await.unwrap().unwrap(), Message::Pong(_)) {}
    }
}
