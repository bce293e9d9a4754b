//! One node: the only place that says "store, then broker".
//!
//! - [`writer`]: everything durable goes through it: group commit, then events in the order of the log.
//! - [`gate`]: the order of a session's frames when one of them is refused for now.
//! - [`events`]: what the others are told of a write.
//! - [`readings`]: what is read for many sessions at once, by way of `joined` and `shared`.
//! - [`rooms`]: joining, leaving, members, markers.
//! - [`markers`]: what has been delivered, gathered and written together.
//! - [`people`]: sessions, presence, typing.
//! - `gossip`: what nodes tell each other of who is where.
//! - [`notices`]: notifications and broadcasts.
//! - [`parts`]: which positions of an inbox have been handed over.
//! - [`revocations`]: whose word counts no more.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::GoingAway;
use tidings_protocol::{ClientSession, CloseCode, Epoch, Event, MessageId, RoomId, Timestamp, UserId};
use tokio_util::task::TaskTracker;

use crate::broker::{Broker, Except, Payload, Publication, Topic};
use crate::clock::Clock;
use crate::error::Error;
use crate::frames;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::outbox::{Item, Outbox};
use crate::presence::Presence;
use crate::revocation::Revocations;
use crate::store::{Store, StoreError};
use crate::typing::{TypingLimit, TypingOver};

mod asked;
pub mod events;
pub mod gate;
mod gossip;
mod joined;
pub mod markers;
pub mod notices;
pub mod parts;
pub mod people;
pub mod readings;
pub mod revocations;
pub mod rooms;
mod shared;
pub mod writer;

pub use self::gate::Gate;
pub use self::writer::{Origin, Pending};

/// What a node is set to.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// Names the node among others.
    pub node_id: String,
    /// How long a lost session keeps its place.
    pub presence_grace: Duration,
    /// Longest message, in bytes.
    pub max_content_bytes: usize,
    /// Most entries that a join or resume replays.
    pub replay_limit: u64,
    /// How often what was handed over is compared with the logs, where other nodes write too.
    pub position_tick: Duration,
    /// A node of which nothing was heard for this long is taken for dead.
    pub presence_lease: Duration,
    /// How long notifications are kept.
    pub notification_retention: Duration,
}

/// Everything that sessions and HTTP handlers do goes through here.
#[derive(Debug)]
pub struct Node {
    store: StoreHandle,
    readings: readings::Readings,
    broker: BrokerHandle,
    hub: Arc<Hub>,
    presence: Presence,
    revocations: Arc<Revocations>,
    clock: Clock,
    epoch: Epoch,
    settings: NodeSettings,
    writer: writer::Writer,
    markers: markers::Markers,
    typing: TypingLimit,
    typing_over: TypingOver,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
}

/// `dyn Store` with a `Debug` that says no more than that.
struct StoreHandle(Arc<dyn Store>);
/// `dyn Broker` likewise.
struct BrokerHandle(Arc<dyn Broker>);

impl std::fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl std::fmt::Debug for BrokerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Broker")
    }
}

impl Node {
    /// Starts a node over its store and broker: the writer, the fan-out and the upkeep run until the last handle
    /// to it is gone.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn start(
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        clock: Clock,
        settings: NodeSettings,
        revocations: Arc<Revocations>,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, StoreError> {
        let epoch = store.epoch().await?;
        // Before anybody is let in.
        revocations.read(&*store).await?;
        let hub = Arc::new(Hub::default());
        let tasks = TaskTracker::new();
        let lease = broker.spans_nodes().then_some(settings.presence_lease);
        let (gossip, heard) = tokio::sync::mpsc::channel(gossip::HEARD);
        if let Some(stream) = broker.take_stream() {
            let parts = crate::fanout::Parts {
                hub: Arc::clone(&hub),
                store: Arc::clone(&store),
                clock: clock.clone(),
                revocations: Arc::clone(&revocations),
                metrics: Arc::clone(&metrics),
                gossip,
                recheck_every: broker.spans_nodes().then_some(settings.position_tick),
            };
            tasks.spawn(crate::fanout::run(stream, parts));
        }
        let (writer, jobs) = writer::channel();
        tasks.spawn(writer::run(
            jobs,
            Arc::clone(&store),
            Arc::clone(&broker),
            clock.clone(),
            Arc::clone(&metrics),
        ));
        let node = Arc::new(Self {
            readings: readings::Readings::new(&store, &metrics),
            store: StoreHandle(store),
            broker: BrokerHandle(broker),
            hub,
            presence: Presence::new(settings.presence_grace, &settings.node_id, lease),
            revocations,
            clock,
            epoch,
            settings,
            writer,
            markers: markers::Markers::default(),
            typing: TypingLimit::default(),
            typing_over: TypingOver::default(),
            metrics,
            tasks,
        });
        if let Some(lease) = lease {
            tokio::spawn(gossip::hear(Arc::downgrade(&node), heard, lease));
            tokio::spawn(gossip::talk(Arc::downgrade(&node), lease));
        }
        tokio::spawn(markers::run(Arc::downgrade(&node)));
        tokio::spawn(people::run_counts(Arc::downgrade(&node)));
        tokio::spawn(notices::run_retention(Arc::downgrade(&node)));
        tokio::spawn(revocations::run(Arc::downgrade(&node)));
        Ok(node)
    }

