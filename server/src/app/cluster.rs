//! What makes a node part of a cluster: the broker, and tickets that count once on all nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use tidings_protocol::{Epoch, Timestamp};

use super::StartError;
use crate::auth::ticket::UsedError;
use crate::auth::{LocalUsedTickets, UsedTickets};
use crate::broker::Broker;
use crate::broker::local::LocalBroker;
use crate::broker::redis::once::Once;
use crate::broker::redis::{Address, RedisBroker, RedisOptions};
use crate::clock::until;
use crate::config::BrokerConfig;

/// Publications of one node on their way to its own sessions.
const BROKER_CAPACITY: usize = 4096;
/// A ticket is remembered this much longer than it counts: clocks of nodes differ.
const SKEW: Duration = Duration::from_secs(60);

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
