//! Everything durable goes through here: whatever waits when the last commit ends goes into the next one; then
//! the events go out in the order of the log, and after them the answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::{Code, SessionId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Outcome;
use super::events::{self, Echo};
use crate::broker::Broker;
use crate::clock::Clock;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store::{DIRECT_PREFIX, Store, Target, Write, Written};

/// Writes that may wait for the writer; past that, whoever writes waits.
const QUEUE: usize = 8_192;
/// Most writes in one commit.
const MAX_BATCH: usize = 1_024;
/// Rooms that one session's gate remembers; a session has at most 200 rooms, and direct rooms beside.
const MAX_GATES: usize = 1_024;

/// Which session a write comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The session that is not told of its own direct message, since its frame had no `id`.
    pub not_to: Option<SessionId>,
    /// The session's gate.
    pub gate: Arc<Gate>,
}

/// Keeps a session's frames for one log in order under refusal: after a retryable refusal, later ones for that
/// log are refused alike until the wait is over.
#[derive(Debug, Default)]
pub struct Gate {
    closed: Mutex<Vec<Closed>>,
}

#[derive(Debug)]
struct Closed {
    target: Target,
    until: Instant,
    by: By,
}

/// What closed a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A frame was too much: those behind it are refused before they are queued; those before it are done.
    Rate,
    /// A commit failed: those that are queued behind it are refused too.
    Store,
}

impl Gate {
    /// The refusal of a frame for this log, alike to the one that closed its gate; `None` where it is open.
    #[must_use]
    pub fn refusal(&self, target: &Target) -> Option<Error> {
        if let Some(wait) = self.wait_in_queue(target) {
            return Some(held(wait));
        }
        let wait = self.wait_for(|closed| is_one_log(&closed.target, target))?;
        Some(Error::new(Code::RateLimited).retry_after(wait))
    }

    fn wait_in_queue(&self, target: &Target) -> Option<Duration> {
        self.wait_for(|closed| closed.by == By::Store && is_one_log(&closed.target, target))
    }

    fn wait_for(&self, meant: impl Fn(&Closed) -> bool) -> Option<Duration> {
        let mut closed = self.closed.lock();
        if closed.is_empty() {
            return None;
        }
        let now = Instant::now();
        closed.retain(|c| c.until > now);
        let until = closed.iter().filter(|c| meant(c)).map(|c| c.until).max()?;
        Some(until.duration_since(now).max(Duration::from_millis(1)))
    }

    /// Closes the log's gate for a time. A gate that is closed already for the same reason stays as it is.
    pub fn close(&self, target: &Target, wait: Duration, by: By) {
        let mut closed = self.closed.lock();
        if closed.len() < MAX_GATES && !closed.iter().any(|c| c.target == *target && c.by == by) {
            closed.push(Closed { target: target.clone(), until: Instant::now() + wait, by });
        }
    }
}

/// Whether two targets may name one log. A direct room goes by its id and by its other member; which id is whose is
/// not known here, so a refusal by one name holds all that come by the other.
fn is_one_log(a: &Target, b: &Target) -> bool {
    match (a, b) {
        (Target::Direct(_), Target::Room(room)) | (Target::Room(room), Target::Direct(_)) => {
            room.as_str().starts_with(DIRECT_PREFIX)
        }
        (Target::Room(_), Target::Room(_)) | (Target::Direct(_), Target::Direct(_)) => a == b,
    }
}

/// The way in.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
}

/// A write that waits, or the question whether all before it is done.
#[derive(Debug)]
pub enum Job {
    /// A write.
    Write {
        /// What is written.
        write: Write,
        /// By which session.
        origin: Option<Origin>,
        /// Where the answer goes.
        reply: oneshot::Sender<Outcome<Written>>,
    },
    /// Answered when everything before it is done.
    Barrier(oneshot::Sender<()>),
}

/// The answer to a write, when it has been committed and published.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Outcome<Written>>);

impl Future for Pending {
    type Output = Outcome<Written>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| {
            answer.unwrap_or_else(|_| Err(Error::new(Code::Unavailable).detail("the server is stopping")))
        })
    }
}

/// A writer's two ends.
#[must_use]
pub fn channel() -> (Writer, mpsc::Receiver<Job>) {
    let (jobs, receiver) = mpsc::channel(QUEUE);
    (Writer { jobs }, receiver)
}

impl Writer {
    /// Queues a write; writes are done in the order of these calls. Waits while the queue is full.
    pub async fn submit(&self, write: Write, origin: Option<Origin>) -> Pending {
        let (reply, answer) = oneshot::channel();
        // A writer that has gone drops the job and with it the reply, which the answer then reports.
        let _ = self.jobs.send(Job::Write { write, origin, reply }).await;
        Pending(answer)
    }

