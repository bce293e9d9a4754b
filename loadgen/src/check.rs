//! What every run shares: those who write, those who watch, and the comparison of both with the log.
//!
//! The promises, as they are counted: what was acknowledged is in the log as it was acknowledged; once, however often
//! it was sent; positions have no holes; each writer's messages keep their order; and whoever reads live is shown
//! the log, all of it, once and in order. Two watchers who both see the log have seen the same order.

pub mod log;
pub mod sent;
pub mod verdict;
pub mod watcher;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use tidings_client_native::{Client, Config};
use tokio::time::{Instant, timeout_at};

use crate::api::Api;
use crate::error::Error;

pub use self::log::Logged;
pub use self::sent::{Acked, Written};
pub use self::verdict::Verdict;
pub use self::watcher::Seen;
pub use self::writer::Writer;

/// When nothing is broken any more, all that is in flight must be acknowledged and seen within this time; and nothing is
/// broken for so long that an ACK takes longer.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// One who is in rooms, and what they are shown there.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// Who it is, for people; empty where nobody is to be told.
    pub name: String,
    /// The rooms.
    pub rooms: Vec<String>,
    /// What has been shown so far.
    pub seen: Arc<Seen>,
}

/// Connects a client, joins rooms, and writes down what it is shown from then on.
///
/// # Errors
/// The client does not come to be connected, or a join is refused.
pub async fn enter(config: Config, rooms: &[String]) -> Result<(Client, Watcher), Error> {
    let (client, events) = Client::connect(config).await?;
    let seen = watcher::watch(events);
    for room in rooms {
        client.join(room).await?;
    }
    Ok((client, Watcher { name: String::new(), rooms: rooms.to_vec(), seen }))
}

/// Nothing more is shown to clients for so long before what they were shown is compared.
const QUIET: Duration = Duration::from_millis(300);

/// Holds what was acknowledged and what was shown against the logs of some rooms. What watchers have not been shown
/// at the deadline counts as not shown; what they are shown behind the head counts too.
///
/// # Errors
/// The logs cannot be read.
pub async fn judge(
    api: &Api,
    token: &str,
    rooms: &[String],
    written: &Written,
    watchers: &[Watcher],
    deadline: Instant,
) -> Result<Verdict, Error> {
    judge_after(QUIET, api, token, rooms, written, watchers, deadline).await
}

/// The same after another time in which nothing is shown to anybody.
///
/// # Errors
/// As [`judge`].
pub async fn judge_after(
    quiet: Duration,
    api: &Api,
    token: &str,
    rooms: &[String],
    written: &Written,
    watchers: &[Watcher],
    deadline: Instant,
) -> Result<Verdict, Error> {
    let mut logs = Vec::with_capacity(rooms.len());
    for room in rooms {
        let log = log::read(api, token, room).await?;
        let head = log.last().map_or(0, |entry| entry.seq);
        for watcher in watchers.iter().filter(|watcher| watcher.rooms.contains(room)) {
            // What is missing at the deadline, the comparison shows.
            let _ = timeout_at(deadline, watcher.seen.reach(room, head)).await;
        }
        logs.push((room, log));
    }
    let all: Vec<&Seen> = watchers.iter().map(|watcher| &*watcher.seen).collect();
    watcher::settle(&all, quiet, deadline).await;
    let mut verdict = Verdict::default();
    for (room, log) in &logs {
        let here: Vec<&Acked> = written.acked.iter().filter(|a| a.room == **room).collect();
        verdict.log(room, log, &here);
        verdict.again(log, written.again.iter().filter(|a| a.room == **room));
        for watcher in watchers.iter().filter(|watcher| watcher.rooms.contains(room)) {
            verdict.seen(room, log, &watcher.seen.shown(room));
        }
    }
    Ok(verdict)
}
