//! What hurries an event to every node: the [`Broker`] trait and what goes through it.
//!
//! A broker is only a hint that a log has grown. It may lose, repeat and reorder: whoever gets a durable event
//! compares its position with the last one and reads what is missing from the log.
//!
//! Drivers: [`local`], for one node, and [`redis`], for a cluster. Both pass the one conformance suite. [`codec`] is a
//! publication as bytes.

use async_trait::async_trait;
use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{ClientSession, RoomId, SessionId, Timestamp, UserId};
use tokio::sync::mpsc;

pub use crate::metrics::BrokerStats;

pub mod codec;
#[cfg(test)]
mod conformance;
pub mod local;
pub mod redis;

/// Whom an event concerns, and what a node subscribes to while it has a session that wants it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Sessions that are subscribed to the room.
    Room(RoomId),
    /// Sessions of the user.
    User(UserId),
    /// Every session.
    All,
}

/// Something that happened, on its way to sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// Whom it concerns.
    pub topic: Topic,
    /// What it is.
    pub payload: Payload,
    /// When it was published, by the clock of the node that did.
    pub at: Timestamp,
}

/// What happened. Frames are encoded once, where the event is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A new entry of the room's log.
    Entry {
        /// Its position.
        seq: u64,
        /// The frame.
        frame: Utf8Bytes,
    },
    /// A new entry of the user's inbox.
    Inbox {
        /// Its position in the inbox.
        inbox_seq: u64,
        /// The direct room.
        room_id: RoomId,
        /// Its position in the direct room.
        seq: u64,
        /// The frame.
        frame: Utf8Bytes,
        /// A session that is not told, since it made the entry and gave it no `id`.
        not_to: Option<SessionId>,
    },
    /// A new notification (topic user) or broadcast (topic all).
    Notice {
        /// Its position among the user's own, or among the broadcasts.
        seq: u64,
        /// Which of the two it is.
        broadcast: bool,
        /// The notification or broadcast as JSON text.
        json: Utf8Bytes,
    },
    /// The read state of the user's notifications changed.
    NoticeState {
        /// The `STATE` object as JSON text.
        json: Utf8Bytes,
    },
    /// An event that no log holds. `droppable` ones (typing, presence) go first when a session is slow.
    Signal {
        /// The frame.
        frame: Utf8Bytes,
        /// Whether it may be dropped.
        droppable: bool,
        /// Sessions that are not told.
        except: Except,
    },
    /// A presence change: once to each session in one of `rooms`, and to the sessions of `users`.
    Presence {
        /// The frame.
        frame: Utf8Bytes,
        /// Whose presence it is; the user's own sessions are not told.
        about: UserId,
        /// Small rooms that the user is in.
        rooms: Vec<RoomId>,
        /// The user's direct partners.
        users: Vec<UserId>,
    },
    /// The user is no longer let into the room: its sessions are unsubscribed.
    Evict {
        /// The room.
        room_id: RoomId,
        /// Only sessions with this client session, which has left by a request of its own.
        only: Option<ClientSession>,
    },
    /// Somebody's word was taken back or given back: each node reads what has changed (topic all).
    Revoked,
    /// Something may not have come: whoever wants the topic compares what it was handed with the logs. On topic
    /// all it is meant for everything that is wanted.
    Recheck,
    /// What a node tells the others of who is where, as JSON text of [`crate::presence`]'s own (topic all).
    Gossip {
        /// The text.
        json: Utf8Bytes,
    },
    /// A newer connection of the same client session stands: older ones are closed.
    Fence {
        /// The client session.
        client_session: ClientSession,
        /// The newer connection.
        keep: SessionId,
    },
}

/// What a driver does with a publication that it could not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// A log has it: its topic is rechecked.
    Recheck,
    /// Nobody could find it again: it is sent later.
    Resend,
    /// It is of the moment: it is dropped.
    Drop,
}

impl Payload {
    /// What becomes of it where it could not be sent.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        match self {
            Self::Entry { .. } | Self::Inbox { .. } | Self::Notice { .. } | Self::Recheck => {
                Recovery::Recheck
            }
            Self::Evict { .. }
            | Self::Fence { .. }
            | Self::Revoked
            | Self::NoticeState { .. }
            | Self::Signal { droppable: false, .. } => Recovery::Resend,
            Self::Signal { droppable: true, .. } | Self::Presence { .. } | Self::Gossip { .. } => {
                Recovery::Drop
            }
        }
    }
}

/// Which sessions of a topic are not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Except {
    /// All are told.
    Nobody,
    /// All but the sessions of this user.
    User(UserId),
    /// All but this session.
    Session(SessionId),
}

/// The broker could not be reached. Nothing is lost by it: the log has grown all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker is not available: {0}")]
pub struct BrokerError(pub String);

/// Carries publications to every node that wants their topic, this one included.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Hands a publication over. Waits while the way to this node's own stream is full. Where other nodes cannot be
    /// reached it goes to this node alone, and the others are told to compare with the log when they can be.
    ///
    /// # Errors
    /// The node is stopping.
    async fn publish(&self, publication: Publication) -> Result<(), BrokerError>;

    /// Hands a publication to this node's own stream alone.
    ///
    /// # Errors
    /// The node is stopping.
    async fn publish_here(&self, publication: Publication) -> Result<(), BrokerError>;

    /// From now on this node wants the topic: what is published after this has returned arrives. `All` is always
    /// wanted. May be called again for what is wanted already.
    ///
    /// # Errors
    /// The broker is away; the topic is subscribed when it is back, and a [`Payload::Recheck`] says so.
    async fn subscribe(&self, topic: Topic) -> Result<(), BrokerError>;

    /// This node wants the topic no more.
    ///
    /// # Errors
    /// The broker is away; the topic is not subscribed again when it is back.
    async fn unsubscribe(&self, topic: Topic) -> Result<(), BrokerError>;

    /// The stream of what this node wants (it may hold more), in the order of publishing for each topic and
    /// publishing node. What was lost on the way is followed by a [`Payload::Recheck`]. Can be taken once; `None`
    /// after that.
    fn take_stream(&self) -> Option<mpsc::Receiver<Publication>>;

    /// Whether the broker answers.
    ///
    /// # Errors
    /// It does not.
    async fn check(&self) -> Result<(), BrokerError>;

    /// Whether there may be other nodes.
    fn spans_nodes(&self) -> bool {
        false
    }

    /// Waits, not for long, until what was published is on its way. For the end of a node.
    async fn flush(&self) {}

    /// What it has done so far.
    fn stats(&self) -> BrokerStats {
        BrokerStats::default()
    }
}
