//! The session: takes what happens, says what to do.
//!
//! Each concern is a struct in a file of its own; here they meet. `commands` is what the app wants, `connection` how
//! a connection comes and goes, `inbound` what the server says, `outbound` what is said to it, `looking` how a better
//! transport is found again.

mod answers;
mod commands;
mod connection;
mod inbound;
mod looking;
mod outbound;
mod stored;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::command::OnlineStatus;
use tidings_protocol::limits::MAX_CONTENT_BYTES;
use tidings_protocol::{ClientId, ClientSession};

use crate::backoff::Backoff;
use crate::config::Config;
use crate::cursors::Cursors;
use crate::input::{ConnId, Input};
use crate::ladder::Ladder;
use crate::markers::Markers;
use crate::outbox::Outbox;
use crate::output::{ClosedBy, Event, Output, Persist, State, Status, Stored};
use crate::queue::Queue;
use crate::rng::Rng;
use crate::subscriptions::Subscriptions;
use crate::time::Instant;
use crate::timers::{Timer, Timers};
use crate::token::Token;
use connection::Connection;

/// One client's session with a server, over as many connections as it takes.
///
/// Feed it with [`handle`](Self::handle), and after every input drain [`poll_output`](Self::poll_output).
#[derive(Debug)]
pub struct Session {
    config: Config,
    client_session: String,
    rng: Rng,
    state: State,
    closed_by: Option<ClosedBy>,
    online: bool,
    presence: Option<OnlineStatus>,
    user_id: Option<String>,
    max_content_bytes: usize,
    storage_ready: bool,
    /// Storage was read before; what it holds now is what no other page has taken over.
    was_stored: bool,
    persistence: bool,
    connection: Option<Connection>,
    connections: u32,
    /// The connection by which a better transport is looked at.
    look: Option<ConnId>,
    ladder: Ladder,
    attempted_at: Instant,
    /// When an attempt last ended before the greeting.
    missed_at: Option<Instant>,
    /// The wait for the next attempt may be cut short.
    may_wake: bool,
    backoff: Backoff,
    token: Token,
    timers: Timers,
    outbox: Outbox,
    cursors: Cursors,
    subscriptions: Subscriptions,
    markers: Markers,
    out: Queue<Output>,
    told: Option<Status>,
    armed: Option<Instant>,
}

impl Session {
    /// A session that is idle until it is told to connect.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut rng = Rng::new(config.seed);
        let given = config.client_session.as_ref().map(ClientSession::as_str).map(str::to_owned);
        Self {
            client_session: given.unwrap_or_else(|| rng.uuid()),
            rng,
            state: State::Idle,
            closed_by: None,
            online: true,
            presence: None,
            user_id: None,
            max_content_bytes: MAX_CONTENT_BYTES,
            storage_ready: !config.storage,
            was_stored: false,
            persistence: config.storage,
            connection: None,
            connections: 0,
            look: None,
            ladder: Ladder::new(config.transports, config.look_up_after),
            attempted_at: Instant::default(),
            missed_at: None,
            may_wake: true,
            backoff: Backoff::new(config.backoff_base, config.backoff_cap, config.max_attempts),
            token: Token::default(),
            timers: Timers::default(),
            outbox: Outbox::new(config.max_queued, config.max_queued_bytes, config.storage),
            cursors: Cursors::default(),
            subscriptions: Subscriptions::default(),
            markers: Markers::default(),
            out: Queue::default(),
            told: None,
            armed: None,
            config,
        }
    }

    /// Takes one thing that happened. `now` never goes back.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Command(command) => self.command(command, now),
            Input::Opened(conn) => self.opened(conn, now),
            Input::Frame(conn, text) => self.frame(conn, text, now),
            Input::Closed(conn, closed) => self.closed(conn, closed, now),
            Input::Timer => self.time_passed(now),
            Input::Online => {
                self.online = true;
                self.network_changed(now);
                self.woken(now);
            }
            Input::Offline => self.online = false,
            Input::Visible => self.woken(now),
            Input::Hidden => self.keep_positions(),
            Input::StorageLoaded(storage) => self.storage_loaded(storage, now),
            Input::Saved { id, kept } => self.saved(id, kept),
            Input::Kept(kept) => self.persistence = kept,
            Input::Adopted(stored) => self.adopted(stored),
            Input::TokenReady(token) => self.authenticate(&token, now),
        }
        self.pump(now);
        self.tell_status();
        self.arm();
    }

    /// The next thing to do; `None` when all is done until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    /// A fresh id for [`Command::Send`](crate::Command::Send).
    pub fn next_id(&mut self) -> ClientId {
        self.rng.client_id()
    }

    /// The connection as an app shows it.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            state: self.state,
            next_retry_at: self.timers.get(Timer::Retry),
            attempts: self.backoff.attempts(),
            online: self.online,
            transport: self.ladder.at(),
            persistence: self.persistence,
            closed_by: self.closed_by,
        }
    }

    /// Entries in the outbox that wait or are on their way.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.outbox.queued()
    }

    /// Every entry of the outbox, in order, refused ones included: for an app that shows what an earlier page load left.
    #[must_use]
    pub fn outbox(&self) -> Vec<Stored> {
        self.outbox.all()
    }

    /// Who the server says that this is, once it has said so.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// The random name of this page load or process. What goes by requests has one beneath it for each connection.
    #[must_use]
    pub fn client_session(&self) -> &str {
        &self.client_session
    }

    /// Whether the server has confirmed that this session is in the room.
    #[must_use]
    pub fn is_joined(&self, room: &str) -> bool {
        self.subscriptions.is_joined(room)
    }

    /// Whether the room is wanted, or still to be left.
    #[must_use]
    pub fn is_known(&self, room: &str) -> bool {
        self.subscriptions.is_known(room)
    }

    /// The last position of a room that the app has seen.
    #[must_use]
    pub fn room_position(&self, room: &str) -> Option<u64> {
        self.cursors.room(room)
    }

    fn event(&mut self, event: Event) {
        self.out.push(Output::Event(event));
    }

    fn persist(&mut self, what: Persist) {
        if self.config.storage && self.storage_ready {
            self.out.push(Output::Persist(what));
        }
    }

    fn keep_positions(&mut self) {
        self.timers.clear(Timer::Positions);
        if self.config.storage
            && self.storage_ready
            && let Some(text) = self.cursors.keep()
        {
            self.persist(Persist::Positions(text));
        }
    }

    /// Tells the app the status where it changed since it was last told.
    fn tell_status(&mut self) {
        let status = self.status();
        if self.told != Some(status) {
            self.told = Some(status);
            self.event(Event::Status(status));
        }
    }

    /// Asks to be woken where the next timer lies before the one that was asked for.
    fn arm(&mut self) {
        if let Some(next) = self.timers.next()
            && self.armed.is_none_or(|armed| next < armed)
        {
            self.armed = Some(next);
            self.out.push(Output::WaitUntil(next));
        }
    }
}
