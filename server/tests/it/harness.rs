//! A server on a port of its own, and a WebSocket client that speaks raw JSON, as any client may.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tidings_server::app::{App, Parts};
use tidings_server::broker::Broker;
use tidings_server::broker::local::LocalBroker;
use tidings_server::clock::Clock;
use tidings_server::config::Config;
use tidings_server::store::Store;
use tidings_server::store::memory::Memory;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// The secret that every test server is given.
pub(crate) const SECRET: &str = "a secret of the tests, and long enough";
/// Nothing takes longer; a test that waits for this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts one on the in-memory store, with more flags.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let epoch = tidings_protocol::Epoch::new("test-epoch").unwrap();
        let parts = Parts {
            store: Arc::new(Memory::new(epoch)),
            broker: Arc::new(LocalBroker::new(64)),
            clock: Clock::system(),
        };
        let app = App::with(&Self::config(flags), parts).await.unwrap();
        Self::run(app).await
    }

    /// Starts one node over a store and a broker that it shares with others.
    pub(crate) async fn start_node(name: &str, store: Arc<dyn Store>, broker: Arc<dyn Broker>) -> Self {
        let parts = Parts { store, broker, clock: Clock::system() };
        let app = App::with(&Self::config(&["--node-id", name]), parts).await.unwrap();
        Self::run(app).await
    }

    /// Starts one on whatever database this URL names.
    pub(crate) async fn start_at(url: &str, flags: &[&str]) -> Self {
        let flags = [&["--database-url", url], flags].concat();
        let app = App::build(&Self::config(&flags)).await.unwrap();
        Self::run(app).await
    }

    /// The settings of these flags.
    pub(crate) fn config(flags: &[&str]) -> Config {
        let all = ["--jwt-secret", SECRET, "--max-frames-per-second", "1000", "--frame-burst", "2000"];
        let mut given: Vec<&str> = Vec::new();
        let by_jwks = flags.contains(&"--jwks-file");
        let stands = |flag: &str| flags.contains(&flag) || (by_jwks && flag == "--jwt-secret");
        for pair in all.chunks(2).filter(|pair| !stands(pair[0])) {
            given.extend(pair);
        }
        given.extend(flags);
        Config::from_args(given).unwrap()
    }

    /// Runs an app.
    pub(crate) async fn run(app: App) -> Self {
        crate::support::logs::watch();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(app.run(listener, None, async {
            let _ = stopped.await;
        }));
        Self { addr, stop: Some(stop), running: Some(running) }
    }

    /// Asks the server to drain, as SIGTERM does, and waits for its end.
    pub(crate) async fn drain(&mut self) {
        self.begin_drain();
        tokio::time::timeout(PATIENCE, self.running.take().unwrap()).await.unwrap().unwrap();
    }

    /// Asks the server to drain.
    pub(crate) fn begin_drain(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Where an HTTP resource is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Connects a user.
    pub(crate) async fn connect(&self, user: &str) -> Client {
        self.connect_with(&token(user), "").await
    }

    /// Connects with a token and more of a query, such as `&notifications=true`.
    pub(crate) async fn connect_with(&self, token: &str, query: &str) -> Client {
        let url = format!("ws://{}/ws/chat?token={token}{query}", self.addr);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut client = Client { socket, hello: Value::Null, aside: Vec::new() };
        client.hello = client.expect("SYSTEM", "CONNECTION_ESTABLISHED").await;
        client
    }
}

/// A token for a user, good for an hour.
pub(crate) fn token(user: &str) -> String {
    token_with(json!({ "sub": user, "exp": now() + 3600 }))
}

/// A token that may notify and administer.
pub(crate) fn admin_token(user: &str) -> String {
    token_with(json!({ "sub": user, "exp": now() + 3600, "scope": "notify admin" }))
}

/// A token of these claims.
pub(crate) fn token_with(claims: Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A WebSocket client.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The data of `CONNECTION_ESTABLISHED`.
    pub(crate) hello: Value,
    aside: Vec<Value>,
}

impl Client {
    /// Sends a frame.
    pub(crate) async fn send(&mut self, frame: Value) {
        self.raw(Message::text(frame.to_string())).await;
    }

    /// Sends a WebSocket message.
    pub(crate) async fn raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next frame, whatever it is.
    pub(crate) async fn next(&mut self) -> Value {
        if !self.aside.is_empty() {
            return self.aside.remove(0);
        }
        self.receive().await.expect("a frame, not a close")
    }

    /// The data of the next frame of a type; others that come before it are kept aside, in order.
    pub(crate) async fn expect(&mut self, category: &str, kind: &str) -> Value {
        let fits = |frame: &Value| frame["category"] == category && frame["type"] == kind;
        if let Some(at) = self.aside.iter().position(fits) {
            return self.aside.remove(at)["data"].take();
        }
        loop {
            let mut frame = match self.receive().await {
                Ok(frame) => frame,
                Err(code) => {
                    panic!("closed with {code} while waiting for {category}/{kind}: {:?}", self.aside)
                }
            };
            if fits(&frame) {
                return frame["data"].take();
            }
            self.aside.push(frame);
        }
    }

    /// The data of the next message in a room.
    pub(crate) async fn message(&mut self) -> Value {
        self.expect("CHAT", "MESSAGE").await
    }

    /// Joins a room and gives the data of `ROOM_PARTICIPANTS`.
    pub(crate) async fn join(&mut self, room: &str) -> Value {
        self.send(json!({ "type": "JOIN_ROOM", "roomId": room })).await;
        self.expect("SYSTEM", "ROOM_PARTICIPANTS").await
    }

    /// Sends a message with an id and gives its `ACK`.
    pub(crate) async fn say(&mut self, room: &str, id: &str, content: &str) -> Value {
        self.send(json!({ "type": "CHAT_MESSAGE", "roomId": room, "id": id, "content": content })).await;
        self.answer(id).await
    }

    /// The data of the `ACK` of this id.
    pub(crate) async fn answer(&mut self, id: &str) -> Value {
        loop {
            let ack = self.expect("SYSTEM", "ACK").await;
            if ack["id"] == id {
                return ack;
            }
        }
    }

    /// The data of the next `ERROR`.
    pub(crate) async fn error(&mut self) -> Value {
        self.expect("ERROR", "MESSAGE").await
    }

    /// Everything that has come, and comes before the server has answered a ping.
    pub(crate) async fn so_far(&mut self) -> Vec<Value> {
        self.send(json!({ "type": "PING", "id": "so far" })).await;
        self.expect("SYSTEM", "PONG").await;
        std::mem::take(&mut self.aside)
    }

    /// The code with which the server closes; frames that come before are kept aside.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.receive().await {
                Ok(frame) => self.aside.push(frame),
                Err(code) => return code,
            }
        }
    }

    /// Frames that were kept aside.
    pub(crate) fn aside(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.aside)
    }

    /// Closes as a client that is done, and gives the code that the server answers with.
    pub(crate) async fn close(mut self) -> u16 {
        let done = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        self.socket.close(Some(done)).await.unwrap();
        loop {
            if let Err(code) = self.receive().await {
                return code;
            }
        }
    }

    async fn receive(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next());
            match message.await.unwrap_or_else(|_| panic!("nothing came; kept aside: {:?}", self.aside)) {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }
}

/// The `seq` of each frame of a type, in the order in which they came.
pub(crate) fn seqs(frames: &[Value]) -> Vec<u64> {
    frames.iter().filter_map(|f| f["data"]["seq"].as_u64()).collect()
}
