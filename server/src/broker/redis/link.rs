//! What the publishing and the listening connection share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError};
use tidings_protocol::{RoomId, UserId};
use tokio::sync::{mpsc, watch};

use super::super::{BrokerStats, Publication, Topic};
use super::{Address, RedisOptions};
use crate::random;

/// The shortest wait between two attempts to connect.
const RETRY_LEAST: Duration = Duration::from_millis(50);
/// The longest.
pub(super) const RETRY_MOST: Duration = Duration::from_secs(2);

/// One node's two connections to one Redis server.
#[derive(Debug)]
pub(super) struct Link {
    address: Address,
    options: RedisOptions,
    /// Tells this node's own publications.
    pub(super) mark: u64,
    /// The way to the fan-out.
    pub(super) arrivals: mpsc::Sender<Publication>,
    pub(super) is_cluster: AtomicBool,
    /// Something was not put on the way to the fan-out.
    pub(super) lost: AtomicBool,
    /// Self-messages that were published, and that came back.
    pub(super) echoes_sent: AtomicU64,
    pub(super) echoes_heard: AtomicU64,
    /// Nodes that listened when last something was published to all.
    pub(super) listeners: AtomicU64,
    /// Why the last attempt that failed has failed.
    why: Mutex<Option<String>>,
    publishes: watch::Sender<bool>,
    listens: watch::Sender<bool>,
    published: AtomicU64,
    dropped: AtomicU64,
    disconnects: AtomicU64,
    resubscribed: AtomicU64,
    overflowed: AtomicU64,
}

/// Which of the two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Publishes,
    Listens,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Published,
    Dropped,
    Resubscribed,
    Overflowed,
}

impl Link {
    pub(super) fn new(address: Address, options: RedisOptions, arrivals: mpsc::Sender<Publication>) -> Self {
        Self {
            address,
            options,
            mark: random::number(),
            arrivals,
            is_cluster: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            echoes_sent: AtomicU64::new(0),
            echoes_heard: AtomicU64::new(0),
            listeners: AtomicU64::new(0),
            why: Mutex::default(),
            publishes: watch::Sender::new(false),
            listens: watch::Sender::new(false),
            published: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            disconnects: AtomicU64::new(0),
            resubscribed: AtomicU64::new(0),
            overflowed: AtomicU64::new(0),
        }
    }

    pub(super) const fn options(&self) -> &RedisOptions {
        &self.options
    }

    /// A new connection; every answer on it has to come in time.
    pub(super) async fn connect(
        &self,
        config: AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, RedisError> {
        let patience = Some(self.options.patience);
        let config = config.set_connection_timeout(patience).set_response_timeout(patience);
        self.address.client().get_multiplexed_async_connection_with_config(&config).await
    }

    /// An attempt to connect has failed.
    pub(super) fn failed(&self, why: &RedisError) {
        tracing::debug!(%why, "Redis cannot be reached");
        *self.why.lock() = Some(why.to_string());
    }

    /// Why the last attempt that failed has failed.
    pub(super) fn why(&self) -> Option<String> {
        self.why.lock().clone()
    }

    /// How long to wait before attempt number `attempt`: anything up to twice what it was before, so that nodes do
    /// not come back in step.
    pub(super) fn wait_before(&self, attempt: u32) -> Duration {
        let most = RETRY_LEAST.saturating_mul(1 << attempt.min(10)).min(RETRY_MOST);
        let part = random::number() % 1_000;
        most.mul_f64(0.2 + 0.8 * part as f64 / 1_000.0)
    }

    pub(super) fn set(&self, end: End, works: bool) {
        let was = match end {
            End::Publishes => self.publishes.send_replace(works),
            End::Listens => self.listens.send_replace(works),
        };
        match (was, works) {
            (true, false) => {
                self.disconnects.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(?end, "Redis is away; this node serves its own sessions, others hear later");
            }
            (false, true) => tracing::info!(?end, "connected to Redis"),
            (true, true) | (false, false) => {}
        }
    }

    pub(super) fn works(&self, end: End) -> bool {
        match end {
            End::Publishes => *self.publishes.borrow(),
            End::Listens => *self.listens.borrow(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.works(End::Publishes) && self.works(End::Listens)
    }

    pub(super) async fn both_up(&self) {
        let (mut publishes, mut listens) = (self.publishes.subscribe(), self.listens.subscribe());
        for end in [&mut publishes, &mut listens] {
            // The senders live as long as this does.
            let _ = end.wait_for(|up| *up).await;
        }
    }

    pub(super) fn count(&self, what: Count, by: u64) {
        let counter = match what {
            Count::Published => &self.published,
            Count::Dropped => &self.dropped,
            Count::Resubscribed => &self.resubscribed,
            Count::Overflowed => &self.overflowed,
        };
        counter.fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> BrokerStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BrokerStats {
            published: read(&self.published),
            dropped: read(&self.dropped),
            disconnects: read(&self.disconnects),
            resubscribed: read(&self.resubscribed),
            overflowed: read(&self.overflowed),
        }
    }

    /// The channel of a topic.
    pub(super) fn channel(&self, topic: &Topic) -> String {
        let prefix = &self.options.prefix;
        match topic {
            Topic::Room(room) => format!("{prefix}room:{room}"),
            Topic::User(user) => format!("{prefix}user:{user}"),
            Topic::All => format!("{prefix}all"),
        }
    }

    /// The topic of a channel.
    pub(super) fn topic(&self, channel: &str) -> Option<Topic> {
        let name = channel.strip_prefix(&self.options.prefix)?;
        if let Some(room) = name.strip_prefix("room:") {
            return RoomId::new(room).ok().map(Topic::Room);
        }
        if let Some(user) = name.strip_prefix("user:") {
            return UserId::new(user).ok().map(Topic::User);
        }
        (name == "all").then_some(Topic::All)
    }

    /// The channel on which this node hears itself.
    pub(super) fn echo_channel(&self) -> String {
        format!("{}echo:{:016x}", self.options.prefix, self.mark)
    }
}
