//! Redis: killed, emptied, hung, and made to drop a node that is slow.

use std::time::Duration;

use tidings_client_native::{Client, Config};
use tidings_testbed::node::Node;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::super::super::context::PATIENCE;
use super::{Probe, Steps};
use crate::api::Api;
use crate::check::writer::done;
use crate::check::{self, Watcher, Written};
use crate::error::Error;

/// How long the node hangs that Redis is to drop, at least; and at most, where the others write slowly.
const HUNG: Duration = Duration::from_secs(10);
const HUNG_AT_MOST: Duration = Duration::from_secs(30);
/// What Redis may keep for a node that takes nothing.
const LIMIT: &str = "pubsub 256kb 64kb 5";
/// Redis' own default.
const DEFAULT_LIMIT: &str = "pubsub 32mb 8mb 60";
/// What is written to it at once, in messages of so many bytes, and at most in all: what sockets buffer comes first.
const AT_ONCE: usize = 64;
const BYTES: usize = 15_000;
const MOST: usize = 4_000;
/// After the node goes on, all is healed within this time.
const CAUGHT_UP: Duration = Duration::from_secs(2);
const CAUGHT_UP_ALWAYS: Duration = Duration::from_secs(20);

impl Steps<'_> {
    pub(super) async fn redis_is_killed(&mut self, probe: &mut Probe, is_long: bool) -> Result<(), Error> {
        let away =
            self.context.size(Duration::from_secs(2), Duration::from_secs(if is_long { 30 } else { 8 }));
        self.cluster.redis.kill();
        let until = Instant::now() + away;
        let acked = probe.acknowledged().await?;
        sleep(until.saturating_duration_since(Instant::now()) / 2).await;
        let down = self.cluster.nodes.iter().filter(|node| node.readiness() != Some(200)).count();
        let again = probe.acknowledged().await?;
        sleep(until.saturating_duration_since(Instant::now())).await;
        self.cluster.redis.start_again()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "Redis was away for {away:?}; ACKs within {:.1?}, healed in {seen:.1?}",
            acked.max(again)
        ));
        self.outcome.promise("Redis away: each node goes on serving", self.cluster.nodes.len(), down);
        self.acknowledged("Redis away", acked.max(again));
        self.healed("Redis back", seen);
        Ok(())
    }

    pub(super) async fn redis_is_emptied(&mut self, probe: &mut Probe) -> Result<(), Error> {
        self.cluster.redis.flush_all()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("Redis was emptied; all saw a message after {seen:.1?}"));
        self.healed("Redis emptied", seen);
        Ok(())
    }

    /// Connections stand, and nothing answers: worse than being gone.
    pub(super) async fn redis_hangs(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let away = self.context.size(Duration::from_secs(2), Duration::from_secs(10));
        self.cluster.redis.hang()?;
        let acked = probe.acknowledged().await;
        sleep(away).await;
        self.cluster.redis.go_on()?;
        let acked = acked?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("Redis hung for {away:?}; ACKs within {acked:.1?}, healed in {seen:.1?}"));
        self.acknowledged("Redis hangs", acked);
        self.healed("Redis goes on", seen);
        Ok(())
    }

    /// A node takes nothing, and Redis ends its subscription rather than keep all that is written meanwhile. Nobody waits
    /// for that in the short form.
    pub(super) async fn redis_drops_a_node(&mut self, round: usize) -> Result<(), Error> {
        if !self.context.size(false, true) {
            return Ok(());
        }
        let [slow, other, ..] = &self.cluster.nodes[..] else { return Ok(()) };
        let rooms = [format!("flood-{round}")];
        let [room] = &rooms;
        let (reader, watcher) = self.at(slow, "flooded", &rooms).await?;
        let (author, _) = self.at(other, "flooder", &rooms).await?;
        self.cluster.redis.say(&["CONFIG", "SET", "client-output-buffer-limit", LIMIT])?;
        let before = self.subscribers()?;
        slow.hang()?;
        let hung = Instant::now();
        let mut written = Written::default();
        let mut lost = Vec::new();
        while lost.is_empty() && hung.elapsed() < HUNG_AT_MOST && written.acked.len() < MOST {
            flood(&author, room, &mut written).await?;
            let now = self.subscribers()?;
            lost = before.iter().filter(|one| !now.contains(one)).collect();
        }
        let mebibytes = written.acked.len() * BYTES / (1 << 20);
        sleep_until(hung + HUNG).await;
        slow.go_on()?;
        let (hung, began) = (hung.elapsed(), Instant::now());
        let head = written.acked.iter().map(|acked| acked.seq).max().unwrap_or_default();
        // What does not come, the comparison shows.
        let _ = timeout(PATIENCE, watcher.seen.reach(room, head)).await;
        let healed = began.elapsed();
        self.cluster.redis.say(&["CONFIG", "SET", "client-output-buffer-limit", DEFAULT_LIMIT])?;
        self.context.say(format!(
            "a node hung for {hung:.1?} while {mebibytes} MiB were written; Redis dropped {} subscriber, and all was there \
             after {healed:.1?}",
            lost.len()
        ));
        self.outcome.promise("a node takes nothing: Redis drops it", 1, usize::from(lost.is_empty()));
        self.outcome.time("dropped by Redis, a node goes on: it heals", healed, CAUGHT_UP, CAUGHT_UP_ALWAYS);
        let (api, token) = (Api::new(&other.url())?, self.secret.token("reader")?);
        let deadline = Instant::now() + PATIENCE;
        let watchers = std::slice::from_ref(&watcher);
        let verdict = check::judge(&api, &token, &rooms, &written, watchers, deadline).await?;
        self.outcome.verdict(&verdict);
        reader.close().await;
        author.close().await;
        Ok(())
    }

    async fn at(&self, node: &Node, user: &str, rooms: &[String]) -> Result<(Client, Watcher), Error> {
        check::enter(Config::new(node.url(), self.secret.token(user)?), rooms).await
    }

    /// The numbers of the connections to Redis that subscribe.
    fn subscribers(&self) -> Result<Vec<String>, Error> {
        let list = self.cluster.redis.say(&["CLIENT", "LIST", "TYPE", "pubsub"])?;
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        Ok(list.lines().filter_map(first).collect())
    }
}

async fn flood(author: &Client, room: &str, written: &mut Written) -> Result<(), Error> {
    let failed = |source| Error::Send { what: "a message of the flood".to_owned(), source };
    let mut sent = Vec::with_capacity(AT_ONCE);
    for _ in 0..AT_ONCE {
        let content = format!("{:0>BYTES$}", written.acked.len() + sent.len());
        sent.push((content.clone(), author.send(room, content).await.map_err(failed)?));
    }
    for (content, sent) in sent {
        written.acked.push(done(room, content, sent).await?);
    }
    Ok(())
}
