//! The cable between one node and what it shares with the others, which can be pulled: nothing passes, and nobody is told.

use std::net::SocketAddr;

use tidings_testbed::cluster::{Places, Services};

use crate::error::Error;
use crate::proxy::{Door, Network, Plan, Proxy};

/// The number of the node whose cable it is.
pub(super) const NODE: usize = 0;

/// To Redis and to PostgreSQL.
#[derive(Debug)]
pub(super) struct Cable {
    redis: Door,
    postgres: Door,
}

impl Cable {
    pub(super) async fn lay(services: &Services) -> Result<Self, Error> {
        let to = async |port: u16| {
            let door = Proxy::new(SocketAddr::from(([127, 0, 0, 1], port)), Plan::clear()).door(0).await;
            door.map_err(|e| Error::io("open a door", e))
        };
        Ok(Self { redis: to(services.redis.port()).await?, postgres: to(services.postgres.port()).await? })
    }

    /// Where the node finds them: at this end.
    pub(super) fn places(&self, services: &Services) -> Places {
        let at = |url: &str, port: u16, door: &Door| {
            url.replace(&format!(":{port}"), &format!(":{}", door.addr().port()))
        };
        let there = services.places();
        Places {
            machine: None,
            database: at(&there.database, services.postgres.port(), &self.postgres),
            redis: at(&there.redis, services.redis.port(), &self.redis),
        }
    }

    /// The way to Redis, or to both.
    pub(super) fn pull(&self, both: bool) {
        self.redis.set(Network::Silent);
        if both {
            self.postgres.set(Network::Silent);
        }
    }

    pub(super) fn plug_in(&self) {
        self.redis.set(Network::Up);
        self.postgres.set(Network::Up);
    }
}
