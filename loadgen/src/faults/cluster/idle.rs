//! Many who are only there, by WebSocket through nginx, each in a room with a few others.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tidings_client_native::{Client, Transport};
use tidings_testbed::cluster::Cluster;
use tidings_testbed::node::Node;

use super::super::away::{Return, Returning};
use super::admin::Admin;
use super::crowd;
use crate::check::Watcher;
use crate::error::Error;
use crate::proc;
use crate::stats::percentile;
use crate::token::Secret;

/// Members of a room.
const ROOM: usize = 10;
/// Clients that connect at the same time.
const AT_ONCE: usize = 32;
/// Files of a process beside its connections.
const OTHERS: usize = 512;
/// How their names begin.
const NAME: &str = "idle-";

/// All of them; each room's members stand together.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) clients: Vec<Client>,
    pub(super) watchers: Vec<Watcher>,
}

impl Idle {
    pub(super) async fn enter(cluster: &Cluster, secret: &Secret, count: usize) -> Result<Self, Error> {
        // One process of nginx may have all of them, twice each.
        let (wanted, limit) = (2 * count + OTHERS, proc::file_limit()?);
        if limit < wanted {
            return Err(Error::Files { wanted, limit });
        }
        let (mut clients, mut watchers) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for first in (0..count).step_by(AT_ONCE) {
            let entering = (first..count.min(first + AT_ONCE)).map(|n| async move {
                let room = format!("{NAME}{}", n / ROOM);
                let (user, rooms) = (format!("{NAME}{n}"), std::slice::from_ref(&room));
                crowd::enter(cluster, secret, &user, Transport::WebSocket, rooms).await
            });
            for (client, watcher) in try_join_all(entering).await? {
                clients.push(client);
                watchers.push(watcher);
            }
        }
        Ok(Self { clients, watchers })
    }

    /// How many of them are on a node.
    pub(super) async fn on(&self, node: &Node, secret: &Secret) -> Result<usize, Error> {
        Admin::of(node, secret)?.sessions_of(NAME).await
    }

    pub(super) fn watch(&self) -> Returning {
        Returning::watch(&self.clients)
    }

    /// They leave.
    pub(super) async fn leave(self) {
        for some in self.clients.chunks(AT_ONCE) {
            join_all(some.iter().map(Client::close)).await;
        }
    }
}

/// The time within which 99 of 100 were where `of` says, and a line about all.
pub(super) fn times(returns: &[Return], of: impl Fn(&Return) -> u64) -> (Duration, String) {
    let mut times: Vec<u64> = returns.iter().map(of).collect();
    times.sort_unstable();
    let (median, high) = (percentile(&times, 0.5), percentile(&times, 0.99));
    let last = times.last().copied().unwrap_or_default();
    (Duration::from_millis(high), format!("median {median} ms, p99 {high} ms, last {last} ms"))
}
