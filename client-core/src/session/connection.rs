//! How a connection comes, is watched, and goes.

use alloc::borrow::ToOwned;
use alloc::string::String;

use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{ClientId, CloseCode};

use super::Session;
use crate::backoff::Wait;
use crate::frame::Frame;
use crate::heartbeat::{Beat, Heartbeat, slept};
use crate::input::{Closed, ConnId};
use crate::json::{self, write::Object};
use crate::ladder::Strike;
use crate::output::{ClosedBy, Connect, Event, Output, State};
use crate::pacing::Pacing;
use crate::query;
use crate::time::{Duration, Instant};
use crate::timers::Timer;
use crate::transport::Transport;

/// From the wish to connect to the greeting, the fetching of a token included.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// From the open transport to the greeting.
const GREETING: Duration = Duration::from_secs(10);
/// A connection that has lasted this long is good.
const STABLE: Duration = Duration::from_secs(10);
/// An answer that is later than this will not come.
const ANSWER: Duration = Duration::from_secs(30);
/// After a sleep, what has arrived meanwhile gets this long to be read.
const GRACE: Duration = Duration::from_secs(2);
/// For this long, an attempt that was given up may still reach the server.
const STRAY: Duration = Duration::from_secs(60);
/// The heartbeat of a server that does not name one.
const HEARTBEAT: u64 = 25_000;
/// How long a ping may stay without any frame after it.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection, from the attempt to its end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnId,
    pub(super) transport: Transport,
    is_open: bool,
    /// It is another page's, and this one's is a link to it.
    is_link: bool,
    /// What stands only once the server has greeted.
    pub(super) greeted: Option<Greeted>,
    /// When to come back, by the server's own word.
    pub(super) come_back: Option<Duration>,
}

/// A connection in use.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) heartbeat: Heartbeat,
    pub(super) pacing: Pacing,
    pub(super) resume: Resume,
    /// After a sleep: no answer is overdue before what has arrived is read.
    read_until: Instant,
}

/// Where the `RESUME` of a connection stands. Nothing else is sent before it.
#[derive(Debug)]
pub(super) enum Resume {
    Due(Instant),
    Sent(ClientId),
    Done,
}

impl Session {
    /// Begins an attempt to connect.
    pub(super) fn attempt(&mut self, now: Instant) {
        self.timers.clear(Timer::Retry);
        if !self.storage_ready {
            return;
        }
        let conn = self.next_conn();
        let transport = self.ladder.at();
        self.connection = Some(Connection {
            id: conn,
            transport,
            is_open: false,
            is_link: false,
            greeted: None,
            come_back: None,
        });
        self.attempted_at = now;
        self.timers.set(Timer::Handshake, now + HANDSHAKE);
        self.tell_status();
        let payload = self.payload(conn, transport, &self.client_session, self.config.notifications);
        let fresh_token = self.token.is_stale();
        self.out.push(Output::Connect(Connect { conn, transport, payload, fresh_token, is_look: false }));
    }

    /// Whose a connection is. A request that was given up may come much later; so that it does nothing to what is in its
    /// place by then, each connection by requests is a client session of its own.
    pub(super) fn payload(
        &self,
        conn: ConnId,
        transport: Transport,
        client_session: &str,
        notifications: bool,
    ) -> String {
        if transport == Transport::WebSocket {
            return query::of(client_session, notifications);
        }
        let mut payload = Object::new();
        payload.numbered("clientSession", client_session, conn.0.into());
        if notifications {
            payload.text("notificationsAfter", "");
        }
        payload.end()
    }

    pub(super) const fn next_conn(&mut self) -> ConnId {
        self.connections = self.connections.wrapping_add(1);
        ConnId(self.connections)
    }

    /// The transport is open; the greeting comes next.
    pub(super) fn opened(&mut self, conn: ConnId, now: Instant) {
        if let Some(connection) = self.connection.as_mut().filter(|c| c.id == conn && c.greeted.is_none()) {
            connection.is_open = true;
            self.timers.set(Timer::Handshake, now + GREETING);
        }
    }

