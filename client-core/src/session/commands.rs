//! What the app wants.

use alloc::string::String;

use tidings_protocol::limits::MAX_FRAME_BYTES;
use tidings_protocol::{ClientId, Code};

use super::Session;
use crate::command::{Command, Entry};
use crate::outbox::{content_bytes, encode, lane_of};
use crate::output::{ClosedBy, Event, Output, Persist, Refusal, RoomState, SendState, State};
use crate::time::Instant;
use crate::timers::Timer;

impl Session {
    pub(super) fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Connect => self.connect(now),
            Command::Reconnect if self.timers.get(Timer::Retry).is_some() => self.attempt(now),
            Command::Reconnect => self.connect(now),
            Command::Close { forget } => self.close(forget),
            Command::Join { room, after } => {
                if self.subscriptions.want(&room) {
                    self.cursors.follow(room.as_str(), after);
                } else {
                    self.event(Event::Room { room, state: RoomState::Refused(Code::Limit) });
                }
            }
            Command::Leave { room } => {
                if self.subscriptions.unwant(room.as_str()) {
                    self.event(Event::Room { room: room.clone(), state: RoomState::Left });
                }
                self.cursors.forget(room.as_str());
            }
            Command::Send { id, entry } => {
                let done = self
                    .check(&id, &entry)
                    .and_then(|(lane, frame)| self.outbox.push(id.clone(), &lane, frame));
                self.enqueued(id, done);
            }
            Command::Revise { id, entry } => {
                let done = self
                    .check(&id, &entry)
                    .and_then(|(lane, frame)| self.outbox.revise(id.as_str(), &lane, frame));
                self.enqueued(id, done);
            }
            Command::Retry { id } => {
                let done = self.outbox.retry(id.as_str());
                self.enqueued(id, done);
            }
            Command::Cancel { id } => {
                let state = match self.outbox.cancel(id.as_str(), !self.storage_ready) {
                    Ok(()) => {
                        self.persist(Persist::Remove(id.clone()));
                        SendState::Cancelled
                    }
                    Err(refusal) => SendState::Refused(refusal),
                };
                self.event(Event::Sent { id, state });
            }
            Command::Read { room, seq } => self.markers.set(room, seq),
            Command::Typing { room, is_typing } => self.send_typing(room.as_str(), is_typing, now),
            Command::Presence(status) => {
                self.presence = Some(status);
                if self.is_greeted() {
                    self.send_presence(now);
                }
            }
        }
    }

    fn connect(&mut self, now: Instant) {
        if !matches!(self.state, State::Idle | State::Closed) {
            return;
        }
        self.state = State::Connecting;
        self.closed_by = None;
        self.backoff.reset();
        self.ladder.reset();
        self.token.proven();
        self.attempt(now);
    }

    fn close(&mut self, forget: bool) {
        if let Some(connection) = &self.connection {
            self.out.push(Output::Close(connection.id, 1000));
        }
        self.drop_connection();
        if self.state != State::Closed {
            self.finish(ClosedBy::Client);
        }
        if forget {
            self.forget();
        }
        self.release_storage();
    }

    fn forget(&mut self) {
        for id in self.outbox.clear() {
            self.event(Event::Sent { id, state: SendState::Cancelled });
        }
        self.cursors = crate::cursors::Cursors::default();
        self.subscriptions = crate::subscriptions::Subscriptions::default();
        self.markers.clear();
        self.timers.clear(Timer::Positions);
        if self.config.storage {
            // Whether or not it was read.
            self.out.push(Output::Persist(Persist::Forget));
        }
    }

    /// The lane and frame of an entry, where the server can be expected to take it.
    fn check(&self, id: &ClientId, entry: &Entry) -> Result<(String, String), Refusal> {
        match content_bytes(entry) {
            Some(0) => return Err(Refusal::Empty),
            Some(bytes) if bytes > self.max_content_bytes => return Err(Refusal::TooLarge),
            Some(_) | None => {}
        }
        let frame = encode(id, entry);
        if frame.len() > MAX_FRAME_BYTES {
            return Err(Refusal::TooLarge);
        }
        let lane = lane_of(&frame).unwrap_or_default();
        Ok((lane, frame))
    }

    /// An entry that is to be kept is told as queued only when it is.
    fn enqueued(&mut self, id: ClientId, done: Result<(), Refusal>) {
        let state = match done {
            Ok(()) => {
                if let Some(stored) = self.outbox.stored(id.as_str()) {
                    self.persist(Persist::Put(stored));
                }
                if self.outbox.is_saving(id.as_str()) {
                    return;
                }
                SendState::Queued
            }
            Err(refusal) => SendState::Refused(refusal),
        };
        self.event(Event::Sent { id, state });
    }
}
