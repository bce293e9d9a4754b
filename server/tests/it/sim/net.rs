//! The network between clients and nodes: pipes with delays in both directions, which are cut, or fall silent in one
//! direction or both without a word to either side.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tidings_client_core::Rng;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex, split};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// What a pipe holds, in bytes.
const PIPE: usize = 64 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: usize = 128;
/// The usual delay, in milliseconds.
const DELAY: u64 = 20;
/// The longest of the rare ones.
const STALL: u64 = 2_000;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Net(Arc<Mutex<Inner>>);

struct Inner {
    rng: Rng,
    doors: Vec<Option<mpsc::Sender<(DuplexStream, SocketAddr)>>>,
    lines: Vec<Line>,
    is_calm: bool,
    dialled: u16,
}

/// One connection.
struct Line {
    client: usize,
    node: usize,
    pumps: [AbortHandle; 2],
    /// Nothing passes any more: up, down.
    silent: [Arc<AtomicBool>; 2],
}

impl Net {
    pub(super) fn new(seed: u64, nodes: usize) -> Self {
        let doors = vec![None; nodes];
        let rng = Rng::new([seed, 0x6e65_7400]);
        Self(Arc::new(Mutex::new(Inner { rng, doors, lines: Vec::new(), is_calm: false, dialled: 0 })))
    }

    /// A node's door, open from now on.
    pub(super) fn open(&self, node: usize) -> mpsc::Receiver<(DuplexStream, SocketAddr)> {
        let (door, arrivals) = mpsc::channel(BACKLOG);
        self.0.lock().doors[node] = Some(door);
        arrivals
    }

    /// The node is gone, and its connections with it.
    pub(super) fn shut(&self, node: usize) {
        let mut inner = self.0.lock();
        inner.doors[node] = None;
        inner.cut(|line| line.node == node);
    }

    /// A client's connections are cut: both sides are told.
    pub(super) fn cut(&self, client: usize) {
        self.0.lock().cut(|line| line.client == client);
    }

    /// A client's connections fall silent; nobody is told. `which`: up, down, or both.
    pub(super) fn silence(&self, client: usize, which: [bool; 2]) {
        for line in self.0.lock().lines.iter().filter(|line| line.client == client) {
            for (silent, wanted) in line.silent.iter().zip(which) {
                silent.fetch_or(wanted, Ordering::Relaxed);
            }
        }
    }

    /// No more long delays.
    pub(super) fn calm(&self) {
        self.0.lock().is_calm = true;
    }

    /// A node, as a balancer picks it: mostly one whose door is open.
    pub(super) fn pick(&self) -> usize {
        let mut inner = self.0.lock();
        let open: Vec<usize> = (0..inner.doors.len()).filter(|node| inner.doors[*node].is_some()).collect();
        let blind = inner.rng.up_to(9) == 0 && !inner.is_calm;
        let among = if blind || open.is_empty() { (0..inner.doors.len()).collect() } else { open };
        among[usize::try_from(inner.rng.up_to(among.len() as u64 - 1)).unwrap()]
    }

    /// A connection to a node.
    pub(super) async fn dial(&self, client: usize, node: usize) -> io::Result<DuplexStream> {
        sleep(self.delay()).await;
        let mut inner = self.0.lock();
        let door = inner.doors[node].clone().ok_or(io::ErrorKind::ConnectionRefused)?;
        inner.dialled = inner.dialled.wrapping_add(1);
        let addr = SocketAddr::from(([10, 0, 0, u8::try_from(client).unwrap()], inner.dialled));
        let ((near, here), (there, far)) = (duplex(PIPE), duplex(PIPE));
        door.try_send((far, addr)).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        let silent = [Arc::default(), Arc::default()];
        let ((up_from, down_to), (down_from, up_to)) = (split(here), split(there));
        let pumps = [
            tokio::spawn(self.clone().pump(up_from, up_to, Arc::clone(&silent[0]))).abort_handle(),
            tokio::spawn(self.clone().pump(down_from, down_to, Arc::clone(&silent[1]))).abort_handle(),
        ];
        inner.lines.retain(|line| line.pumps.iter().any(|pump| !pump.is_finished()));
        inner.lines.push(Line { client, node, pumps, silent });
        Ok(near)
    }

    async fn pump(
        self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        silent: Arc<AtomicBool>,
    ) {
        let mut bytes = vec![0; 4_096];
        loop {
            let count = from.read(&mut bytes).await.unwrap_or(0);
            sleep(self.delay()).await;
            if silent.load(Ordering::Relaxed) {
                // Both ends stay open.
                pending::<()>().await;
            }
            if count == 0 {
                let _ = to.shutdown().await;
                return;
            }
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }

    fn delay(&self) -> Duration {
        let mut inner = self.0.lock();
        let stalls = !inner.is_calm && inner.rng.up_to(299) == 0;
        let most = if stalls { STALL } else { DELAY };
        Duration::from_millis(inner.rng.up_to(most))
    }
}

impl Inner {
    fn cut(&mut self, which: impl Fn(&Line) -> bool) {
        for line in self.lines.extract_if(.., |line| which(line)) {
            line.pumps.iter().for_each(AbortHandle::abort);
        }
    }
}
