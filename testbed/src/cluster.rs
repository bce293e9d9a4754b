//! A whole cluster: PostgreSQL, Redis, some processes of a server, and nginx in front of them.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::netns::Machine;
use crate::nginx::{Balance, Nginx};
use crate::node::Node;
use crate::postgres::{Database, Postgres};
use crate::process::Error;
use crate::redis::Redis;

/// The flag that names who may say for whom a request is.
const TRUSTED: &str = "--trusted-proxies";
/// How long one look at a node may take.
const LOOK: Duration = Duration::from_secs(2);

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server's binary.
    pub program: PathBuf,
    /// How many of it.
    pub nodes: usize,
    /// Its flags, besides those for its places.
    pub flags: Vec<String>,
    /// Variables of its environment.
    pub variables: Vec<(String, String)>,
    /// nginx's port, where it must be a certain one.
    pub port: Option<u16>,
    /// How nginx chooses a node.
    pub balance: Balance,
}

/// A running cluster, stopped and thrown away when dropped, or when the thread that started it ends.
#[derive(Debug)]
pub struct Cluster {
    // They go in this order: first who uses the others.
    /// In front.
    pub nginx: Nginx,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their database.
    pub database: Database,
    /// Where it is.
    pub postgres: Arc<Postgres>,
    /// Their broker.
    pub redis: Redis,
}

/// What nodes share.
#[derive(Debug)]
pub struct Services {
    /// The database.
    pub database: Database,
    /// Where it is.
    pub postgres: Arc<Postgres>,
    /// The broker.
    pub redis: Redis,
}

/// Where a node runs, and where it finds what it shares.
#[derive(Clone, Debug)]
pub struct Places {
    /// The machine, where it is not this one.
    pub machine: Option<Machine>,
    /// The database's URL.
    pub database: String,
    /// The broker's.
    pub redis: String,
}

impl Services {
    /// Starts them, with a fresh database.
    ///
    /// # Errors
    /// One is not installed, or does not start.
    pub fn start() -> Result<Self, Error> {
        let redis = Redis::start()?;
        let postgres = Arc::new(Postgres::start()?);
        Ok(Self { database: Database::on(&postgres)?, postgres, redis })
    }

    /// Where they are.
    #[must_use]
    pub fn places(&self) -> Places {
        Places { machine: None, database: self.database.url(), redis: self.redis.url() }
    }
}

impl Cluster {
    /// Starts everything and waits until each node serves.
    ///
    /// # Errors
    /// A part is not installed, or does not start.
    pub fn start(plan: &Plan) -> Result<Self, Error> {
        let services = Services::start()?;
        let places = services.places();
        Self::on(services, plan, |_| places.clone())
    }

    /// The same on services that run already; each node is told by its number where they are.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn on(services: Services, plan: &Plan, places: impl Fn(usize) -> Places) -> Result<Self, Error> {
        let mut flags = plan.flags.clone();
        if !flags.iter().any(|flag| flag == TRUSTED) {
            flags.extend([TRUSTED, "127.0.0.1/32"].map(str::to_owned));
        }
        let mut nodes = Vec::with_capacity(plan.nodes);
        for number in 0..plan.nodes {
            let (mut variables, places) = (plan.variables.clone(), places(number));
            variables.push(("TIDINGS_DATABASE_URL".to_owned(), places.database));
            variables.push(("TIDINGS_REDIS_URL".to_owned(), places.redis));
            nodes.push(Node::start(&plan.program, &flags, &variables, places.machine.as_ref())?);
        }
        let addresses: Vec<SocketAddr> = nodes.iter().map(Node::address).collect();
        let nginx = match plan.port {
            Some(port) => Nginx::start_at(port, plan.balance, &addresses)?,
            None => Nginx::start(plan.balance, &addresses)?,
        };
        let Services { database, postgres, redis } = services;
        Ok(Self { nginx, nodes, database, postgres, redis })
    }
}

/// The status with which a port of loopback answers `GET path`, where it answers.
#[must_use]
pub fn status(port: u16, path: &str) -> Option<u16> {
    use std::io::{Read as _, Write as _};
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), LOOK).ok()?;
    stream.set_read_timeout(Some(LOOK)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}
