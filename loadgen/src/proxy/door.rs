//! One address that clients connect to, and the switch beside it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::line;
use super::plan::Plan;
use super::tally::Tally;

/// The state of the network between the clients of a door and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Bytes pass.
    Up,
    /// Nothing passes in either direction and nobody is told; what was sent comes through once it is up again.
    Silent,
    /// Connections are reset, new ones too.
    Down,
}

/// One address. Dropping it cuts its connections.
#[derive(Debug)]
pub struct Door {
    addr: SocketAddr,
    switch: Arc<Switch>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Switch {
    network: watch::Sender<Network>,
    /// How often the open connections were cut.
    cuts: watch::Sender<u64>,
    /// Whether there is an unwanted reply, so that nobody locks for nothing.
    takes_reply: AtomicBool,
    unwanted: Mutex<Vec<u8>>,
}

/// A connection's view of its door.
#[derive(Clone, Debug)]
pub(super) struct Passing {
    switch: Arc<Switch>,
    network: watch::Receiver<Network>,
    cuts: watch::Receiver<u64>,
}

impl Door {
    pub(super) async fn open(
        upstream: SocketAddr,
        plan: Plan,
        number: u64,
        tally: Arc<Tally>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let switch = Arc::new(Switch {
            network: watch::Sender::new(Network::Up),
            cuts: watch::Sender::new(0),
            takes_reply: AtomicBool::new(false),
            unwanted: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, upstream, plan, number, Arc::clone(&switch), tally));
        Ok(Self { addr, switch, accepting })
    }

    /// Its address.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as a base for HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Sets the state of the network.
    pub fn set(&self, network: Network) {
        self.switch.network.send_replace(network);
        if network == Network::Down {
            self.cut();
        }
    }

    /// Resets the connections that are open.
    pub fn cut(&self) {
        self.switch.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The next thing that the server says with these bytes in it is not passed on: the connection is cut in its
    /// place, once. So the server has done what it was asked to, and the client does not know.
    pub fn cut_reply(&self, with: &[u8]) {
        with.clone_into(&mut self.switch.unwanted());
        self.switch.takes_reply.store(true, Ordering::Release);
    }
}

impl Switch {
    fn unwanted(&self) -> MutexGuard<'_, Vec<u8>> {
        self.unwanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Passing {
    fn of(switch: &Arc<Switch>) -> Self {
        Self {
            switch: Arc::clone(switch),
            network: switch.network.subscribe(),
            cuts: switch.cuts.subscribe(),
        }
    }

    /// Returns while bytes may pass.
    pub(super) async fn wait_until_open(&mut self) {
        // The switch lives as long as this does.
        let _ = self.network.wait_for(|network| *network == Network::Up).await;
    }

    /// Returns when the connections are cut that are open now.
    pub(super) async fn cut(&mut self) {
        let _ = self.cuts.changed().await;
    }

    /// Whether this reply is the one that is not passed on.
    pub(super) fn is_unwanted(&self, reply: &[u8]) -> bool {
        let switch = &self.switch;
        if !switch.takes_reply.load(Ordering::Acquire) {
            return false;
        }
        let unwanted = switch.unwanted();
        reply.windows(unwanted.len().max(1)).any(|bytes| bytes == unwanted.as_slice())
            && switch.takes_reply.swap(false, Ordering::AcqRel)
    }

    fn is_down(&self) -> bool {
        *self.network.borrow() == Network::Down
    }
}

async fn accept(
    listener: TcpListener,
    upstream: SocketAddr,
    plan: Plan,
    number: u64,
    switch: Arc<Switch>,
    tally: Arc<Tally>,
) {
    let mut lines = JoinSet::new();
    for connection in 0.. {
        while lines.try_join_next().is_some() {}
        let Ok((client, _)) = listener.accept().await else { return };
        let (course, passing, tally) =
            (plan.course(number, connection), Passing::of(&switch), Arc::clone(&tally));
        tally.connection();
        lines.spawn(async move {
            let mut open = passing.clone();
            if open.is_down() {
                return line::reset(client);
            }
            let server = async {
                open.wait_until_open().await;
                TcpStream::connect(upstream).await
            };
            let mut cut = passing.clone();
            let server = tokio::select! {
                // A connection that stands by now is cut with its line, which resets the server's side too.
                biased;
                server = server => server,
                () = cut.cut() => return line::reset(client),
            };
            match server {
                Ok(server) => {
                    // Pieces pass as they come.
                    let _ = (client.set_nodelay(true), server.set_nodelay(true));
                    line::run(client, server, course, passing, &tally).await;
                }
                Err(_) => line::reset(client),
            }
        });
    }
}