    /// The server has greeted.
    pub(super) fn established(&mut self, frame: Frame, now: Instant) {
        let Some(connection) = self.connection.as_mut() else { return };
        let number = |span, default| frame.number_of(span).unwrap_or(default);
        let fields = frame.fields();
        let is_first = connection.greeted.is_none();
        if is_first {
            let interval = Duration::from_millis(number(fields.heartbeat_ms(), HEARTBEAT).max(1_000));
            connection.greeted = Some(Greeted {
                heartbeat: Heartbeat::new(interval, PATIENCE, now),
                pacing: Pacing::new(
                    number(fields.frames_per_second(), Pacing::PER_SECOND),
                    number(fields.frame_burst(), Pacing::BURST),
                    now,
                ),
                resume: Resume::Due(now),
                read_until: now,
            });
            let via = json::text_of(frame.data(), "via");
            if let Some(transport) = via.and_then(|via| Transport::named(&via)) {
                connection.is_link = true;
                connection.transport = transport;
                self.ladder.follow(transport);
            }
        }
        if let Some(max) = frame.number_of(fields.max_content_bytes()) {
            self.max_content_bytes = usize::try_from(max).unwrap_or(usize::MAX);
        }
        self.user_id = frame.owned(fields.user_id());
        self.cursors.established(frame.owned(fields.epoch()), frame.number_of(fields.inbox_seq()));
        if !is_first {
            return;
        }
        self.timers.clear(Timer::Handshake);
        self.timers.set(Timer::Stable, now + STABLE);
        if !self.connection.as_ref().is_some_and(|c| c.is_link) {
            self.schedule_look(now);
        }
        self.state = State::Connected;
        self.tell_status();
        self.event(Event::Frame(frame));
        if self.presence == Some(OnlineStatus::Away) {
            self.send_presence(now);
        }
    }

    /// The transport says that it is closed.
    pub(super) fn closed(&mut self, conn: ConnId, closed: Closed, now: Instant) {
        if self.look == Some(conn) {
            self.look_failed(now);
        } else if let Some(connection) = self.connection.as_ref().filter(|c| c.id == conn) {
            if closed.code.and_then(CloseCode::from_u16).is_none() {
                let is_young = self.timers.get(Timer::Stable).is_some();
                match &connection.greeted {
                    // A request was answered by something in the server's place.
                    Some(_) if closed.is_reachable => self.ladder.strike(Strike::Refused),
                    Some(_) if is_young => self.ladder.strike(Strike::Young),
                    None if closed.is_reachable || connection.is_open => self.ladder.strike(Strike::Refused),
                    // Nobody can say whether it is the server that is away or the way that is closed.
                    None if connection.transport != Transport::WebSocket => self.ladder.strike(Strike::Young),
                    Some(_) | None => {}
                }
            }
            self.lost(closed, now);
        }
    }

    /// Gives a connection up that is still open.
    pub(super) fn abandon(&mut self, code: u16, reason: &str, now: Instant) {
        if let Some(connection) = &self.connection {
            self.out.push(Output::Close(connection.id, code));
            self.lost(Closed { reason: reason.to_owned(), ..Closed::default() }, now);
        }
    }

    /// The connection is gone: what was in use by it is set back, and the next step decided by the close code.
    pub(super) fn lost(&mut self, closed: Closed, now: Instant) {
        if self.connection.as_ref().is_some_and(|c| c.greeted.is_none()) {
            self.missed_at = Some(now);
        }
        if closed.is_astray {
            self.outbox.disconnected(true);
        }
        if let Some(attempts) = closed.attempts {
            self.backoff.follow(attempts);
        }
        let told = self.drop_connection();
        let told = closed.retry_after_ms.map(Duration::from_millis).or(told);
        let code = closed.code.and_then(CloseCode::from_u16);
        self.event(Event::Disconnected { code: closed.code, reason: closed.reason });
        match code {
            Some(CloseCode::Normal) => self.finish(ClosedBy::Server),
            Some(CloseCode::Forbidden) => self.finish(ClosedBy::Forbidden),
            Some(CloseCode::Replaced) if self.may_have_replaced_itself(now) => self.schedule(told, now),
            Some(CloseCode::Replaced) => self.finish(ClosedBy::Replaced),
            Some(CloseCode::Unauthenticated) if !self.config.refreshable_token => {
                self.finish(ClosedBy::Unauthenticated);
            }
            Some(CloseCode::Unauthenticated) if self.token.refuse() => {
                self.schedule(Some(told.unwrap_or(Duration::ZERO)), now);
            }
            Some(CloseCode::RateLimited) => self.back_off(4, told, now),
            Some(CloseCode::Overloaded) => self.back_off(2, told, now),
            Some(_) | None => self.schedule(told, now),
        }
    }

    /// An attempt that was given up before the greeting may reach the server after the one that followed it.
    fn may_have_replaced_itself(&self, now: Instant) -> bool {
        self.missed_at.is_some_and(|at| now.since(at) < STRAY)
    }

    fn back_off(&mut self, failures: u32, told: Option<Duration>, now: Instant) {
        self.backoff.at_least(failures);
        self.schedule(told, now);
    }

