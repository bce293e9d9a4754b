//! What is on its way to Redis.
//!
//! The queue is bounded and never makes a publisher wait. While Redis is away, or where the queue is full, what a log
//! holds is dropped and its topic noted: when Redis is back, a recheck is published there, so that other nodes read the
//! log. Typing, presence and the talk of the nodes are dropped. All else, which nobody could find again, stays in the
//! queue, up to a bound of its own.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;
use tidings_protocol::Timestamp;
use tokio::sync::Notify;

use super::super::{Payload, Publication, Recovery, Topic, codec};
use super::link::{Count, End, Link};

/// Most publications in one pipeline.
const BATCH: usize = 512;
/// Bytes in one pipeline stop growing past this.
const BATCH_BYTES: usize = 1024 * 1024;
/// What must not be dropped is kept up to this many, beside the queue's own bound while Redis answers; past that the
/// oldest goes, and everything is rechecked.
const KEPT: usize = 4_096;
/// Topics that are to be rechecked; past that, everything is.
const UNSURE: usize = 10_000;

/// What is on its way to Redis.
#[derive(Debug)]
pub(super) struct Outgoing {
    most: usize,
    inner: Mutex<Inner>,
    /// Something is to be sent, or nothing more will come.
    pub(super) changed: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// One for all, so that what is kept stays behind what was published before it.
    queue: VecDeque<Message>,
    unsure: HashSet<Topic>,
    /// Too many topics are unsure to be told one by one.
    all_unsure: bool,
    in_flight: bool,
    closed: bool,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: Topic,
    recovery: Recovery,
    pub(super) bytes: Vec<u8>,
}

impl Outgoing {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), inner: Mutex::default(), changed: Notify::new(), emptied: Notify::new() }
    }

    /// Queues a publication, as far as there is room.
    pub(super) fn push(&self, link: &Link, publication: &Publication) {
        let recovery = publication.payload.recovery();
        let mut inner = self.inner.lock();
        let up = link.works(End::Publishes);
        let fits = up && inner.queue.len() < self.most;
        if fits || recovery == Recovery::Resend {
            let bytes = codec::encode(link.mark, publication);
            let most = if up { self.most.saturating_add(KEPT) } else { KEPT };
            if !fits && inner.queue.len() >= most && inner.drop_oldest_kept() {
                link.count(Count::Dropped, 1);
            }
            inner.queue.push_back(Message { topic: publication.topic.clone(), recovery, bytes });
        } else {
            inner.give_up(&publication.topic, recovery);
            link.count(Count::Dropped, 1);
        }
        drop(inner);
        // What was given up is rechecked, as soon as that can be told.
        self.changed.notify_one();
    }

    /// Nothing more will come; what waits may still be sent.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits until nothing waits.
    pub(super) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            {
                let inner = self.inner.lock();
                if inner.queue.is_empty() && !inner.in_flight {
                    return;
                }
            }
            emptied.await;
        }
    }

    pub(super) fn take(&self, link: &Link) -> Vec<Message> {
        let mut inner = self.inner.lock();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(message) = inner.queue.pop_front() else { break };
            bytes += message.bytes.len();
            batch.push(message);
        }
        if inner.all_unsure {
            inner.all_unsure = false;
            batch.push(recheck(link, Topic::All));
        }
        while batch.len() < BATCH {
            let Some(topic) = inner.unsure.iter().next().cloned() else { break };
            inner.unsure.remove(&topic);
            batch.push(recheck(link, topic));
        }
        inner.in_flight = !batch.is_empty();
        batch
    }

    /// Takes back what was not sent. Of that, and of what has queued up behind it, what is kept stays in its order; the
    /// rest would come late.
    pub(super) fn returned(&self, link: &Link, batch: Vec<Message>) {
        let mut inner = self.inner.lock();
        inner.in_flight = false;
        let waiting = std::mem::take(&mut inner.queue);
        let mut dropped = 0;
        for message in batch.into_iter().chain(waiting) {
            if message.recovery == Recovery::Resend {
                inner.queue.push_back(message);
            } else {
                inner.give_up(&message.topic, message.recovery);
                dropped += 1;
            }
        }
        while inner.queue.len() > KEPT && inner.drop_oldest_kept() {
            dropped += 1;
        }
        link.count(Count::Dropped, dropped);
    }

    pub(super) fn sent(&self, link: &Link, messages: usize) {
        link.count(Count::Published, messages as u64);
        let mut inner = self.inner.lock();
        inner.in_flight = false;
        if inner.queue.is_empty() {
            drop(inner);
            self.emptied.notify_waiters();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }
}

impl Inner {
    fn give_up(&mut self, topic: &Topic, recovery: Recovery) {
        if recovery != Recovery::Recheck || self.all_unsure {
            return;
        }
        if self.unsure.len() >= UNSURE {
            self.unsure = HashSet::new();
            self.all_unsure = true;
        } else {
            self.unsure.insert(topic.clone());
        }
    }

    /// What that would have told is lost: everything is compared with the logs. False where nothing is kept.
    fn drop_oldest_kept(&mut self) -> bool {
        let Some(oldest) = self.queue.iter().position(|message| message.recovery == Recovery::Resend) else {
            return false;
        };
        self.queue.remove(oldest);
        self.unsure = HashSet::new();
        self.all_unsure = true;
        true
    }
}

fn recheck(link: &Link, topic: Topic) -> Message {
    let publication =
        Publication { topic: topic.clone(), payload: Payload::Recheck, at: Timestamp::default() };
    Message { topic, recovery: Recovery::Recheck, bytes: codec::encode(link.mark, &publication) }
}
