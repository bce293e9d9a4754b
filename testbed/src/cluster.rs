//! A whole cluster: PostgreSQL, Redis, some processes of a server, and nginx in front of them.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::nginx::{Balance, Nginx};
use crate::node::Node;
use crate::postgres::{Database, Postgres};
use crate::process::Error;
use crate::redis::Redis;

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

impl Cluster {
    /// Starts everything and waits until each node serves.
    ///
    /// # Errors
    /// A part is not installed, or does not start.
    pub fn start(plan: &Plan) -> Result<Self, Error> {
        let redis = Redis::start()?;
        let postgres = Arc::new(Postgres::start()?);
        let database = Database::on(&postgres)?;
        let mut flags = plan.flags.clone();
        let own = ["--trusted-proxies", "127.0.0.1/32"].map(str::to_owned);
        flags.extend(own);
        let mut variables = plan.variables.clone();
        variables.push(("TIDINGS_DATABASE_URL".to_owned(), database.url()));
        variables.push(("TIDINGS_REDIS_URL".to_owned(), redis.url()));
        let mut nodes = Vec::with_capacity(plan.nodes);
        for _ in 0..plan.nodes {
            nodes.push(Node::start(&plan.program, &flags, &variables)?);
        }
        let ports: Vec<u16> = nodes.iter().map(Node::port).collect();
        let nginx = match plan.port {
            Some(port) => Nginx::start_at(port, plan.balance, &ports)?,
            None => Nginx::start(plan.balance, &ports)?,
        };
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