    /// Waits until everything that was submitted before is done.
    pub async fn idle(&self) {
        let (reply, done) = oneshot::channel();
        if self.jobs.send(Job::Barrier(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

struct Waiting {
    echo: Echo,
    origin: Option<Origin>,
    reply: oneshot::Sender<Outcome<Written>>,
}

/// Runs until the last [`Writer`] is gone.
pub async fn run(
    mut jobs: mpsc::Receiver<Job>,
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    clock: Clock,
    metrics: Arc<Metrics>,
) {
    let mut taken = Vec::new();
    while jobs.recv_many(&mut taken, MAX_BATCH).await > 0 {
        let (mut batch, mut waiting, mut barriers) = (Vec::new(), Vec::new(), Vec::new());
        for job in taken.drain(..) {
            match job {
                Job::Write { write, origin, reply } => {
                    let echo = Echo::of(&write);
                    if let Some(wait) = gate_of(&echo, origin.as_ref()) {
                        let _ = reply.send(Err(held(wait)));
                    } else {
                        batch.push(write);
                        waiting.push(Waiting { echo, origin, reply });
                    }
                }
                Job::Barrier(reply) => barriers.push(reply),
            }
        }
        if !batch.is_empty() {
            commit(batch, waiting, &*store, &*broker, &clock, &metrics).await;
        }
        for barrier in barriers {
            let _ = barrier.send(());
        }
    }
}

/// The answer to a frame whose log is held after an earlier refusal.
#[must_use]
pub fn held(wait: Duration) -> Error {
    Error::new(Code::Unavailable)
        .detail("an earlier message to this room is to be sent again first")
        .retry_after(wait)
}

fn gate_of(echo: &Echo, origin: Option<&Origin>) -> Option<Duration> {
    match echo {
        Echo::Append(target) => origin?.gate.wait_in_queue(target),
        Echo::Delivered(_) | Echo::Notification(_) | Echo::Notices { .. } | Echo::Silent => None,
    }
}

async fn commit(
    batch: Vec<Write>,
    waiting: Vec<Waiting>,
    store: &dyn Store,
    broker: &dyn Broker,
    clock: &Clock,
    metrics: &Metrics,
) {
    let size = batch.len();
    let started = Instant::now();
    match store.commit(batch).await {
        Ok(results) => {
            metrics.store_commit(size, started.elapsed());
            for (result, Waiting { echo, origin, reply }) in results.into_iter().zip(waiting) {
                if let Ok(written) = &result {
                    for publication in events::of(&echo, written, origin.as_ref(), clock.now()) {
                        if let Err(error) = broker.publish(publication).await {
                            tracing::warn!(%error, "an event was not published; readers find it in the log");
                        }
                    }
                }
                let _ = reply.send(result.map_err(Error::from));
            }
        }
        Err(error) => {
            metrics.store_failure();
            tracing::error!(%error, writes = size, "a commit failed, its writes are refused");
            let refusal = Error::from(error);
            for Waiting { echo, origin, reply } in waiting {
                if let (Echo::Append(target), Some(origin), Some(wait)) = (&echo, &origin, refusal.wait()) {
                    origin.gate.close(target, wait, By::Store);
                }
                let _ = reply.send(Err(refusal.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tidings_protocol::{RoomId, UserId};

    use super::*;

    #[test]
    fn a_direct_room_is_held_by_either_of_its_names() {
        let (bob, cat) =
            (Target::Direct(UserId::new("bob").unwrap()), Target::Direct(UserId::new("cat").unwrap()));
        let room = |id: &str| Target::Room(RoomId::new(id).unwrap());
        let wait = Duration::from_secs(5);
        for (closed, held, open) in [
            (&bob, [&bob, &room("direct:1")], [&cat, &room("general")]),
            (&room("direct:1"), [&room("direct:1"), &bob], [&room("direct:2"), &room("general")]),
            (&room("general"), [&room("general"); 2], [&bob, &room("direct:1")]),
        ] {
            for by in [By::Rate, By::Store] {
                let gate = Gate::default();
                gate.close(closed, wait, by);
                assert!(held.iter().all(|target| gate.refusal(target).is_some()), "{closed:?}");
                assert!(open.iter().all(|target| gate.refusal(target).is_none()), "{closed:?}");
                assert_eq!(gate.wait_in_queue(held[1]).is_some(), by == By::Store);
            }
        }
    }
}
