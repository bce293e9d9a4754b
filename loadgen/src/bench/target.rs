//! What is measured: one server, or the nodes of a cluster, and their CPU time together.

use std::net::SocketAddr;
use std::time::Duration;

use tidings_testbed::cluster::Cluster;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::proc;
use crate::server::Server;
use crate::token::Secret;

/// Where it listens, its processes, and tokens that it takes.
pub(super) struct Target<'a> {
    addrs: Vec<SocketAddr>,
    pids: Vec<u32>,
    secret: &'a Secret,
}

impl<'a> Target<'a> {
    pub(super) fn server(server: &'a Server) -> Result<Self, Error> {
        Ok(Self { addrs: vec![server.addr()], pids: vec![server.pid()?], secret: server.secret() })
    }

    pub(super) fn cluster(cluster: &Cluster, secret: &'a Secret) -> Self {
        let addrs = cluster.nodes.iter().map(|node| node.address()).collect();
        Self { addrs, pids: cluster.nodes.iter().filter_map(|node| node.id()).collect(), secret }
    }

    /// Where client number `n` connects.
    pub(super) fn addr(&self, n: usize) -> SocketAddr {
        self.addrs[n % self.addrs.len()]
    }

    pub(super) fn token(&self, user: &str) -> Result<String, Error> {
        self.secret.token(user)
    }

    /// User and system time of all processes so far.
    pub(super) fn cpu(&self) -> Result<Duration, Error> {
        self.pids.iter().map(|pid| proc::cpu(*pid)).sum()
    }

    /// Waits until there is nothing to do any more: what came before is not to be counted.
    pub(super) async fn settle(&self) -> Result<(), Error> {
        let window = Duration::from_millis(500);
        let deadline = Instant::now() + 20 * window;
        loop {
            let before = self.cpu()?;
            sleep(window).await;
            if self.cpu()? - before < window / 25 || Instant::now() > deadline {
                return Ok(());
            }
        }
    }
}
