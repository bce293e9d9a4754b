//! Who writes and who reads, by each transport.

use std::time::Duration;

use tidings_client_native::{Client, Config, Transport, Transports};
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::entity::Status;
use tidings_testbed::cluster::Cluster;

use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::token::Secret;

/// Messages of one writer in flight.
const IN_FLIGHT: usize = 16;

/// Of so many readers one says to be away.
const AWAY: usize = 3;

/// Somebody who is there, as all nodes must tell.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) user: String,
    pub(super) rooms: Vec<String>,
    pub(super) status: Status,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) writers: Vec<Writer>,
    pub(super) watchers: Vec<Watcher>,
    pub(super) people: Vec<Person>,
    /// They are there as long as this is.
    here: Vec<Client>,
}

impl Crowd {
    /// `each` times, for every transport: a writer for some room, and one who reads all rooms.
    pub(super) async fn enter(
        cluster: &Cluster,
        secret: &Secret,
        rooms: &[String],
        each: usize,
        pace: Duration,
    ) -> Result<Self, Error> {
        let mut crowd =
            Self { writers: Vec::new(), watchers: Vec::new(), people: Vec::new(), here: Vec::new() };
        let ways = Transport::ALL.into_iter().cycle().take(each * Transport::ALL.len());
        for (n, way) in ways.enumerate() {
            let user = format!("reader-{n}");
            let (client, watcher) = enter(cluster, secret, &user, way, rooms).await?;
            crowd.watchers.push(watcher);
            // Of every transport some, where there is more than one of each.
            let is_away = (n + n / Transport::ALL.len()).is_multiple_of(AWAY);
            if is_away {
                client.presence(OnlineStatus::Away).await;
            }
            let status = if is_away { Status::Away } else { Status::Online };
            crowd.here.push(client);
            crowd.people.push(Person { user, rooms: rooms.to_vec(), status });
            // Two writers a transport, so that each room has some.
            for half in 0..2 {
                let user = format!("writer-{n}-{half}");
                let room = rooms.get((2 * n + half) % rooms.len()).cloned().unwrap_or_default();
                let its = std::slice::from_ref(&room);
                let (client, watcher) = enter(cluster, secret, &user, way, its).await?;
                crowd.here.push(client.clone());
                crowd.watchers.push(watcher);
                crowd.people.push(Person { user, rooms: its.to_vec(), status: Status::Online });
                let name = format!("w{n}-{half}");
                let pace = Some(pace);
                crowd.writers.push(Writer { client, name, room, in_flight: IN_FLIGHT, limit: None, pace });
            }
        }
        Ok(crowd)
    }

    /// How many they are.
    pub(super) const fn clients(&self) -> usize {
        self.here.len()
    }
}

/// One client through nginx.
pub(super) async fn enter(
    cluster: &Cluster,
    secret: &Secret,
    user: &str,
    way: Transport,
    rooms: &[String],
) -> Result<(Client, Watcher), Error> {
    let mut config = Config::new(cluster.nginx.url(), secret.token(user)?);
    config.transports = Transports::NONE.with(way);
    let (client, mut watcher) = check::enter(config, rooms).await?;
    watcher.name = format!("{user} by {}", way.as_str());
    Ok((client, watcher))
}
