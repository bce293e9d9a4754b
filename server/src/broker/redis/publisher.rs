//! The connection that publishes: whatever waits goes into one pipeline, and the next when that is answered.
//!
//! The queue is bounded and never makes a publisher wait. While Redis is away, or where the queue is full, what a log
//! holds is dropped and its topic noted: when Redis is back, a recheck is published there, so that other nodes read the
//! log. What nobody could find again, evictions and fences, is kept, up to a bound. Signals are dropped.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisResult};
use tidings_protocol::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::super::{Payload, Publication, Topic, codec};
use super::link::{Count, End, Link};

/// Most publications in one pipeline.
const BATCH: usize = 512;
/// Bytes in one pipeline stop growing past this.
const BATCH_BYTES: usize = 1024 * 1024;
/// What must not be dropped is kept up to this many; past that the oldest go.
const KEPT: usize = 4_096;
/// Topics that are to be rechecked; past that, everything is.
const UNSURE: usize = 10_000;
/// How often the node sends itself a message.
const ECHO: Duration = Duration::from_secs(1);

/// What is on its way to Redis.
#[derive(Debug)]
pub(super) struct Outgoing {
    most: usize,
    inner: Mutex<Inner>,
    changed: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Message>,
    kept: VecDeque<Message>,
    unsure: HashSet<Topic>,
    /// Too many topics are unsure to be told one by one.
    all_unsure: bool,
    in_flight: bool,
    closed: bool,
}

#[derive(Debug)]
struct Message {
    topic: Topic,
    class: Class,
    bytes: Vec<u8>,
}

/// What becomes of a message that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A log has it: its topic is rechecked.
    Logged,
    /// It is sent later.
    Kept,
    /// It is dropped.
    Signal,
}

impl Class {
    const fn of(payload: &Payload) -> Self {
        match payload {
            Payload::Entry { .. } | Payload::Inbox { .. } | Payload::Notice { .. } | Payload::Recheck => {
                Self::Logged
            }
            Payload::Evict { .. } | Payload::Fence { .. } | Payload::Revoked => Self::Kept,
            Payload::NoticeState { .. }
            | Payload::Signal { .. }
            | Payload::Presence { .. }
            | Payload::Gossip { .. } => Self::Signal,
        }
    }
}

impl Outgoing {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), inner: Mutex::default(), changed: Notify::new(), emptied: Notify::new() }
    }

    /// Queues a publication, as far as there is room.
    pub(super) fn push(&self, link: &Link, publication: &Publication) {
        let class = Class::of(&publication.payload);
        let up = link.is_up();
        let mut inner = self.inner.lock();
        let fits = up && inner.queue.len() < self.most;
        if !fits && class != Class::Kept {
            inner.give_up(&publication.topic, class);
            drop(inner);
            link.count(Count::Dropped, 1);
            return;
        }
        let message =
            Message { topic: publication.topic.clone(), class, bytes: codec::encode(link.mark, publication) };
        if class == Class::Kept {
            inner.keep(message);
        } else {
            inner.queue.push_back(message);
        }
        drop(inner);
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
                if inner.queue.is_empty() && inner.kept.is_empty() && !inner.in_flight {
                    return;
                }
            }
            emptied.await;
        }
    }

    fn take(&self, link: &Link) -> Vec<Message> {
        let mut inner = self.inner.lock();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let inner = &mut *inner;
            let Some(message) = inner.kept.pop_front().or_else(|| inner.queue.pop_front()) else { break };
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

    fn returned(&self, link: &Link, batch: Vec<Message>) {
        let mut inner = self.inner.lock();
        inner.in_flight = false;
        link.count(Count::Dropped, batch.iter().filter(|m| m.class != Class::Kept).count() as u64);
        for message in batch.into_iter().rev() {
            if message.class == Class::Kept {
                inner.kept.push_front(message);
            } else {
                inner.give_up(&message.topic, message.class);
            }
        }
        // What has queued up behind it would come late; the logs have it.
        let queue = std::mem::take(&mut inner.queue);
        link.count(Count::Dropped, queue.len() as u64);
        for message in queue {
            inner.give_up(&message.topic, message.class);
        }
    }

    fn sent(&self, link: &Link, messages: usize) {
        link.count(Count::Published, messages as u64);
        let mut inner = self.inner.lock();
        inner.in_flight = false;
        if inner.queue.is_empty() && inner.kept.is_empty() {
            drop(inner);
            self.emptied.notify_waiters();
        }
    }

    fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }
}

