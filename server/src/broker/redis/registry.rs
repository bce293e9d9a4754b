//! Who is connected, as keys of Redis that other programs read; no node does. They are leases, which a node renews while it
//! lives.
//!
//! - `websocket:session:ID`, a hash: `userId`, `serverId`, `connectedAt` (RFC 3339), `transport`.
//! - `websocket:user:USER`, a set: the user's sessions on all nodes.
//! - `user:online:USER`: `true`, while there is such a session.
//!
//! A session's key is written by the one node that has the session, and by nobody else. What several nodes share, a user's
//! set and mark, is only ever taken away by a script that finds no session's key left, so a node that was away for long
//! can end nobody's lease but its own.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use redis::Cmd;
use tidings_protocol::{SessionId, Timestamp, UserId};
use tokio::time::Instant;

use super::super::BrokerError;
use super::Address;
use super::asking::Asking;

/// Sessions in one script.
const AT_ONCE: usize = 100;
/// A lease is renewed so many times before it would end.
const RENEWALS: u32 = 3;

const WRITE: &str = "
local clean = {}
for i = 3, #ARGV, 4 do
    local session, user = ARGV[i], ARGV[i + 1]
    local key, all = 'websocket:session:' .. session, 'websocket:user:' .. user
    redis.call('HSET', key, 'userId', user, 'serverId', ARGV[2], 'connectedAt', ARGV[i + 2], 'transport', ARGV[i + 3])
    redis.call('PEXPIRE', key, ARGV[1])
    redis.call('SADD', all, session)
    if not clean[all] then
        for _, other in ipairs(redis.call('SMEMBERS', all)) do
            if redis.call('EXISTS', 'websocket:session:' .. other) == 0 then redis.call('SREM', all, other) end
        end
        clean[all] = true
    end
    redis.call('PEXPIRE', all, ARGV[1])
    redis.call('SET', 'user:online:' .. user, 'true', 'PX', ARGV[1])
end";

const ERASE: &str = "
local clean = {}
for i = 1, #ARGV, 2 do redis.call('DEL', 'websocket:session:' .. ARGV[i]) end
for i = 1, #ARGV, 2 do
    local user = ARGV[i + 1]
    local all = 'websocket:user:' .. user
    if not clean[all] then
        for _, other in ipairs(redis.call('SMEMBERS', all)) do
            if redis.call('EXISTS', 'websocket:session:' .. other) == 0 then redis.call('SREM', all, other) end
        end
        if redis.call('EXISTS', all) == 0 then redis.call('DEL', 'user:online:' .. user) end
        clean[all] = true
    end
end";

/// A session of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub since: Timestamp,
    /// What carries it.
    pub transport: &'static str,
}

/// The keys of one node's sessions.
pub struct Registry {
    redis: Asking,
    node: String,
    lease: Duration,
    written: HashMap<SessionId, UserId>,
    renewed: Option<Instant>,
}

impl Registry {
    /// Of the node with this name, whose keys end `lease` after it has last renewed them. Connects at the first write.
    #[must_use]
    pub fn new(address: Address, node: impl Into<String>, lease: Duration) -> Self {
        let redis = Asking::new(address);
        Self { redis, node: node.into(), lease, written: HashMap::new(), renewed: None }
    }

    /// Writes what is held now: what is new, what is there no more, and all of it where leases are to be renewed.
    ///
    /// # Errors
    /// Redis does not answer: all of it is written the next time.
    pub async fn write(&mut self, held: &[Held]) -> Result<(), BrokerError> {
        let written = self.bring_up_to_date(held).await;
        if written.is_err() {
            self.renewed = None;
        }
        written.map_err(|error| BrokerError(error.to_string()))
    }

    async fn bring_up_to_date(&mut self, held: &[Held]) -> redis::RedisResult<()> {
        let now = Instant::now();
        let due = self.renewed.is_none_or(|at| now >= at + self.lease / RENEWALS);
        let new = |one: &&Held| due || !self.written.contains_key(&one.session);
        let new: Vec<&Held> = held.iter().filter(new).collect();
        let stays: HashSet<&SessionId> = held.iter().map(|one| &one.session).collect();
        let gone: Vec<(SessionId, UserId)> = self
            .written
            .iter()
            .filter(|(session, _)| !stays.contains(session))
            .map(|(session, user)| (session.clone(), user.clone()))
            .collect();
        // First, so that a user whose session is another one now is never shown as gone between the two.
        let lease = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX).max(1);
        for some in new.chunks(AT_ONCE) {
            let mut write = script(WRITE);
            write.arg(lease).arg(&self.node);
            for Held { session, user, since, transport } in some {
                write.arg(session.as_str()).arg(user.as_str()).arg(since.to_string()).arg(transport);
            }
            self.redis.ask::<()>(&write).await?;
            self.written.extend(some.iter().map(|one| (one.session.clone(), one.user.clone())));
        }
        for some in gone.chunks(AT_ONCE) {
            let mut erase = script(ERASE);
            for (session, user) in some {
                erase.arg(session.as_str()).arg(user.as_str());
            }
            self.redis.ask::<()>(&erase).await?;
            for (session, _) in some {
                self.written.remove(session);
            }
        }
        if due {
            self.renewed = Some(now);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("node", &self.node).finish_non_exhaustive()
    }
}

/// Keys come by name from the arguments: a Redis Cluster, which would have to know them before, is refused at the start.
fn script(text: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(0);
    command
}

#[cfg(test)]
mod tests;
