//! The hub: what links say goes up, what the server says goes to those whom it concerns.

use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::CloseCode;

use super::asked::Asked;
use super::link::{Link, LinkId};
use crate::frame::{Frame, Kind};
use crate::held::{Held, refusal};
use crate::input::Closed;
use crate::json::write::Object;
use crate::outbox::code_of;
use crate::pacing::Pacing;
use crate::queue::Queue;
use crate::said::{Meaning, Said};
use crate::time::{Duration, Instant};
use crate::transport::Transport;

/// Most links at a time.
pub const MAX_LINKS: usize = 256;

/// What is refused for the pace comes back this much later than it could: then several may go.
const BREATH: Duration = Duration::from_millis(200);

/// What a hub wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubOutput {
    /// Send a text frame to the server.
    Send(String),
    /// Hand a server frame to these links.
    Deliver(Vec<LinkId>, String),
    /// Close these links; they are gone.
    Close(Vec<LinkId>, Closed),
}

/// Several sessions' part in one connection. After each call [`poll_output`](Self::poll_output) is to be drained.
#[derive(Debug, Default)]
pub struct Hub {
    links: Vec<Link>,
    upstream: Option<Upstream>,
    asked: Asked,
    held: Held,
    /// How the connection goes.
    by: Transport,
    /// Who last said something that has no id.
    nameless: Option<LinkId>,
    out: Queue<HubOutput>,
}

/// The connection, once the server has greeted.
#[derive(Debug)]
struct Upstream {
    greeting: Frame,
    /// The inbox's last position that came: where a link that has none begins.
    inbox_seq: u64,
    pacing: Pacing,
    /// The server was told that the user is away.
    is_away: bool,
    /// Whose join or resume was answered last: that its positions are those of another log is told after that.
    replayed_for: LinkId,
}

