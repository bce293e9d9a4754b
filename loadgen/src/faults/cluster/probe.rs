//! One who writes a message into each room now and then, to see how long an ACK takes and how long it takes everybody
//! to see the message.

use std::time::Duration;

use futures_util::future::join_all;
use tidings_client_native::{Client, Transport};
use tidings_protocol::entity::Status;
use tidings_testbed::cluster::Cluster;
use tokio::time::{Instant, timeout};

use super::PATIENCE;
use super::crowd::{self, Person};
use crate::check::writer::done;
use crate::check::{Watcher, Written};
use crate::error::Error;
use crate::token::Secret;

/// Who has not seen a message by then is named.
const SLOW: Duration = Duration::from_secs(8);

/// The one who writes.
#[derive(Debug)]
pub(super) struct Probe {
    client: Client,
    own: Watcher,
    others: Vec<Watcher>,
    rooms: Vec<String>,
    number: u64,
    written: Written,
}

impl Probe {
    const USER: &str = "probe";

    pub(super) async fn enter(
        cluster: &Cluster,
        secret: &Secret,
        rooms: &[String],
        others: &[Watcher],
    ) -> Result<Self, Error> {
        let way = Transport::WebSocket;
        let (client, own) = crowd::enter(cluster, secret, Self::USER, way, rooms).await?;
        let (others, rooms) = (others.to_vec(), rooms.to_vec());
        Ok(Self { client, own, others, rooms, number: 0, written: Written::default() })
    }

    /// How long until a message for each room is acknowledged.
    pub(super) async fn acknowledged(&mut self) -> Result<Duration, Error> {
        self.write().await.map(|(_, took)| took)
    }

    /// How long until a message for each room has been shown to everybody there.
    pub(super) async fn seen_by_all(&mut self) -> Result<Duration, Error> {
        let began = Instant::now();
        let (heads, _) = self.write().await?;
        for (room, head) in &heads {
            let there = self.others.iter().filter(|watcher| watcher.rooms.contains(room));
            let there: Vec<&Watcher> = there.collect();
            let reaching = || join_all(there.iter().map(|watcher| watcher.seen.reach(room, *head)));
            if timeout(SLOW, reaching()).await.is_ok() {
                continue;
            }
            for watcher in &there {
                if timeout(Duration::ZERO, watcher.seen.reach(room, *head)).await.is_err() {
                    eprintln!("probe: {} waits in {room}", watcher.name);
                }
            }
            // Who has not seen it by then shows in the comparison at the end.
            let _ = timeout(PATIENCE, reaching()).await;
        }
        Ok(began.elapsed())
    }

    pub(super) fn watchers(&self) -> impl Iterator<Item = &Watcher> {
        std::iter::once(&self.own)
    }

    pub(super) fn person(&self) -> Person {
        Person { user: Self::USER.to_owned(), rooms: self.own.rooms.clone(), status: Status::Online }
    }

    pub(super) fn take_written(&mut self) -> Written {
        std::mem::take(&mut self.written)
    }

    async fn write(&mut self) -> Result<(Vec<(String, u64)>, Duration), Error> {
        let (began, mut heads, mut sent) = (Instant::now(), Vec::new(), Vec::new());
        self.number += 1;
        for room in &self.rooms {
            let content = format!("{} {}", Self::USER, self.number);
            let what = || "a probe".to_owned();
            let sending = self.client.send(room, content.clone()).await;
            sent.push((room, content, sending.map_err(|source| Error::Send { what: what(), source })?));
        }
        for (room, content, sent) in sent {
            let acked = done(room, content, sent).await?;
            heads.push((room.clone(), acked.seq));
            self.written.acked.push(acked);
        }
        Ok((heads, began.elapsed()))
    }
}
