//! What the server says: dropped where it came before, shown in its log's order.

use alloc::string::String;

use super::{Session, connection::Resume};
use crate::cursors::Verdict;
use crate::frame::{Frame, Kind};
use crate::input::ConnId;
use crate::output::{Event, Gap, GapReason, Output, RoomState, SendState};
use crate::time::{Duration, Instant};
use crate::timers::Timer;

/// Positions that changed are kept after this time, not at each entry.
const KEEP_AFTER: Duration = Duration::from_secs(1);

impl Session {
    /// A server frame came.
    pub(super) fn frame(&mut self, conn: ConnId, text: String, now: Instant) {
        if self.look == Some(conn) {
            self.climb(now);
            return;
        }
        let Some(connection) = self.connection.as_mut().filter(|c| c.id == conn) else { return };
        if let Some(greeted) = connection.greeted.as_mut() {
            greeted.heartbeat.heard(now);
        }
        self.read(text, now);
    }

    /// Deals with a frame of the connection.
    pub(super) fn read(&mut self, text: String, now: Instant) {
        let greeted = self.connection.as_ref().is_some_and(|c| c.greeted.is_some());
        match Frame::read(text) {
            Err(text) => self.event(Event::Malformed(text)),
            Ok(frame) if frame.kind() == Kind::ConnectionEstablished => self.established(frame, now),
            Ok(frame) if greeted => self.dispatch(frame, now),
            Ok(frame) => self.event(Event::Frame(frame)),
        }
        if self.config.storage && self.cursors.is_dirty() && self.timers.get(Timer::Positions).is_none() {
            self.timers.set(Timer::Positions, now + KEEP_AFTER);
        }
    }

    pub(super) fn dispatch(&mut self, frame: Frame, now: Instant) {
        match frame.kind() {
            Kind::Ack => self.acked(&frame),
            Kind::Pong => {}
            Kind::Authenticated => {
                let id = frame.text_of(frame.fields().id());
                self.token.answered(id.as_deref());
            }
            Kind::Error => self.refused(frame, now),
            Kind::RoomParticipants => self.participants(frame, now),
            Kind::Gap => self.gap(&frame),
            Kind::Membership => self.membership(frame),
            Kind::ChatMessage | Kind::Edited | Kind::Deleted | Kind::Reaction | Kind::PrivateMessage => {
                self.entry(frame, now);
            }
            Kind::Notification | Kind::Broadcast | Kind::NotificationState | Kind::NotificationReset => {
                self.notification(frame);
            }
            Kind::GoingAway => {
                let wait = frame.number_of(frame.fields().retry_after_ms()).map(Duration::from_millis);
                if let Some(connection) = self.connection.as_mut() {
                    connection.come_back = wait;
                }
                self.event(Event::Frame(frame));
            }
            Kind::TokenExpiring => {
                if self.config.refreshable_token && self.token.ask() {
                    self.out.push(Output::RefreshToken);
                }
                self.event(Event::Frame(frame));
            }
            Kind::ConnectionEstablished
            | Kind::RoomCount
            | Kind::UserJoined
            | Kind::UserLeft
            | Kind::UserDisconnected
            | Kind::Presence
            | Kind::RoomUpdated
            | Kind::Read
            | Kind::Typing
            | Kind::Delivered
            | Kind::Unknown => self.event(Event::Frame(frame)),
        }
    }

    fn participants(&mut self, frame: Frame, now: Instant) {
        let Some(room) = frame.room_id() else { return };
        let (wanted, news) = self.subscriptions.confirm(&room);
        if !wanted {
            return;
        }
        let head = frame.number_of(frame.fields().head_seq()).unwrap_or(0);
        let replay_from = frame.number_of(frame.fields().replay_from()).unwrap_or(head + 1);
        let whole = self.cursors.joined(&room, replay_from, head);
        if news {
            self.room_event(&room, RoomState::Joined);
        }
        self.event(Event::Frame(frame));
        if !whole {
            self.abandon(1000, "entries are missing", now);
        }
    }

    fn gap(&mut self, frame: &Frame) {
        let fields = frame.fields();
        let room = frame.owned(fields.room_id());
        let (Some(from), Some(to)) = (frame.number_of(fields.from()), frame.number_of(fields.to())) else {
            return;
        };
        if room.as_deref().map_or(!frame.is_true(fields.inbox()), |room| !self.subscriptions.is_wanted(room))
        {
            return;
        }
        let reason = match frame.text_of(fields.reason()).as_deref() {
            Some("RETENTION") => GapReason::Retention,
            Some("EPOCH") => GapReason::Epoch,
            Some(_) | None => GapReason::Limit,
        };
        if let Some(gap) = self.cursors.gap(Gap { room, from, to, reason }) {
            self.event(Event::Gap(gap));
        }
    }

    fn entry(&mut self, frame: Frame, now: Instant) {
        let (Some(room), Some(seq)) = (frame.room_id(), frame.seq()) else { return };
        let followed = self.subscriptions.is_wanted(&room);
        let verdict = self.cursors.entry(&room, seq, frame.inbox_seq(), followed);
        if verdict == Verdict::Resume {
            self.abandon(1000, "entries are missing", now);
            return;
        }
        self.echoed(&frame);
        match verdict {
            Verdict::Show => self.event(Event::Frame(frame)),
            Verdict::ShowAfter(gap) => {
                self.event(Event::Gap(gap));
                self.event(Event::Frame(frame));
            }
            Verdict::Drop | Verdict::Resume => {}
        }
    }

    /// An entry of our own that comes by the log is durable, whether or not its `ACK` ever comes.
    fn echoed(&mut self, frame: &Frame) {
        let fields = frame.fields();
        let by =
            frame.text_of(if frame.kind() == Kind::Reaction { fields.user_id() } else { fields.sender_id() });
        if by.is_none() || by.as_deref() != self.user_id.as_deref() {
            return;
        }
        if let Some(id) = frame.client_id() {
            let state = SendState::Acked {
                room: frame.owned(fields.room_id()),
                message_id: frame.owned(fields.message_id()),
                seq: frame.seq(),
                duplicate: false,
            };
            self.settled(&id, state);
        }
    }

    fn membership(&mut self, frame: Frame) {
        if frame.fields().member().of(frame.text()) == "false"
            && let Some(room) = frame.room_id()
            && self.subscriptions.remove(&room)
        {
            self.cursors.forget(&room);
            self.room_event(&room, RoomState::Left);
        }
        self.event(Event::Frame(frame));
    }

    fn notification(&mut self, frame: Frame) {
        let cursor = frame.owned(frame.fields().cursor());
        let id =
            if frame.kind() == Kind::NotificationState { None } else { frame.text_of(frame.fields().id()) };
        if self.cursors.notification(id.as_deref(), cursor) {
            self.event(Event::Frame(frame));
        }
    }

    /// The `RESUME` of this connection was answered.
    pub(super) fn resumed(&mut self, id: &str) -> bool {
        let Some(greeted) = self.connection.as_mut().and_then(|c| c.greeted.as_mut()) else { return false };
        let mine = matches!(&greeted.resume, Resume::Sent(sent) if sent.as_str() == id);
        if mine {
            greeted.resume = Resume::Done;
            for room in self.subscriptions.resumed() {
                self.room_event(room.as_str(), RoomState::Joined);
            }
            self.event(Event::Resumed);
        }
        mine
    }
}