impl Hub {
    /// Whether the server has greeted.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.upstream.is_some()
    }

    /// The next thing to do; `None` when all is done until the next call.
    pub fn poll_output(&mut self) -> Option<HubOutput> {
        self.out.pop()
    }

    /// The connection is to go by this transport. What other links are greeted with says so.
    pub fn begin(&mut self, by: Transport, now: Instant) {
        self.by = by;
        self.open(LinkId::OWN, now);
    }

    /// A session wants a link. It is greeted now or when the server greets; where there are as many as there may be, it
    /// is closed.
    pub fn open(&mut self, id: LinkId, now: Instant) {
        if self.links.len() >= MAX_LINKS {
            let closed = Closed { code: Some(CloseCode::Overloaded.as_u16()), ..Closed::default() };
            self.out.push(HubOutput::Close([id].into(), closed));
            return;
        }
        self.links.push(Link::new(id));
        if let Some(upstream) = &self.upstream {
            let inbox_seq = upstream.greeting.fields().inbox_seq();
            let text = inbox_seq.replaced(upstream.greeting.text(), upstream.inbox_seq);
            self.out.push(HubOutput::Deliver([id].into(), text));
            self.tell_presence(now);
        }
    }

    /// A session is done with its link, or its page is gone.
    pub fn close(&mut self, id: LinkId, now: Instant) {
        if let Some(at) = self.links.iter().position(|link| link.id == id) {
            self.links.remove(at);
        }
        self.tell_presence(now);
    }

    /// A session says something.
    pub fn say(&mut self, id: LinkId, text: String, now: Instant) {
        let Some(link) = self.links.iter_mut().find(|link| link.id == id) else { return };
        match Said::read(&text) {
            Said::Ping => self.send(text, now),
            Said::Presence(is_away) => {
                link.is_away = is_away;
                self.tell_presence(now);
            }
            Said::Leave(frame, room) => {
                link.leave(&room);
                if self.links.iter().any(|l| l.is_in(&room)) || self.asked.awaits(&room, id) {
                    // As for a session of its own that is not the user's last one there.
                    let mut data = Object::new();
                    data.text("id", &frame);
                    data.flag("duplicate", false);
                    self.deliver([id].into(), Object::event("SYSTEM", "ACK", data, ""));
                } else {
                    self.asked.push(frame, id, Meaning::Plain);
                    self.send(text, now);
                }
            }
            Said::Frame(None, _) => {
                self.nameless = Some(id);
                self.send(text, now);
            }
            Said::Entry(entry, after) => {
                if let Some(until) = self.refused_until(after.as_deref(), now) {
                    self.refuse(id, &entry, until, now);
                    self.held.hold(entry);
                } else {
                    self.held.let_go(&entry);
                    self.asked.push(entry, id, Meaning::Plain);
                    self.send(text, now);
                }
            }
            Said::Frame(Some(frame), ask) => {
                let rewinds = matches!(ask, Meaning::Resume(_) | Meaning::Join(_));
                self.asked.push(frame, id, ask);
                self.send(if rewinds { rewinding(&text) } else { text }, now);
            }
        }
    }

    /// The server says something.
    pub fn hear(&mut self, text: String, now: Instant) {
        let frame = match Frame::read(text) {
            Ok(frame) => frame,
            Err(text) => return self.deliver([LinkId::OWN].into(), text),
        };
        let room = frame.room_id();
        let room = room.as_deref();
        if let (Some(upstream), Some(seq)) = (self.upstream.as_mut(), frame.inbox_seq()) {
            upstream.inbox_seq = upstream.inbox_seq.max(seq);
        }
        let to = match frame.kind() {
            Kind::ConnectionEstablished => return self.greeted(frame, now),
            Kind::Ack => self.acked(&frame),
            Kind::Authenticated => self.asker(&frame),
            Kind::Error => self.refused(&frame),
            Kind::RoomParticipants => self.participants(room.unwrap_or_default()),
            Kind::Gap => self.gap(&frame),
            Kind::TokenExpiring => [LinkId::OWN].into(),
            Kind::Membership => {
                if frame.fields().member().of(frame.text()) == "false" {
                    self.links.iter_mut().for_each(|link| link.leave(room.unwrap_or_default()));
                }
                self.to(&|_| true)
            }
            kind if kind.is_entry() && frame.inbox_seq().is_some() => self.to(&|link| link.is_resumed),
            Kind::Notification | Kind::Broadcast | Kind::NotificationState | Kind::NotificationReset => {
                self.to(&|link| link.is_resumed)
            }
            kind if kind.is_entry() => self.to(&|link| link.is_in(room.unwrap_or_default())),
            Kind::UserJoined | Kind::UserLeft | Kind::UserDisconnected | Kind::RoomCount => {
                self.to(&|link| link.is_in(room.unwrap_or_default()))
            }
            Kind::ChatMessage
            | Kind::Edited
            | Kind::Deleted
            | Kind::Reaction
            | Kind::PrivateMessage
            | Kind::Pong
            | Kind::GoingAway
            | Kind::RoomUpdated
            | Kind::Presence
            | Kind::Read
            | Kind::Typing
            | Kind::Delivered
            | Kind::Unknown => self.to(&|_| true),
        };
        self.deliver(to, frame.into_text());
    }

    /// The connection is gone, or never came about: all links but the own one are closed alike.
    pub fn lost(&mut self, closed: Closed) {
        self.upstream = None;
        self.asked.clear();
        self.held.clear();
        let others = self.to(&|link| link.id != LinkId::OWN);
        self.links.clear();
        if !others.is_empty() {
            self.out.push(HubOutput::Close(others, closed));
        }
    }

    fn greeted(&mut self, greeting: Frame, now: Instant) {
        let fields = greeting.fields();
        let number = |span, default| greeting.number_of(span).unwrap_or(default);
        let pace = (fields.frames_per_second(), fields.frame_burst());
        let mut upstream = Upstream {
            inbox_seq: number(fields.inbox_seq(), 0),
            // More than a session's own half of the burst: one that is alone is never held up here.
            pacing: Pacing::new(
                number(pace.0, Pacing::PER_SECOND),
                number(pace.1, Pacing::BURST).saturating_mul(3) / 2,
                now,
            ),
            is_away: false,
            replayed_for: LinkId::OWN,
            greeting,
        };
        self.deliver([LinkId::OWN].into(), upstream.greeting.text().into());
        upstream.greeting = marked(upstream.greeting, self.by);
        let text = upstream.greeting.text().into();
        self.upstream = Some(upstream);
        let others = self.to(&|link| link.id != LinkId::OWN);
        self.deliver(others, text);
    }

    fn acked(&mut self, frame: &Frame) -> Vec<LinkId> {
        let id = frame.text_of(frame.fields().id());
        let Some((asker, ask)) = id.and_then(|id| self.asked.answered(&id)) else { return Vec::new() };
        match ask {
            Meaning::Plain => {}
            Meaning::Resume(rooms) => {
                self.resumed(asker);
                self.entered(asker, &rooms);
            }
            Meaning::Join(room) => self.entered(asker, &[room]),
            Meaning::Read(room, seq) => self.tell_read(asker, &room, seq, &frame.timestamp()),
        }
        [asker].into()
    }

    fn refused(&mut self, frame: &Frame) -> Vec<LinkId> {
        let fields = frame.fields();
        if let Some(id) = frame.text_of(fields.id()) {
            let Some((asker, ask)) = self.asked.answered(&id) else { return Vec::new() };
            let code = frame.text_of(fields.code());
            if matches!(ask, Meaning::Resume(_)) && code.is_none_or(|code| !code_of(&code).is_retryable()) {
                self.resumed(asker);
            }
            return [asker].into();
        }
        // A room of a `RESUME`, or something that was said without an id.
        let of_resume = frame.room_id().and_then(|room| self.asked.entered(&room, false));
        [of_resume.or(self.nameless).unwrap_or(LinkId::OWN)].into()
    }

    fn refuse(&mut self, to: LinkId, id: &str, until: Instant, now: Instant) {
        self.deliver([to].into(), refusal(id, until, now));
    }

    fn participants(&mut self, room: &str) -> Vec<LinkId> {
        let Some(asker) = self.asked.entered(room, true) else { return self.to(&|link| link.is_in(room)) };
        if let Some(link) = self.link(asker) {
            link.enter(room);
        }
        [asker].into()
    }

    fn gap(&mut self, frame: &Frame) -> Vec<LinkId> {
        let Some(upstream) = &mut self.upstream else { return Vec::new() };
        if frame.is_true(frame.fields().inbox()) {
            let to = frame.number_of(frame.fields().to()).unwrap_or(0);
            upstream.inbox_seq = upstream.inbox_seq.max(to);
        }
        if frame.text_of(frame.fields().reason()).as_deref() == Some("EPOCH") {
            return [upstream.replayed_for].into();
        }
        // One answer may be for several. Who is further on passes over it.
        match frame.room_id() {
            Some(room) => self.to(&|link| link.is_in(&room)),
            None => self.to(&|link| link.is_resumed),
        }
    }

    fn asker(&mut self, frame: &Frame) -> Vec<LinkId> {
        let id = frame.text_of(frame.fields().id());
        match id.and_then(|id| self.asked.answered(&id)) {
            Some((asker, _)) => [asker].into(),
            None => Vec::new(),
        }
    }

    fn resumed(&mut self, id: LinkId) {
        if let Some(link) = self.link(id) {
            link.is_resumed = true;
        }
    }

    /// A join or resume was answered. By polls, not every room is answered for by itself.
    fn entered(&mut self, id: LinkId, rooms: &[String]) {
        if let Some(link) = self.link(id) {
            rooms.iter().filter(|room| !room.is_empty()).for_each(|room| link.enter(room));
        }
        if let Some(upstream) = &mut self.upstream {
            upstream.replayed_for = id;
        }
    }

    /// A marker moved by one link: to the server its session is one with the others'.
    fn tell_read(&mut self, by: LinkId, room: &str, seq: u64, time: &str) {
        let Some(upstream) = &self.upstream else { return };
        let user = upstream.greeting.text_of(upstream.greeting.fields().user_id());
        let mut data = Object::new();
        data.text("roomId", room);
        data.text("userId", &user.unwrap_or_default());
        data.number("seq", seq);
        let others = self.to(&|link| link.id != by);
        self.deliver(others, Object::event("CHAT", "READ", data, time));
    }

    /// The user is away where all pages say so.
    fn tell_presence(&mut self, now: Instant) {
        let is_away = !self.links.is_empty() && self.links.iter().all(|link| link.is_away);
        if let Some(upstream) = self.upstream.as_mut().filter(|u| u.is_away != is_away) {
            upstream.is_away = is_away;
            let mut frame = Object::frame("PRESENCE", None);
            frame.text("status", if is_away { "away" } else { "online" });
            self.send(frame.end(), now);
        }
    }

    fn send(&mut self, text: String, now: Instant) {
        if let Some(upstream) = &mut self.upstream {
            upstream.pacing.take_anyway(now);
            self.out.push(HubOutput::Send(text));
        }
    }

    /// Until when an entry is refused: the one before it was, or all links together are too fast. It does not wait here,
    /// since its session counts on it to be on its way.
    fn refused_until(&self, after: Option<&str>, now: Instant) -> Option<Instant> {
        let ready = self.upstream.as_ref()?.pacing.ready_at().max(now);
        let is_behind = after.is_some_and(|after| self.held.contains(after));
        (is_behind || ready > now).then_some(ready + BREATH)
    }

    fn deliver(&mut self, to: Vec<LinkId>, text: String) {
        if !to.is_empty() {
            self.out.push(HubOutput::Deliver(to, text));
        }
    }

    fn link(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.id == id)
    }

    fn to(&self, who: &dyn Fn(&Link) -> bool) -> Vec<LinkId> {
        let mut ids = Vec::new();
        for link in self.links.iter().filter(|link| who(link)) {
            ids.push(link.id);
        }
        ids
    }
}

/// A greeting that says how the connection goes.
fn marked(greeting: Frame, by: Transport) -> Frame {
    let mut data = Object::reopen(greeting.data());
    data.text("via", by.as_str());
    let text = Object::event(&greeting.category(), &greeting.name(), data, &greeting.timestamp());
    Frame::read(text).unwrap_or(greeting)
}

/// A `JOIN_ROOM` or `RESUME` of a connection that may stand further on.
fn rewinding(text: &str) -> String {
    let mut frame = Object::reopen(text);
    frame.flag("rewind", true);
    frame.end()
}
