//! Answers to what was sent: `ACK` and `ERROR`, each to the one that waits for it.

use tidings_protocol::{Code, RoomId};

use super::{Session, connection::Resume};
use crate::frame::Frame;
use crate::json;
use crate::markers::RETRY_AFTER;
use crate::outbox::code_of;
use crate::output::{Event, Output, Persist, RoomState, SendState};
use crate::time::{Duration, Instant};

/// How long to wait with a join after a server's own error.
const AFTER_INTERNAL: Duration = Duration::from_secs(5);

impl Session {
    /// A frame was done.
    pub(super) fn acked(&mut self, frame: &Frame) {
        let fields = frame.fields();
        let Some(id) = frame.text_of(fields.id()) else { return };
        if self.outbox.contains(&id) {
            let state = SendState::Acked {
                room: frame.owned(fields.room_id()),
                message_id: frame.owned(fields.message_id()),
                seq: frame.seq(),
                duplicate: frame.is_true(fields.duplicate()),
            };
            self.settled(&id, state);
        } else if let Some((room, state)) = self.subscriptions.answered(&id) {
            if state == RoomState::Left {
                self.cursors.forget(room.as_str());
            }
            self.event(Event::Room { room, state });
        } else if !self.resumed(&id) {
            self.markers.answered(&id, None);
        }
    }

    /// An entry is durable.
    pub(super) fn settled(&mut self, id: &str, state: SendState) {
        if let Some(id) = self.outbox.ack(id) {
            self.persist(Persist::Remove(id.clone()));
            self.event(Event::Sent { id, state });
        }
    }

    /// A frame was refused. The app hears of it, unless it is sent again by itself.
    pub(super) fn refused(&mut self, frame: Frame, now: Instant) {
        let fields = frame.fields();
        let code = frame.text_of(fields.code()).map_or(Code::Internal, |code| code_of(&code));
        let told = frame.number_of(fields.retry_after_ms()).map(Duration::from_millis);
        let (id, room) = (frame.owned(fields.id()), frame.owned(fields.room_id()));
        // Without a good token nothing is refused for good: a new one comes, or the connection goes.
        let retryable = code.is_retryable() || code == Code::Unauthenticated;
        let wait = retryable.then(|| told.unwrap_or(RETRY_AFTER));
        if let (Code::RateLimited, Some(wait)) = (code, wait)
            && let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut())
        {
            greeted.pacing.block(wait, now);
        }
        if code == Code::Unauthenticated && self.config.refreshable_token && self.token.ask() {
            self.out.push(Output::RefreshToken);
        }
        let is_unsent = json::field(frame.data(), "unsent").is_some();
        let again = self.refused_entry(id.as_deref(), code, wait, is_unsent, now)
            || self.refused_room(id.as_deref(), room.as_deref(), code, wait, now)
            || self.refused_resume(id.as_deref(), wait, now)
            || self.refused_marker(id.as_deref(), wait, now);
        self.token.answered(id.as_deref());
        if !again {
            self.event(Event::Frame(frame));
        }
    }

    /// True where the refused frame was an entry's, and is sent again.
    fn refused_entry(
        &mut self,
        id: Option<&str>,
        code: Code,
        wait: Option<Duration>,
        is_unsent: bool,
        now: Instant,
    ) -> bool {
        let Some(id) = id else { return false };
        if let Some(wait) = wait {
            let Some(id) = self.outbox.postpone(id, wait, now, is_unsent) else { return false };
            self.event(Event::Sent { id, state: SendState::Queued });
            return true;
        }
        if let Some(stored) = self.outbox.fail(id, code) {
            let id = stored.id.clone();
            self.persist(Persist::Put(stored));
            self.event(Event::Sent { id, state: SendState::Failed(code) });
        }
        false
    }

    /// True where the refused frame was a join or leave, and is sent again.
    fn refused_room(
        &mut self,
        id: Option<&str>,
        room: Option<&str>,
        code: Code,
        wait: Option<Duration>,
        now: Instant,
    ) -> bool {
        let resume = match self.connection.as_ref().and_then(|c| c.greeted.as_ref()).map(|g| &g.resume) {
            Some(Resume::Sent(id)) => Some(id.as_str()),
            Some(Resume::Due(_) | Resume::Done) | None => None,
        };
        let Some(room) = self.subscriptions.refused_room(id, room, resume) else { return false };
        let wait = wait.or((code == Code::Internal).then_some(AFTER_INTERNAL));
        if let Some(wait) = wait {
            self.subscriptions.retry(room.as_str(), wait, now);
            return true;
        }
        if self.subscriptions.left(room.as_str()) {
            return true;
        }
        if !self.subscriptions.is_wanted(room.as_str()) {
            self.subscriptions.remove(room.as_str());
            self.out_of(&room);
            return true;
        }
        self.subscriptions.remove(room.as_str());
        self.cursors.forget(room.as_str());
        self.event(Event::Room { room, state: RoomState::Refused(code) });
        false
    }

    fn refused_resume(&mut self, id: Option<&str>, wait: Option<Duration>, now: Instant) -> bool {
        let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) else { return false };
        let mine = matches!(&greeted.resume, Resume::Sent(sent) if Some(sent.as_str()) == id);
        if !mine {
            return false;
        }
        self.subscriptions.resume_refused();
        match wait {
            Some(wait) => greeted.resume = Resume::Due(now + wait),
            // Then each room is joined by itself, and refused by itself.
            None => {
                greeted.resume = Resume::Done;
                self.event(Event::Resumed);
            }
        }
        wait.is_some()
    }

    fn refused_marker(&mut self, id: Option<&str>, wait: Option<Duration>, now: Instant) -> bool {
        id.is_some_and(|id| self.markers.answered(id, wait.map(|wait| now + wait))) && wait.is_some()
    }

    fn out_of(&mut self, room: &RoomId) {
        self.cursors.forget(room.as_str());
        self.event(Event::Room { room: room.clone(), state: RoomState::Left });
    }

    pub(super) fn room_event(&mut self, room: &str, state: RoomState) {
        if let Ok(room) = RoomId::new(room) {
            self.event(Event::Room { room, state });
        }
    }
}
