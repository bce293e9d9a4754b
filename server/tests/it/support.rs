//! A server of its own for each scenario, on a port of the system's choosing and over a store in memory unless a
//! scenario is about the store too.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tidings_protocol::{Epoch, Timestamp};
use tidings_server::app::{App, Parts};
use tidings_server::broker::local::LocalBroker;
use tidings_server::clock::{Clock, HeldClock};
use tidings_server::config::Config;
use tidings_server::store::memory::Memory;
use tidings_server::store::sqlite::{Options, Sqlite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) mod disk;
pub(crate) mod jwt;
pub(crate) mod logs;
pub(crate) mod pipes;
pub(crate) mod process;
pub(crate) mod socket;

/// The secret of every scenario's server.
pub(crate) const SECRET: &str = "the secret of the scenarios, long enough";

/// The moment at which a held clock starts.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A client's end of a WebSocket.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server that runs until it is stopped or dropped.
pub(crate) struct TestServer {
    pub(crate) addr: SocketAddr,
    pub(crate) metrics: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl TestServer {
    /// In development mode, with [`SECRET`] and these flags besides.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        Self::serve(&[&["--dev"], flags].concat(), Clock::system()).await
    }

    /// As in production, with [`SECRET`] and these flags besides.
    pub(crate) async fn start_strict(flags: &[&str]) -> Self {
        Self::serve(flags, Clock::system()).await
    }

    /// In development mode, at [`NOON`] until the clock is moved.
    pub(crate) async fn start_at_noon(flags: &[&str]) -> (Self, HeldClock) {
        let (clock, held) = Clock::held_at(NOON);
        (Self::serve(&[&["--dev"], flags].concat(), clock).await, held)
    }

    /// In development mode, over SQLite in a file of this directory, at a moment until the clock is moved.
    pub(crate) async fn start_durable_at(
        directory: &Path,
        at: Timestamp,
        flags: &[&str],
    ) -> (Self, HeldClock) {
        let url = format!("sqlite://{}", directory.join("tidings.db").display());
        let store = Sqlite::open(&url, Options::default()).await.unwrap();
        let (clock, held) = Clock::held_at(at);
        let config = Config::from_args([&["--dev", "--jwt-secret", SECRET], flags].concat()).unwrap();
        let parts = Parts { store: Arc::new(store), broker: Arc::new(LocalBroker::new(1024)), clock };
        (Self::run(App::with(&config, parts).await.unwrap()).await, held)
    }

    async fn serve(flags: &[&str], clock: Clock) -> Self {
        let with_secret = !flags.contains(&"--jwks-file");
        let secret: &[&str] = if with_secret { &["--jwt-secret", SECRET] } else { &[] };
        let config = Config::from_args([secret, flags].concat()).unwrap();
        let parts = Parts {
            store: Arc::new(Memory::new(Epoch::new("epoch-1").unwrap())),
            broker: Arc::new(LocalBroker::new(1024)),
            clock,
        };
        Self::run(App::with(&config, parts).await.unwrap()).await
    }

    /// Two nodes over one store that do not hear of each other: each has a broker of its own.
    pub(crate) async fn start_deaf_pair(flags: &[&str]) -> [Self; 2] {
        let store = Arc::new(Memory::new(Epoch::new("epoch-1").unwrap()));
        let node = async |id: &str| {
            let config =
                Config::from_args([&["--dev", "--jwt-secret", SECRET, "--node-id", id], flags].concat());
            let parts = Parts {
                store: Arc::clone(&store) as Arc<dyn tidings_server::store::Store>,
                broker: Arc::new(LocalBroker::new(1024)),
                clock: Clock::system(),
            };
            Self::run(App::with(&config.unwrap(), parts).await.unwrap()).await
        };
        [node("one").await, node("two").await]
    }

    /// A request to the metrics listener, with a token that may administer.
    pub(crate) async fn admin(
        &self,
        method: &str,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> reqwest::Response {
        let url = format!("http://{}/api/v1/admin{path}", self.metrics);
        let mut request =
            client().request(method.parse().unwrap(), url).bearer_auth(jwt::scoped("root", "admin"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// In development mode, with [`SECRET`], over SQLite in a file of this directory.
    pub(crate) async fn start_durable(directory: &Path) -> Self {
        Self::start_over(&format!("sqlite://{}", directory.join("tidings.db").display())).await
    }

    /// In development mode, with [`SECRET`], over the database that this URL names.
    pub(crate) async fn start_over(database: &str) -> Self {
        let flags = ["--dev", "--jwt-secret", SECRET, "--database-url", database];
        Self::run(App::build(&Config::from_args(flags).unwrap()).await.unwrap()).await
    }

    async fn run(app: App) -> Self {
        logs::watch();
        let (public, addr) = listener().await;
        let (private, metrics) = listener().await;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(app.run(public, Some(private), async move {
            // A dropped sender stops the server too.
            let _ = stopped.await;
        }));
        Self { addr, metrics, stop: Some(stop), running }
    }

    /// Begins the stop, without waiting for the end.
    pub(crate) fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for the end.
    pub(crate) async fn stopped(self) {
        self.running.await.unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The origin of the server's own page.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A GET with these headers.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        send(client().get(self.url(path)), headers).await
    }

    /// A POST of JSON with these headers.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        headers: &[(&str, &str)],
    ) -> reqwest::Response {
        send(client().post(self.url(path)).json(body), headers).await
    }

    /// Opens `/ws/chat` with this query and these headers.
    pub(crate) async fn open(&self, query: &str, headers: &[(&str, &str)]) -> Result<Socket, Refusal> {
        let mut request = format!("ws://{}/ws/chat{query}", self.addr).into_client_request().unwrap();
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(response)) => Err(Refusal {
                status: response.status().as_u16(),
                retry_after: response
                    .headers()
                    .get("retry-after")
                    .map(|value| value.to_str().unwrap().parse().unwrap()),
                body: serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                    .unwrap_or_default(),
            }),
            Err(error) => panic!("no answer to the handshake: {error}"),
        }
    }

    /// The numbers of the metrics listener.
    pub(crate) async fn numbers(&self) -> String {
        client().get(format!("http://{}/metrics", self.metrics)).send().await.unwrap().text().await.unwrap()
    }
}

/// A handshake that was answered with something other than 101.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: serde_json::Value,
}

impl Refusal {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A client without proxies, redirects or kept connections: each request stands for itself.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

async fn send(mut request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> reqwest::Response {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

impl TestServer {
    /// Opens a session for the user as soon as there is room for it.
    pub(crate) async fn eventually_open(&self, user: &str) -> Socket {
        let query = format!("?token={}", jwt::token(user));
        loop {
            match self.open(&query, &[]).await {
                Ok(socket) => return socket,
                Err(refused) if matches!(refused.status, 429 | 503) => tokio::task::yield_now().await,
                Err(refused) => panic!("refused: {refused:?}"),
            }
        }
    }

    /// How many were refused for this reason.
    pub(crate) async fn numbers_of_refused(&self, reason: &str) -> u64 {
        let line = format!("connections_refused_total{{reason=\"{reason}\"}} ");
        let numbers = self.numbers().await;
        numbers.lines().find_map(|found| found.strip_prefix(&line)).map_or(0, |count| count.parse().unwrap())
    }
}
