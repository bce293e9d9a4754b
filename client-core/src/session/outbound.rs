//! What is said to the server: the resume first, then joins and leaves, markers, and the outbox, at the pace that
//! the server asked for.

use alloc::string::String;

use tidings_protocol::command::OnlineStatus;

use super::{Session, connection::Resume};
use crate::json::write::{Object, position};
use crate::output::{Event, Output, SendState};
use crate::subscriptions::Action;
use crate::time::Instant;
use crate::timers::Timer;

impl Session {
    /// Sends all that may be sent now, and sets the timer for what may not.
    pub(super) fn pump(&mut self, now: Instant) {
        self.timers.clear(Timer::Pump);
        if !self.is_greeted() {
            return;
        }
        self.resume(now);
        if self.is_resumed() {
            self.send_rooms(now);
            self.send_markers(now);
            self.send_outbox(now);
        }
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
        self.positions(&mut frame);
        self.send_anyway(frame.end(), now);
    }

    /// The epoch, rooms with positions, inbox and notifications.
    fn positions(&mut self, frame: &mut Object) {
        if let Some(epoch) = self.cursors.epoch() {
            frame.text("epoch", epoch);
        }
        let mut rooms = String::from("[");
        let cursors = &self.cursors;
        self.subscriptions.resume(|room, wanted| {
            if rooms.len() > 1 {
                rooms.push(',');
            }
            // A room that is only rejoined to be left needs no replay.
            rooms.push_str(&position(room.as_str(), cursors.room(room.as_str()).filter(|_| wanted)));
        });
        rooms.push(']');
        frame.raw("rooms", &rooms);
        if let Some(seq) = self.cursors.inbox() {
            frame.number("inboxAfter", seq);
        }
        if let Some(cursor) = self.cursors.notifications() {
            frame.text("notificationsAfter", cursor);
        }
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
        let mut frame = Object::frame("PRESENCE", None);
        frame.text("status", status);
        self.send_anyway(frame.end(), now);
    }

    pub(super) fn send_typing(&mut self, room: &str, is_typing: bool, now: Instant) {
        if !self.is_greeted() || !self.take_turn(now) {
            return;
        }
        let mut data = Object::new();
        data.flag("isTyping", is_typing);
        let mut frame = Object::frame("TYPING", None);
        frame.text("roomId", room);
        frame.raw("data", &data.end());
        self.send(frame.end());
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
        let id = self.rng.client_id();
        let mut frame = Object::frame("AUTHENTICATE", Some(id.as_str()));
        frame.text("token", token);
        self.token.sending(id);
        self.send_anyway(frame.end(), now);
    }

    /// Whether the pace allows one more frame; if not, the pump is woken when it does.
    fn take_turn(&mut self, now: Instant) -> bool {
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
        if let Some(connection) = &self.connection {
            self.out.push(Output::Send(connection.id, frame));
        }
    }

    fn wake_pump(&mut self, at: Instant) {
        let at = self.timers.get(Timer::Pump).map_or(at, |set| set.min(at));
        self.timers.set(Timer::Pump, at);
    }
}
