//! What is said to the server: the resume first, then joins and leaves, markers, and the outbox, at the pace that
//! the server asked for.

use alloc::string::String;

use tidings_protocol::ClientId;
use tidings_protocol::command::OnlineStatus;

use super::{Session, connection::Resume};
use crate::json::write::Object;
use crate::output::{Event, Output, SendState};
use crate::subscriptions::Action;
use crate::time::Instant;
use crate::timers::Timer;
use crate::transport::Transport;

impl Session {
    /// Sends all that may be sent now, and sets the timer for what may not.
    pub(super) fn pump(&mut self, now: Instant) {
        self.timers.clear(Timer::Pump);
        if !self.is_greeted() {
            return;
        }
        self.resume(now);
        // What is on its way by a post may be refused for now, and nothing may overtake it.
        if self.is_resumed() && !self.post.is_busy() {
            // Once for all joins; but what the outbox holds is not waited for.
            if !self.subscriptions.has_action(now) {
                self.subscribe_where_due(now);
            }
            self.send_rooms(now);
            self.send_markers(now);
            self.send_outbox(now);
        }
        self.post();
        self.subscribe_where_due(now);
        self.watch();
    }

    pub(super) fn is_greeted(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.greeted.is_some())
    }

    /// One `RESUME` names all rooms with their positions, the inbox and the notifications.
    fn resume(&mut self, now: Instant) {
        let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) else { return };
        let Resume::Due(at) = greeted.resume else { return };
        if at > now {
            self.wake_pump(at);
            return;
        }
        let id = self.rng.client_id();
        let mut frame = Object::frame("RESUME", Some(id.as_str()));
        greeted.resume = Resume::Sent(id);
        self.positions(&mut frame, true);
        self.send_anyway(frame.end(), now);
    }

    fn send_rooms(&mut self, now: Instant) {
        while self.subscriptions.has_action(now) && self.take_turn(now) {
            let id = self.rng.client_id();
            let Some(action) = self.subscriptions.next_action(now, &id) else { break };
            let frame = match action {
                Action::Join(room) => {
                    let mut frame = Object::frame("JOIN_ROOM", Some(id.as_str()));
                    frame.text("roomId", room.as_str());
                    if let Some(seq) = self.cursors.room(room.as_str()) {
                        frame.number("afterSeq", seq);
                        if let Some(epoch) = self.cursors.epoch_of(room.as_str()) {
                            frame.text("epoch", epoch);
                        }
                    }
                    frame
                }
                Action::Leave(room) => {
                    let mut frame = Object::frame("LEAVE_ROOM", Some(id.as_str()));
                    frame.text("roomId", room.as_str());
                    frame
                }
            };
            self.send(frame.end());
        }
        if let Some(at) = self.subscriptions.due().filter(|&at| at > now) {
            self.wake_pump(at);
        }
    }

    fn send_markers(&mut self, now: Instant) {
        while self.markers.has_next(now) && self.take_turn(now) {
            let id = self.rng.client_id();
            let mut frame = Object::frame("READ", Some(id.as_str()));
            let Some((room, seq)) = self.markers.next(now, id) else { break };
            frame.text("roomId", room.as_str());
            frame.number("seq", seq);
            self.send(frame.end());
        }
        if let Some(at) = self.markers.due().filter(|&at| at > now) {
            self.wake_pump(at);
        }
    }

    fn send_outbox(&mut self, now: Instant) {
        loop {
            let subscriptions = &self.subscriptions;
            let Some(at) = self.outbox.next_ready(now, |lane| subscriptions.holds(lane)) else { break };
            if !self.take_turn(now) {
                break;
            }
            let (id, frame) = self.outbox.send(at, now);
            self.send(frame);
            self.event(Event::Sent { id, state: SendState::InFlight });
        }
        if let Some(at) = self.outbox.due(now) {
            self.wake_pump(at);
        }
    }

    /// What others see of the user; not paced, since it is rare and has a bucket of its own at the server.
    pub(super) fn send_presence(&mut self, now: Instant) {
        let status = match self.presence {
            Some(OnlineStatus::Away) => "away",
            Some(OnlineStatus::Online) | None => "online",
        };
        let mut frame = self.unasked("PRESENCE");
        frame.text("status", status);
        self.send_anyway(frame.end(), now);
    }

    pub(super) fn send_typing(&mut self, room: &str, is_typing: bool, now: Instant) {
        if !self.is_greeted() || !self.take_turn(now) {
            return;
        }
        let mut data = Object::new();
        data.flag("isTyping", is_typing);
        let mut frame = self.unasked("TYPING");
        frame.text("roomId", room);
        frame.raw("data", &data.end());
        self.send(frame.end());
    }

    /// A frame whose answer nobody waits for. Only a post must have an id for it.
    fn unasked(&mut self, kind: &str) -> Object {
        let id = if self.is_by_socket() { None } else { Some(self.rng.client_id()) };
        Object::frame(kind, id.as_ref().map(ClientId::as_str))
    }

    pub(super) fn send_ping(&mut self, now: Instant) {
        let id = self.rng.client_id();
        self.send_anyway(Object::frame("PING", Some(id.as_str())).end(), now);
    }

    /// A new token goes to the server in band. Without a connection there is nothing to do: the next one fetches its
    /// own.
    pub(super) fn authenticate(&mut self, token: &str, now: Instant) {
        if !self.is_greeted() {
            return;
        }
        if !self.is_by_socket() {
            // The next request has it; a stream would end with the old one.
            self.token.disconnected();
            if self.ladder.at() == Transport::Stream {
                self.resubscribe(now);
            }
            return;
        }
        let id = self.rng.client_id();
        let mut frame = Object::frame("AUTHENTICATE", Some(id.as_str()));
        frame.text("token", token);
        self.token.sending(id);
        self.send_anyway(frame.end(), now);
    }

    /// Whether the pace allows one more frame; if not, the pump is woken when it does.
    fn take_turn(&mut self, now: Instant) -> bool {
        if self.post.is_full() {
            return false;
        }
        let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) else { return false };
        if greeted.pacing.take(now) {
            return true;
        }
        let at = greeted.pacing.ready_at();
        self.wake_pump(at);
        false
    }

    fn send_anyway(&mut self, frame: String, now: Instant) {
        if let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) {
            greeted.pacing.take_anyway(now);
        }
        self.send(frame);
    }

    fn send(&mut self, frame: String) {
        match &self.connection {
            Some(c) if c.transport == Transport::WebSocket => self.out.push_back(Output::Send(c.id, frame)),
            Some(_) => self.post.push(&frame),
            None => {}
        }
    }

    fn wake_pump(&mut self, at: Instant) {
        let at = self.timers.get(Timer::Pump).map_or(at, |set| set.min(at));
        self.timers.set(Timer::Pump, at);
    }
}
