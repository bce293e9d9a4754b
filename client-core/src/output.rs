//! Everything that a session wants done or has to say.

use alloc::string::String;

use tidings_protocol::{ClientId, Code, RoomId};

use crate::frame::Frame;
use crate::input::ConnId;
use crate::time::Instant;
use crate::transport::Transport;

/// One thing for the driver to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a transport, with a token from the app: a WebSocket, or, by a [`Relay`](crate::Relay), any other. One that is
    /// open stays so until [`Output::Close`].
    Connect(Connect),
    /// Send a text frame.
    Send(ConnId, String),
    /// Close the transport. Nothing that it says from now on counts.
    Close(ConnId, u16),
    /// Keep something beyond this page load.
    Persist(Persist),
    /// Fetch a new token and hand it over as [`Input::TokenReady`](crate::Input::TokenReady).
    RefreshToken,
    /// Tell the app.
    Event(Event),
    /// Wake the session by [`Input::Timer`](crate::Input::Timer) at this moment, and no more at the one before. It
    /// comes last, and only where the moment moved nearer; a wake-up too many does no harm.
    WaitUntil(Instant),
}

/// How to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The number of this connection, named in all that it says.
    pub conn: ConnId,
    /// By which transport.
    pub transport: Transport,
    /// For a WebSocket, the query without the token: `clientSession=…` and, where asked for, `&notifications=true`.
    /// For a stream or poll, an object of JSON that says the same to a relay.
    pub payload: String,
    /// The last token was refused: a cached one will not do.
    pub fresh_token: bool,
    /// It only looks whether the transport gets through, as a session of its own.
    pub is_look: bool,
}

/// What is to outlive this page load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Persist {
    /// Keep an outbox entry, in place of one with the same id.
    Put(Stored),
    /// Drop an outbox entry.
    Remove(ClientId),
    /// Keep the positions, in place of those before. Asked for with the feature `positions`.
    Positions(String),
    /// Drop everything.
    Forget,
}

/// An outbox entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: ClientId,
    /// Its place in the outbox.
    pub order: u64,
    /// The frame as it is sent.
    pub frame: String,
    /// The code by which the server refused it, where it did.
    pub failed: Option<String>,
}

/// What the app is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The state of the connection changed.
    Status(Status),
    /// The connection was lost or closed.
    Disconnected {
        /// The close code, where there was one.
        code: Option<u16>,
        /// The reason in the close frame.
        reason: String,
    },
    /// `max_attempts` is used up; the session is closed.
    MaxReconnectAttemptsReached,
    /// The `RESUME` of this connection was answered: what it asked for is followed. What an app reads elsewhere from here
    /// on misses nothing that is not told.
    Resumed,
    /// A server frame: new to the app, and in its log's order.
    Frame(Frame),
    /// An outbox entry's state changed.
    Sent {
        /// The entry.
        id: ClientId,
        /// Its state.
        state: SendState,
    },
    /// A room's state changed.
    Room {
        /// The room.
        room: RoomId,
        /// Its state.
        state: RoomState,
    },
    /// Entries that did not come, and will not. Also told for a server's `GAP` frame.
    Gap(Gap),
    /// A frame that is no frame of the contract; it was left out.
    Malformed(String),
}

/// Where an outbox entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// In the outbox, waiting. Where the outbox is kept, this is told once the entry would outlive the page.
    Queued,
    /// On its way.
    InFlight,
    /// Durable, and out of the outbox.
    Acked {
        /// The room, where it was named.
        room: Option<String>,
        /// The message that it made or changed.
        message_id: Option<String>,
        /// Its position.
        seq: Option<u64>,
        /// Whether an earlier sending had arrived already.
        duplicate: bool,
    },
    /// Refused by the server. It stays in the outbox, to be retried, revised or cancelled.
    Failed(Code),
    /// Not taken into the outbox.
    Refused(Refusal),
    /// Out of the outbox by the app's wish.
    Cancelled,
    /// Out of this outbox: another page of the user has taken it over while this client was closed, and sends it.
    TakenOver,
}

/// Why an entry was not taken into the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The outbox holds as many messages or bytes as it may.
    #[error("the outbox is full")]
    QueueFull,
    /// The content or the frame is larger than the server takes.
    #[error("the message is too large")]
    TooLarge,
    /// The content is empty.
    #[error("the message is empty")]
    Empty,
    /// The id stands in the outbox already, or the entry cannot be changed any more.
    #[error("the message is on its way already")]
    Busy,
    /// There is no such entry.
    #[error("there is no such message in the outbox")]
    Unknown,
}

/// Where a room stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomState {
    /// The server has confirmed the join.
    Joined,
    /// The room is left, or the user was put out of it.
    Left,
    /// The server refused the join, for good.
    Refused(Code),
}

/// A run of entries that will not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The room; `None` for the inbox.
    pub room: Option<String>,
    /// First position left out.
    pub from: u64,
    /// Last position left out.
    pub to: u64,
    /// Why.
    pub reason: GapReason,
}

/// Why entries will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapReason {
    /// More than the server replays; the log can be read over HTTP.
    Limit,
    /// They have expired.
    Retention,
    /// The log is another one.
    Epoch,
    /// The server skipped them, again after a resume.
    Lost,
}

/// The connection as an app shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// When the next attempt is made, while it is waited for.
    pub next_retry_at: Option<Instant>,
    /// Attempts since the connection was last proved good.
    pub attempts: u32,
    /// Whether the machine says that it has a network.
    pub online: bool,
    /// The transport in use, or the next to be tried.
    pub transport: Transport,
    /// Whether the outbox outlives the page.
    pub persistence: bool,
    /// Why the session is closed.
    pub closed_by: Option<ClosedBy>,
}

/// The five states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Never asked to connect.
    Idle,
    /// The first attempt is under way.
    Connecting,
    /// The server has greeted.
    Connected,
    /// The connection was lost or did not come about; the next attempt is waited for or under way.
    Reconnecting,
    /// Closed for good.
    Closed,
}

/// Why a session is closed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// By the app.
    Client,
    /// By the server, with 1000.
    Server,
    /// The token does not count and there is no other.
    Unauthenticated,
    /// The user may not connect.
    Forbidden,
    /// A newer connection of the same client session took over.
    Replaced,
    /// `max_attempts` is used up.
    MaxAttempts,
}
