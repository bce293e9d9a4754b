//! Without a WebSocket: positions in the body of a stream or poll, client frames in the bodies of posts.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Session, connection::Resume};
use crate::frame::Frame;
use crate::input::{Closed, ConnId};
use crate::json::{self, write::Object};
use crate::ladder::Strike;
use crate::output::{Connect, Output, RoomState};
use crate::sse::EventStream;
use crate::time::{Duration, Instant};
use crate::transport::Transport;

/// How long a poll waits for a frame: less than the silence after which it is asked again.
const POLL_WAIT: Duration = Duration::from_secs(20);
/// A poll that has nothing to tell does not come back before this.
const HASTE: Duration = Duration::from_secs(1);

impl Session {
    /// A part of an event stream came.
    pub(super) fn chunk(&mut self, conn: ConnId, chunk: &[u8], now: Instant) {
        if self.look == Some(conn) {
            // Whatever comes through comes at once: that is what was looked for.
            self.climb(now);
            return;
        }
        let Some(connection) = self.connection.as_mut().filter(|c| c.id == conn) else { return };
        if let Some(greeted) = connection.greeted.as_mut() {
            greeted.heartbeat.heard(now);
        }
        connection.stream.push(chunk);
        // A frame may end the connection.
        while let Some(connection) = self.connection.as_mut().filter(|c| c.id == conn) {
            let Some(event) = connection.stream.next_event() else { break };
            match event.name.as_str() {
                "frame" => self.read(event.data, now),
                "close" => self.closed(conn, close_of(&event.data), now),
                _ => {}
            }
        }
    }

