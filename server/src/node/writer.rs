//! Everything durable goes through here: whatever waits when the last commit ends goes into the next one; then
//! the events go out in the order of the log, and after them the answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tidings_protocol::{ClientId, Code, SessionId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Outcome;
use super::events::{self, Echo};
use super::gate::{By, Gate, held};
use crate::broker::Broker;
use crate::clock::Clock;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store::{Store, Target, Write, Written};

/// Writes that may wait for the writer; past that, whoever writes waits.
const QUEUE: usize = 8_192;
/// Most writes in one commit.
const MAX_BATCH: usize = 1_024;

/// Which session a write comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The session that is not told of its own direct message, since its frame had no `id`.
    pub not_to: Option<SessionId>,
    /// The session's gate.
    pub gate: Arc<Gate>,
    /// The frame's `id`.
    pub id: Option<ClientId>,
    /// The frame's `after`.
    pub after: Option<ClientId>,
}

impl Origin {
    /// Why the write is refused where it stands in the queue: it must not overtake one that was refused.
    fn refusal(&self, target: &Target) -> Option<Error> {
        let wait = self.gate.wait_in_queue(target, self.after.as_ref())?;
        self.gate.refused(self.id.as_ref());
        Some(held(wait))
    }

    /// The write is refused, and for a time all that is behind it.
    fn close(&self, target: &Target, wait: Duration) {
        self.gate.close(target, wait, By::Store);
        self.gate.refused(self.id.as_ref());
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
        origin: Option<Box<Origin>>,
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
        let _ = self.jobs.send(Job::Write { write, origin: origin.map(Box::new), reply }).await;
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
    origin: Option<Box<Origin>>,
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
                    if let Some(refusal) = refusal(&echo, origin.as_deref()) {
                        let _ = reply.send(Err(refusal));
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

fn refusal(echo: &Echo, origin: Option<&Origin>) -> Option<Error> {
    match echo {
        Echo::Append(target) => origin?.refusal(target),
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
                if let (Echo::Append(target), Some(origin), Ok(Written::Appended(appended))) =
                    (&echo, &origin, &result)
                {
                    origin.gate.learn(target, appended);
                }
                if let Ok(written) = &result {
                    for publication in events::of(&echo, written, origin.as_deref(), clock.now()) {
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
                    origin.close(target, wait);
                }
                let _ = reply.send(Err(refusal.clone()));
            }
        }
    }
}