    fn schedule(&mut self, told: Option<Duration>, now: Instant) {
        let wait = self.backoff.next(told, &mut self.rng);
        self.may_wake = matches!(wait, Wait::Drawn(_));
        match wait {
            Wait::Drawn(span) | Wait::Told(span) => {
                self.state = State::Reconnecting;
                self.timers.set(Timer::Retry, now + span);
            }
            Wait::GivenUp => {
                self.finish(ClosedBy::MaxAttempts);
                self.event(Event::MaxReconnectAttemptsReached);
            }
        }
    }

    /// Closed for good.
    pub(super) fn finish(&mut self, by: ClosedBy) {
        self.state = State::Closed;
        self.closed_by = Some(by);
        self.timers.clear(Timer::Retry);
        self.keep_positions();
        self.tell_status();
    }

    /// Sets back what belongs to a connection. What the server said about coming back, is returned.
    pub(super) fn drop_connection(&mut self) -> Option<Duration> {
        for timer in &[Timer::Handshake, Timer::Heartbeat, Timer::Stable, Timer::Pump, Timer::Answer] {
            self.timers.clear(*timer);
        }
        self.stop_looking();
        // What was on its way by a request, or by a connection that goes on, may still arrive.
        let may_arrive =
            self.connection.as_ref().is_some_and(|c| c.is_link || c.transport != Transport::WebSocket);
        self.outbox.disconnected(may_arrive);
        self.subscriptions.disconnected();
        self.markers.disconnected();
        self.cursors.disconnected();
        self.token.disconnected();
        self.connection.take().and_then(|c| c.come_back)
    }

    /// The machine is in another network, perhaps: what did not get through the old one may get through this one.
    pub(super) fn network_changed(&mut self, now: Instant) {
        if self.connection.is_none() {
            self.ladder.reset();
        }
        self.look_soon(now);
    }

    /// The machine has a network again, or the user looks at the page.
    pub(super) fn woken(&mut self, now: Instant) {
        if let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) {
            if greeted.heartbeat.probe(now) {
                self.send_ping(now);
            }
        } else if self.may_wake
            && let Some(at) = self.timers.get(Timer::Retry)
        {
            let earliest = self.attempted_at + self.backoff.floor();
            if earliest <= now {
                self.attempt(now);
            } else {
                self.timers.set(Timer::Retry, at.min(earliest));
            }
        }
    }

    /// Fires every timer that is due.
    pub(super) fn time_passed(&mut self, now: Instant) {
        self.armed = None;
        while let Some((timer, late)) = self.timers.take_due(now) {
            match timer {
                Timer::Retry => self.attempt(now),
                Timer::Handshake if slept(late) => self.timers.set(timer, now + GRACE),
                Timer::Answer if slept(late) => self.read_first(now),
                Timer::Stable if slept(late) => self.timers.set(timer, now + STABLE),
                Timer::Handshake => {
                    // A socket that nothing answers has another try: a network that hangs is more often the reason.
                    let silent = if self.is_by_socket() { Strike::Refused } else { Strike::Silent };
                    self.ladder.strike(silent);
                    self.abandon(1000, "no greeting", now);
                }
                Timer::Answer => self.abandon(1000, "no answer", now),
                Timer::Heartbeat => self.beat(late, now),
                Timer::Stable => {
                    self.backoff.reset();
                    self.token.proven();
                    self.ladder.proven();
                }
                Timer::Look => self.look_due(late, now),
                Timer::Positions => self.keep_positions(),
                // The pump runs after every input.
                Timer::Pump => {}
            }
        }
    }

    fn beat(&mut self, late: Duration, now: Instant) {
        let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) else { return };
        match greeted.heartbeat.fire(late, now) {
            Beat::Wait => {}
            Beat::Ping => self.send_ping(now),
            Beat::Dead => self.abandon(1000, "no heartbeat", now),
        }
    }

    fn read_first(&mut self, now: Instant) {
        if let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) {
            greeted.read_until = now + GRACE;
        }
    }

    pub(super) fn is_by_socket(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.transport == Transport::WebSocket)
    }

    /// Whether all that a new connection begins with was said.
    pub(super) fn is_resumed(&self) -> bool {
        let greeted = self.connection.as_ref().and_then(|c| c.greeted.as_ref());
        greeted.is_some_and(|g| matches!(g.resume, Resume::Sent(_) | Resume::Done))
    }

    /// Sets the timers that follow from what stands now.
    pub(super) fn watch(&mut self) {
        let Some(greeted) = self.connection.as_ref().and_then(|c| c.greeted.as_ref()) else { return };
        self.timers.set(Timer::Heartbeat, greeted.heartbeat.due());
        match self.outbox.oldest_in_flight() {
            Some(sent) => self.timers.set(Timer::Answer, (sent + ANSWER).max(greeted.read_until)),
            None => self.timers.clear(Timer::Answer),
        }
    }
}
