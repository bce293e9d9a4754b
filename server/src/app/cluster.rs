//! What makes a node part of a cluster: the broker, tickets that count once on all nodes, and who is connected as keys of
//! Redis.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use tidings_protocol::{Epoch, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::auth::ticket::UsedError;
use crate::auth::{LocalUsedTickets, UsedTickets};
use crate::broker::Broker;
use crate::broker::local::LocalBroker;
use crate::broker::redis::once::Once;
use crate::broker::redis::registry::{Held, Registry};
use crate::broker::redis::{Address, RedisBroker, RedisOptions};
use crate::clock::until;
use crate::config::BrokerConfig;
use crate::hub::Registration;
use crate::node::Node;

/// Publications of one node on their way to its own sessions.
const BROKER_CAPACITY: usize = 4096;
/// A ticket is remembered this much longer than it counts: clocks of nodes differ.
const SKEW: Duration = Duration::from_secs(60);

/// How soon Redis has what has changed in a node's sessions.
const REGISTER_EVERY: Duration = Duration::from_secs(1);
/// How long the keys outlive a node that has died.
const REGISTERED: Duration = Duration::from_secs(30);
/// How long a node that ends waits for its keys to go.
const ERASED: Duration = Duration::from_millis(500);

/// The broker that the settings name, for the nodes of this log.
pub(super) async fn broker(config: &BrokerConfig, epoch: &Epoch) -> Result<Arc<dyn Broker>, StartError> {
    let Some(address) = address(config)? else {
        return Ok(Arc::new(LocalBroker::new(BROKER_CAPACITY)));
    };
    let options = RedisOptions {
        arrivals: config.redis_arrivals,
        queue: config.redis_queue,
        // Nodes of another log that share the server are another cluster.
        ..RedisOptions::new(format!("tidings:{epoch}:"))
    };
    Ok(Arc::new(RedisBroker::start(&address, options).await?))
}

/// Where used tickets are remembered.
pub(super) fn used_tickets(config: &BrokerConfig) -> Result<Arc<dyn UsedTickets>, StartError> {
    Ok(match address(config)? {
        Some(address) => Arc::new(SharedTickets(Once::new(address, "tidings:ticket:".to_owned()))),
        None => Arc::new(LocalUsedTickets::default()),
    })
}

/// Keeps who is connected in Redis, for other programs; ends with [`Registering::end`].
pub(super) struct Registering {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Registering {
    /// Of this node, where the settings want it.
    pub(super) fn begin(config: &BrokerConfig, node: &Arc<Node>) -> Result<Option<Self>, StartError> {
        let Some(address) = address(config)?.filter(|_| config.redis_sessions) else { return Ok(None) };
        let registry = Registry::new(address, node.settings().node_id.clone(), REGISTERED);
        let stop = CancellationToken::new();
        let task = tokio::spawn(register(registry, Arc::downgrade(node), stop.clone()));
        Ok(Some(Self { stop, task }))
    }

    /// Takes the node's keys away.
    pub(super) async fn end(self) {
        self.stop.cancel();
        // Past this, they end by themselves.
        let _ = timeout(ERASED, self.task).await;
    }
}

async fn register(mut registry: Registry, node: Weak<Node>, stop: CancellationToken) {
    let mut is_away = false;
    loop {
        let ends = timeout(REGISTER_EVERY, stop.cancelled()).await.is_ok();
        let held = match node.upgrade() {
            Some(node) if !ends => held(&node),
            Some(_) | None => Vec::new(),
        };
        let written = registry.write(&held).await;
        if let (Err(error), false) = (&written, is_away) {
            tracing::warn!(%error, "the keys of sessions are not written to Redis");
        }
        is_away = written.is_err();
        if ends || node.strong_count() == 0 {
            return;
        }
    }
}

/// The sessions that are told of chat: a stream of notifications alone is none.
fn held(node: &Node) -> Vec<Held> {
    let sessions = node.hub().registrations(None).into_iter().filter(|one| one.inbox);
    let held = sessions.map(|Registration { outbox, since, transport, .. }| Held {
        session: outbox.session_id().clone(),
        user: outbox.user_id().clone(),
        since,
        transport: transport.as_str(),
    });
    held.collect()
}

fn address(config: &BrokerConfig) -> Result<Option<Address>, StartError> {
    Ok(config.redis_url.as_ref().map(|url| Address::parse(url.expose_secret())).transpose()?)
}

/// Remembers in Redis. While that is away no ticket counts: which of them were used is known there alone, and a token
/// or a cookie still lets everybody in.
#[derive(Debug)]
struct SharedTickets(Once);

#[async_trait]
impl UsedTickets for SharedTickets {
    async fn first_use(&self, id: u128, expires_at: Timestamp, now: Timestamp) -> Result<bool, UsedError> {
        let lasts = until(now, expires_at) + SKEW;
        self.0.first(&format!("{id:032x}"), lasts).await.map_err(|error| {
            tracing::warn!(%error, "a ticket could not be checked and does not count");
            UsedError
        })
    }
}