impl Inner {
    fn give_up(&mut self, topic: &Topic, class: Class) {
        if class != Class::Logged || self.all_unsure {
            return;
        }
        if self.unsure.len() >= UNSURE {
            self.unsure = HashSet::new();
            self.all_unsure = true;
        } else {
            self.unsure.insert(topic.clone());
        }
    }

    fn keep(&mut self, message: Message) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(message);
    }
}

fn recheck(link: &Link, topic: Topic) -> Message {
    let publication =
        Publication { topic: topic.clone(), payload: Payload::Recheck, at: Timestamp::default() };
    Message { topic, class: Class::Logged, bytes: codec::encode(link.mark, &publication) }
}

/// Runs until the broker is gone.
pub(super) async fn run(link: Arc<Link>, outgoing: Arc<Outgoing>) {
    let mut attempt = 0;
    while !outgoing.is_closed() {
        match connect(&link).await {
            Ok(connection) => {
                attempt = 0;
                link.set(End::Publishes, true);
                let error = serve(&link, &outgoing, connection).await;
                link.set(End::Publishes, false);
                if let Err(error) = error {
                    tracing::debug!(%error, "the publishing connection to Redis is lost");
                }
            }
            Err(error) => tracing::debug!(%error, "Redis cannot be reached"),
        }
        if !outgoing.is_closed() {
            let wait = link.wait_before(attempt);
            attempt = attempt.saturating_add(1);
            tokio::time::sleep(wait).await;
        }
    }
}

async fn connect(link: &Link) -> RedisResult<MultiplexedConnection> {
    let mut connection = link.connect(AsyncConnectionConfig::new()).await?;
    let info: RedisResult<String> = redis::cmd("INFO").arg("cluster").query_async(&mut connection).await;
    // Whoever may publish need not be allowed to ask.
    if info.is_ok_and(|text| text.contains("cluster_enabled:1")) {
        link.is_cluster.store(true, Ordering::Release);
    }
    Ok(connection)
}

/// Publishes until the connection is lost or the broker is gone.
async fn serve(link: &Link, outgoing: &Outgoing, mut connection: MultiplexedConnection) -> RedisResult<()> {
    let mut next_echo = Instant::now();
    loop {
        let mut batch = outgoing.take(link);
        let mut pipeline = Pipeline::new();
        for message in &batch {
            pipeline.cmd("PUBLISH").arg(link.channel(&message.topic)).arg(&message.bytes[..]).ignore();
        }
        let echoes = Instant::now() >= next_echo;
        if echoes {
            pipeline.cmd("PUBLISH").arg(link.echo_channel()).arg("").ignore();
            next_echo = Instant::now() + ECHO;
        }
        if echoes || !batch.is_empty() {
            if let Err(error) = pipeline.query_async::<()>(&mut connection).await {
                outgoing.returned(link, std::mem::take(&mut batch));
                return Err(error);
            }
            if echoes {
                link.echoes_sent.fetch_add(1, Ordering::Relaxed);
            }
            outgoing.sent(link, batch.len());
            if !batch.is_empty() {
                continue;
            }
        }
        if outgoing.is_closed() {
            return Ok(());
        }
        let _ =
            timeout(next_echo.saturating_duration_since(Instant::now()), outgoing.changed.notified()).await;
    }
}
