//! A node: the server as it is, over a way to the log, a seat at the bus and a door in the network.

use std::sync::Arc;

use serde_json::{Value, json};
use tidings_protocol::Timestamp;
use tidings_server::accept::Door;
use tidings_server::app::{App, Parts};
use tidings_server::clock::Clock;
use tidings_server::config::Config;
use tidings_server::store::memory::Memory;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::bus::{Bus, Seat};
use super::fate::Fate;
use super::net::Net;
use super::store::Way;
use crate::harness::{SECRET, token_with};

/// The time of day at which every life begins.
pub(super) const DAWN: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// From whom the network takes the requests of [`get`].
const ASKER: usize = 200;
/// Times are short, so that a life is.
const FLAGS: &[&str] = &[
    "--jwt-secret",
    SECRET,
    "--max-frames-per-second",
    "1000",
    "--frame-burst",
    "2000",
    "--heartbeat",
    "5s",
    "--presence-grace",
    "2s",
    "--presence-lease",
    "5s",
    "--drain-grace",
    "3s",
    "--drain-spread",
    "2s",
];

/// A token that counts for a life.
pub(super) fn token(user: &str) -> String {
    token_with(json!({ "sub": user, "exp": DAWN.as_millis() / 1000 + 100_000, "scope": "admin notify" }))
}

/// One life of a node.
pub(super) struct Node {
    pub(super) fate: Fate,
    pub(super) seat: Seat,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Node {
    /// Starts the node of this number; `tick` is its `--position-tick`.
    pub(super) async fn start(
        seed: u64,
        number: usize,
        (net, bus, log): (&Net, &Bus, &Arc<Memory>),
        clock: &Clock,
        tick: &str,
    ) -> Self {
        let name = format!("node-{number}");
        let flags = FLAGS.iter().copied().chain(["--node-id", &name, "--position-tick", tick]);
        let (seat, broker) = bus.join();
        let fate = Fate::new(seed, number, net.clone(), seat.clone());
        let store = Arc::new(Way { log: Arc::clone(log), fate: fate.clone() });
        let parts = Parts { store, broker, clock: clock.clone() };
        let app = App::with(&Config::from_args(flags).unwrap(), parts).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(app.run(Door::Pipes(net.open(number)), None, async {
            let _ = stopped.await;
        }));
        Self { fate, seat, stop: Some(stop), running }
    }

    /// As SIGTERM does.
    pub(super) fn drain(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// As SIGKILL does, whatever it was at.
    pub(super) fn end(&self) {
        self.fate.die();
        self.running.abort();
    }
}

/// The JSON answer of a node to a request; none where there is no such answer.
pub(super) async fn get(net: &Net, node: usize, path: &str) -> Option<Value> {
    let mut pipe = net.dial(ASKER, node).await.ok()?;
    let token = token("root");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    pipe.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| serde_json::from_str(body).ok())?
}