    /// The log, for one reading for a session or request.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.metrics.store_read();
        &*self.store.0
    }

    /// The readings of the log that many sessions do at the same time.
    #[must_use]
    pub const fn readings(&self) -> &readings::Readings {
        &self.readings
    }

    /// The broker.
    #[must_use]
    pub fn broker(&self) -> &dyn Broker {
        &*self.broker.0
    }

    /// The sessions of this node.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Who is where.
    #[must_use]
    pub const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The name of the log.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// What the node is set to.
    #[must_use]
    pub const fn settings(&self) -> &NodeSettings {
        &self.settings
    }

    /// The numbers of this node.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh message id.
    #[must_use]
    pub fn new_message_id(&self) -> Option<MessageId> {
        MessageId::new(new_uuid()).ok()
    }

    /// An event as a frame of now.
    #[must_use]
    pub fn frame(&self, event: Event) -> Utf8Bytes {
        frames::encode(event, self.now())
    }

    /// Which parts work.
    pub async fn health(&self) -> Health {
        let (store, broker) = tokio::join!(self.store.0.check(), self.broker().check());
        let disk = !matches!(store, Err(StoreError::DiskFull));
        Health { store: store.is_ok() || !disk, disk, broker: broker.is_ok() }
    }

    /// Tells every session to come back after its `turn`, and closes it when it is owed nothing.
    pub fn say_goodbye(&self, turn: impl Fn() -> Duration) {
        for outbox in self.hub.outboxes() {
            self.say_goodbye_to(&outbox, turn());
        }
    }

    /// The same for one session.
    pub fn say_goodbye_to(&self, outbox: &Outbox, turn: Duration) {
        let retry_after_ms = u64::try_from(turn.as_millis()).unwrap_or(u64::MAX);
        let frame = self.frame(Event::GoingAway(GoingAway { retry_after_ms }));
        outbox.push(Item::Signal { frame, droppable: false });
        outbox.close(CloseCode::Restart);
    }

    /// Writes what the markers still hold and lets the writer finish what it has taken. For the end of a node.
    pub async fn flush(&self) {
        markers::flush(self).await;
        self.writer.idle().await;
        self.broker().flush().await;
    }

    /// Closes older connections of the same client session, on whatever node.
    pub async fn fence(&self, outbox: &Outbox, client_session: ClientSession) {
        self.publish(
            Topic::User(outbox.user_id().clone()),
            Payload::Fence { client_session, keep: outbox.session_id().clone() },
        )
        .await;
    }

    /// Hands an event to the broker. With the broker away nothing is lost: logs are read, signals may drop.
    async fn publish(&self, topic: Topic, payload: Payload) {
        if let Err(error) = self.broker().publish(Publication { topic, payload, at: self.now() }).await {
            tracing::warn!(%error, "an event was not published");
        }
    }

    /// Hands an event to this node's own sessions alone.
    async fn publish_here(&self, topic: Topic, payload: Payload) {
        if let Err(error) = self.broker().publish_here(Publication { topic, payload, at: self.now() }).await {
            tracing::warn!(%error, "an event was not published");
        }
    }

    async fn signal_room(&self, room: &RoomId, event: Event, droppable: bool, except: Except) {
        let frame = self.frame(event);
        self.publish(Topic::Room(room.clone()), Payload::Signal { frame, droppable, except }).await;
    }

    async fn signal_user(&self, user: &UserId, event: Event, except: Except) {
        let frame = self.frame(event);
        self.publish(Topic::User(user.clone()), Payload::Signal { frame, droppable: false, except }).await;
    }
}

/// Which parts work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The log can be read.
    pub store: bool,
    /// The log can grow.
    pub disk: bool,
    /// Nodes hear of each other.
    pub broker: bool,
}

/// A fresh UUIDv7 as text.
#[must_use]
pub fn new_uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// What a node method answers with.
pub type Outcome<T> = Result<T, Error>;
