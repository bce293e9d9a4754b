//! The broker of a cluster: Redis channels, one for each room and each user and one for all.
//!
//! A node hands its own publications to its own sessions at once and sends them to Redis beside; what comes back of its
//! own is skipped. So a node alone lives on while Redis is away, and only other nodes wait.
//!
//! - [`address`]: which URLs are understood.
//! - `link`: what both connections share: marks, states, numbers, and the waits between attempts.
//! - `outgoing`: what is on its way to Redis, bounded. `publisher`: the connection that publishes it, in batches.
//! - `subscriber`: the connection that listens, and its watchdog.
//! - [`once`]: what may happen once in the whole cluster, such as the use of a ticket.
//! - [`registry`]: who is connected, as keys for other programs. `asking` is the connection of both.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use self::link::Link;
use self::outgoing::Outgoing;
use self::subscriber::Order;
use super::{Broker, BrokerError, BrokerStats, Publication, Topic};

pub mod address;
mod asking;
mod link;
pub mod once;
mod outgoing;
mod publisher;
pub mod registry;
mod subscriber;

pub use self::address::{Address, AddressError};

/// What a broker is set to.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Goes before the names of all channels and keys: nodes of one cluster have the same.
    pub prefix: String,
    /// Publications on their way to this node's sessions.
    pub arrivals: usize,
    /// Publications on their way to Redis.
    pub queue: usize,
    /// Connections that answer nothing for this long are replaced.
    pub patience: Duration,
}

impl RedisOptions {
    /// For the cluster with this prefix.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), arrivals: 8_192, queue: 16_384, patience: Duration::from_secs(3) }
    }
}

/// Redis cannot be the broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--redis-url names a node of a Redis Cluster, which is not supported; name a single Redis server, which can \
     carry many nodes"
)]
pub struct ClusterError;

/// A broker over one Redis server. Works off and on as that server does.
#[derive(Debug)]
pub struct RedisBroker {
    link: Arc<Link>,
    outgoing: Arc<Outgoing>,
    orders: mpsc::Sender<Order>,
    stream: Mutex<Option<mpsc::Receiver<Publication>>>,
}

/// Orders to the listening connection that may wait; past that, whoever has one waits.
const ORDERS: usize = 1_024;
/// How long a start waits for Redis before it goes on without.
const START_WAIT: Duration = Duration::from_secs(2);
/// How long a stop waits for what is still to be sent.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

impl RedisBroker {
    /// Connects. Where Redis does not answer in time, the broker stands all the same and goes on trying.
    ///
    /// # Errors
    /// The server is part of a Redis Cluster.
    pub async fn start(address: &Address, options: RedisOptions) -> Result<Self, ClusterError> {
        let (arrivals, stream) = mpsc::channel(options.arrivals.max(1));
        let (orders, taken) = mpsc::channel(ORDERS);
        let link = Arc::new(Link::new(address.clone(), options, arrivals));
        let outgoing = Arc::new(Outgoing::new(link.options().queue));
        tokio::spawn(subscriber::run(Arc::clone(&link), taken));
        tokio::spawn(publisher::run(Arc::clone(&link), Arc::clone(&outgoing)));
        if timeout(START_WAIT, link.both_up()).await.is_err() {
            let why = link.why();
            tracing::warn!(why, "Redis does not answer; other nodes are not heard until it does");
        }
        if link.is_cluster.load(Ordering::Acquire) {
            outgoing.close();
            return Err(ClusterError);
        }
        Ok(Self { link, outgoing, orders, stream: Mutex::new(Some(stream)) })
    }

    fn away() -> BrokerError {
        BrokerError("Redis is away".to_owned())
    }
}

impl Drop for RedisBroker {
    fn drop(&mut self) {
        self.outgoing.close();
    }
}

#[async_trait]
impl Broker for RedisBroker {
    async fn publish(&self, publication: Publication) -> Result<(), BrokerError> {
        self.outgoing.push(&self.link, &publication);
        self.publish_here(publication).await
    }

    async fn publish_here(&self, publication: Publication) -> Result<(), BrokerError> {
        let arrivals = &self.link.arrivals;
        arrivals.send(publication).await.map_err(|_| BrokerError("the node is stopping".to_owned()))
    }

    async fn subscribe(&self, topic: Topic) -> Result<(), BrokerError> {
        let (done, answer) = oneshot::channel();
        self.orders.send(Order::Want(topic, done)).await.map_err(|_| Self::away())?;
        answer.await.map_err(|_| Self::away())
    }

    async fn unsubscribe(&self, topic: Topic) -> Result<(), BrokerError> {
        self.orders.send(Order::GiveUp(topic)).await.map_err(|_| Self::away())
    }

    fn take_stream(&self) -> Option<mpsc::Receiver<Publication>> {
        self.stream.lock().take()
    }

    async fn check(&self) -> Result<(), BrokerError> {
        if self.link.is_up() { Ok(()) } else { Err(Self::away()) }
    }

    fn spans_nodes(&self) -> bool {
        true
    }

    async fn flush(&self) {
        let _ = timeout(FLUSH_WAIT, self.outgoing.empty()).await;
    }

    fn stats(&self) -> BrokerStats {
        self.link.stats()
    }
}

#[cfg(test)]
mod tests;