    /// A poll or a post was answered.
    pub(super) fn answered(&mut self, conn: ConnId, text: &str, now: Instant) {
        let is_post = self.post.ended(conn);
        let is_poll = self.connection.as_ref().is_some_and(|c| c.id == conn);
        if !is_post && !is_poll {
            return;
        }
        let Some(frames) = frames_of(text) else {
            // Something in between answered in the server's place.
            let closed = Closed { is_reachable: true, ..Closed::default() };
            if is_post {
                self.post_failed(closed, now);
            } else {
                self.closed(conn, closed, now);
            }
            return;
        };
        if is_post {
            for frame in frames.into_iter().filter_map(|text| Frame::read(text).ok()) {
                self.dispatch(frame, now);
            }
            return;
        }
        if let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) {
            greeted.heartbeat.heard(now);
        }
        let is_hasty = frames.is_empty() && self.connection.as_ref().is_some_and(|c| now < c.not_before);
        for frame in frames {
            if self.connection.as_ref().is_none_or(|c| c.id != conn) {
                return;
            }
            self.read(frame, now);
        }
        self.polled(conn, is_hasty, now);
    }

    /// Everything that a poll brought is dealt with: the next one follows.
    fn polled(&mut self, conn: ConnId, is_hasty: bool, now: Instant) {
        let Some(connection) = self.connection.as_ref().filter(|c| c.id == conn) else { return };
        let is_over = is_hasty || connection.greeted.is_none() || connection.come_back.is_some();
        for room in self.subscriptions.polled() {
            self.room_event(room.as_str(), RoomState::Joined);
        }
        if is_over {
            self.lost(Closed::default(), now);
        } else {
            self.subscribe(now);
        }
    }

    /// Puts another stream or poll in the place of the one in use. Frames on their way by a post stay there.
    pub(super) fn resubscribe(&mut self, now: Instant) {
        if let Some(connection) = &self.connection {
            self.out.push_back(Output::Close(connection.id, 1000));
            // What was let go may reach the server after what follows it.
            self.missed_at = Some(now);
            self.subscribe(now);
        }
    }

    /// Opens a stream or poll where the positions stand. The first poll only asks for the greeting.
    pub(super) fn subscribe(&mut self, now: Instant) {
        let conn = self.next_conn();
        let Some(connection) = self.connection.as_mut() else { return };
        connection.id = conn;
        connection.stream = EventStream::default();
        connection.not_before = now;
        let transport = connection.transport;
        let is_greeted = connection.greeted.is_some();
        let in_doubt = connection.greeted.as_ref().is_some_and(|g| g.heartbeat.is_in_doubt());
        let mut body = self.body(&self.client_session);
        if transport == Transport::Stream || is_greeted {
            self.cursors.disconnected();
            self.positions(&mut body, false);
        } else {
            body.number("waitMs", 0);
        }
        // What is joined, and whether the way is open, is to be known at once.
        if transport == Transport::Poll && is_greeted && !in_doubt && !self.subscriptions.is_subscribing() {
            body.number("waitMs", POLL_WAIT.as_millis());
            if let Some(connection) = self.connection.as_mut() {
                connection.not_before = now + HASTE;
            }
        }
        let fresh_token = self.token.is_stale();
        self.out.push_back(Output::Connect(Connect { conn, transport, payload: body.end(), fresh_token }));
    }

    /// The start of a body: whose it is.
    pub(super) fn body(&self, client_session: &str) -> Object {
        let mut body = Object::new();
        body.text("clientSession", client_session);
        body
    }

    /// The epoch, rooms with positions, inbox and notifications: for a `RESUME` or for a body.
    pub(super) fn positions(&mut self, object: &mut Object, by_socket: bool) {
        if let Some(epoch) = self.cursors.epoch() {
            object.text("epoch", epoch);
        }
        let mut rooms = String::from("[");
        let cursors = &self.cursors;
        let mut visit = |room: &str, wanted: bool| {
            let mut entry = Object::new();
            entry.text("roomId", room);
            // A room that is only rejoined to be left needs no replay.
            if let Some(seq) = cursors.room(room).filter(|_| wanted) {
                entry.number("afterSeq", seq);
            }
            if rooms.len() > 1 {
                rooms.push(',');
            }
            rooms.push_str(&entry.end());
        };
        if by_socket {
            self.subscriptions.resume(|room, wanted| visit(room.as_str(), wanted));
        } else {
            self.subscriptions.subscribe(|room| visit(room.as_str(), true));
        }
        rooms.push(']');
        object.raw("rooms", &rooms);
        if let Some(seq) = self.cursors.inbox() {
            object.number("inboxAfter", seq);
        }
        let cursor = self.cursors.notifications();
        // In a body, an empty cursor asks for notifications all the same.
        let unasked = (!by_socket && self.config.notifications).then_some("");
        if let Some(cursor) = cursor.or(unasked).filter(|_| by_socket || self.config.notifications) {
            object.text("notificationsAfter", cursor);
        }
    }

    /// Posts the frames that wait.
    pub(super) fn post(&mut self) {
        if !self.post.is_due() {
            return;
        }
        let conn = self.next_conn();
        if let Some(frames) = self.post.take(conn) {
            let mut body = self.body(&self.client_session);
            body.raw("frames", &frames);
            self.out.push_back(Output::Post(conn, body.end()));
        }
    }

    /// A post failed; whether it had arrived is unknown, so all that it held is sent again under the same ids.
    pub(super) fn post_failed(&mut self, mut closed: Closed, now: Instant) {
        self.outbox.disconnected(true);
        if self.is_by_socket() {
            // It was the last one of the way left behind.
            self.markers.disconnected();
            return;
        }
        if closed.code == Some(tidings_protocol::CloseCode::Replaced.as_u16()) {
            // The one before it is still being dealt with: the server's own word, and no fault of the way.
            closed.code = None;
        } else if closed.code.is_none() && closed.is_reachable {
            self.ladder.strike(Strike::Refused);
        }
        if let Some(connection) = &self.connection {
            self.out.push_back(Output::Close(connection.id, 1000));
        }
        self.lost(closed, now);
    }

    pub(super) fn is_by_socket(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.transport == Transport::WebSocket)
    }

    /// A room that a new stream or poll is needed for.
    pub(super) fn subscribe_where_due(&mut self, now: Instant) {
        if !self.post.is_busy() && !self.is_by_socket() && self.subscriptions.is_subscription_due() {
            self.resubscribe(now);
        }
    }

    /// Whether all that a new connection begins with was said.
    pub(super) fn is_resumed(&self) -> bool {
        let greeted = self.connection.as_ref().and_then(|c| c.greeted.as_ref());
        greeted.is_some_and(|g| matches!(g.resume, Resume::Sent(_) | Resume::Done))
    }
}

/// The texts of `{"frames": […]}`.
fn frames_of(text: &str) -> Option<Vec<String>> {
    let frames = json::items(json::field(text, "frames")?)?;
    Some(frames.into_iter().map(str::to_owned).collect())
}

/// Why a stream ends, by its last event.
fn close_of(text: &str) -> Closed {
    let code = json::field(text, "code").and_then(json::number);
    Closed { code: code.and_then(|code| u16::try_from(code).ok()), ..Closed::default() }
}
