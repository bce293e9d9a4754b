//! One connection by requests: what is said by it, and which requests follow. `hearing` is what the server says.

mod hearing;

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

use tidings_protocol::Code;

use super::asks::{Ask, Stage};
use super::places::Places;
use super::post::Post;
use super::side::Side;
use super::{Out, RelayOutput};
use crate::input::{Closed, ConnId};
use crate::json::{self, write::Object};
use crate::output::Connect;
use crate::said::{Meaning, Said};
use crate::sse::EventStream;
use crate::time::{Duration, Instant};
use crate::transport::Transport;

/// How long a poll waits for a frame: less than the silence after which a session asks whether the connection lives.
const POLL_WAIT: Duration = Duration::from_secs(20);
/// A poll that has nothing to tell does not come back before this.
const HASTE: Duration = Duration::from_secs(1);
/// A session waits 10 s for an answer to its ping, and the next comment comes within 15 s of what came last: within 7 s of a
/// ping that is not answered here, which leaves 3 s for the way.
const JUST_NOW: Duration = Duration::from_secs(8);
/// Silence of the stream or poll from which on it is doubted, and how long the doubt lasts: posts that are answered hide the
/// silence from a session.
const SILENCE: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(10);
/// In a post every frame has an id. Those that came without one are nobody's question.
const NAMELESS: &str = "~";

/// The stream or poll in use.
#[derive(Debug)]
struct Main {
    request: ConnId,
    stream: EventStream,
    /// It may be given up for the next one: it has greeted, or waits for what may come.
    is_settled: bool,
    /// Rooms that are not answered for.
    awaited: usize,
    /// A poll without frames does not end before this.
    not_before: Instant,
}

#[derive(Debug)]
pub(super) struct Way {
    pub(super) conn: ConnId,
    transport: Transport,
    fresh_token: bool,
    /// The client session.
    whose: String,
    is_greeted: bool,
    is_resumed: bool,
    /// The server goes away: the poll that says so is the last one.
    is_last: bool,
    epoch: Option<String>,
    places: Places,
    /// In the order of their asking.
    asks: Vec<Ask>,
    /// The next stream or poll is to be opened now, and a poll to be answered at once.
    is_due: bool,
    main: Option<Main>,
    pub(super) post: Post,
    pub(super) side: Side,
    /// When the stream or poll last said something, and since when it is doubted.
    pub(super) heard_at: Instant,
    doubted_at: Option<Instant>,
    /// Somebody asks whether the connection lives.
    is_pinged: bool,
}

impl Way {
    /// Asks for the greeting. Where to stand is said by the first `RESUME`.
    pub(super) fn open(connect: &Connect, out: &mut Out, now: Instant) -> Self {
        let mut way = Self {
            conn: connect.conn,
            transport: connect.transport,
            fresh_token: connect.fresh_token,
            whose: json::text_of(&connect.payload, "clientSession").unwrap_or_default(),
            is_greeted: false,
            is_resumed: false,
            is_last: false,
            epoch: None,
            places: Places::new(json::text_of(&connect.payload, "notificationsAfter")),
            asks: Vec::new(),
            is_due: false,
            main: None,
            post: Post::default(),
            side: Side::default(),
            heard_at: now,
            doubted_at: None,
            is_pinged: false,
        };
        way.next(out, now);
        way
    }

    /// Whether a request is one of those on its way.
    pub(super) fn has(&self, request: ConnId) -> bool {
        let request = Some(request);
        self.main_request() == request || self.post.request == request || self.side.request == request
    }

    /// The stream or poll in use.
    pub(super) fn main_request(&self) -> Option<ConnId> {
        self.main.as_ref().map(|main| main.request)
    }

    pub(super) fn say(&mut self, text: String, out: &mut Out, now: Instant) -> Result<(), Closed> {
        let said = Said::read(&text);
        match &said {
            Said::Leave(_, room) => {
                self.places.leave(room);
                self.side.leave(room);
            }
            Said::Frame(_, Meaning::Resume(_) | Meaning::Join(_)) => {
                if let Some(ask) = Ask::read(&text, self.epoch.as_deref()) {
                    self.asks.push(ask);
                }
            }
            Said::Frame(..) | Said::Entry(..) | Said::Presence(_) | Said::Ping => {}
        }
        match said {
            // A poll can be asked for at once; a stream has its comments, unless one came just now.
            Said::Ping => {
                self.is_pinged = true;
                if self.is_poll() {
                    self.is_due |= self.main.as_ref().is_none_or(|main| main.is_settled);
                } else if now.since(self.heard_at) < JUST_NOW {
                    self.lives(out);
                }
            }
            Said::Frame(_, Meaning::Resume(_)) => {}
            // The next request has the new token; a stream would end with the old one.
            Said::Frame(Some(id), Meaning::Plain)
                if json::field(&text, "type") == Some("\"AUTHENTICATE\"") =>
            {
                self.is_due |= !self.is_poll();
                let mut data = Object::new();
                data.text("id", &id);
                self.tell(Object::event("SYSTEM", "AUTHENTICATED", data, ""), out);
            }
            Said::Frame(None, _) | Said::Presence(_) => {
                let mut frame = Object::reopen(&text);
                frame.text("id", NAMELESS);
                self.post.push(frame.end());
            }
            Said::Entry(id, _) => {
                self.post.entries.hold(id);
                self.post.push(text);
            }
            Said::Frame(..) | Said::Leave(..) => self.post.push(text),
        }
        self.go_on(out, now)
    }

    /// Sends what may be sent now.
    fn go_on(&mut self, out: &mut Out, now: Instant) -> Result<(), Closed> {
        if !self.is_greeted {
            return Ok(());
        }
        if now.since(self.heard_at) >= SILENCE {
            // The next one may get through where this one has met its end.
            self.is_due |= self.doubted_at.is_none() && !self.is_poll();
            if now.since(*self.doubted_at.get_or_insert(now)) >= PATIENCE {
                return Err(Closed::default());
            }
        }
        if self.post.request.is_none() {
            let conn = self.conn;
            let mut tell = |text| out.queue.push(RelayOutput::Frame(conn, text));
            if let Some(frames) = self.post.take(now, &mut tell) {
                let mut body = Object::new();
                body.text("clientSession", &self.whose);
                body.raw("frames", &frames);
                self.post.request = Some(out.ask(Transport::FRAMES, body.end(), false, false));
            }
        }
        let is_open = self.position(Stage::Open).is_some();
        let is_free = !is_open && self.main.as_ref().is_none_or(|main| main.is_settled);
        // Once for all joins that are on their way; but a poll that is doubted does not wait for them.
        let is_asked = self.position(Stage::Posted).is_none() && (self.is_due || !self.asks.is_empty());
        let is_next = self.is_poll() && (self.is_due || self.main.is_none() && self.is_resumed);
        if is_free && (is_asked || is_next) {
            self.next(out, now);
        }
        if self.position(Stage::Open).is_none()
            && let Some(body) = self.side.take(&self.whose, self.epoch.as_deref(), now)
        {
            self.side.request = Some(out.ask(Transport::Poll.path(), body, false, false));
        }
        Ok(())
    }

    /// Puts a stream or poll in the place of the one in use.
    fn next(&mut self, out: &mut Out, now: Instant) {
        let mut is_at_once = take(&mut self.is_due);
        self.side.not_before = now;
        let mut refused = Vec::new();
        let may_ask = self.position(Stage::Posted).is_none();
        for ask in self.asks.iter_mut().filter(|_| may_ask) {
            is_at_once = true;
            ask.stage = Stage::Open;
            for (room, after) in &ask.rooms {
                if self.places.are_full(room) {
                    refused.push(room.clone());
                } else if self.places.enter(room, *after)
                    && after.is_none()
                    && self.transport == Transport::Poll
                {
                    // A poll that names a position does not say who is there.
                    self.side.want(room);
                }
            }
            self.places.rewind(ask.inbox, &mut ask.cursor, self.is_resumed);
            self.is_resumed = true;
        }
        let mut body = Object::new();
        body.text("clientSession", &self.whose);
        if self.is_greeted {
            if let Some(epoch) = &self.epoch {
                body.text("epoch", epoch);
            }
            self.places.write(&mut body);
        }
        // What was asked, and whether the way is open, is to be known at once.
        let waits = self.is_poll() && self.is_greeted && !is_at_once;
        if self.is_poll() {
            body.number("waitMs", if waits { POLL_WAIT.as_millis() } else { 0 });
        }
        let path = self.transport.path();
        let request = out.ask(path, body.end(), !self.is_poll(), take(&mut self.fresh_token));
        let before = self.main.replace(Main {
            request,
            stream: EventStream::default(),
            is_settled: waits,
            awaited: self.places.count(),
            not_before: if waits { now + HASTE } else { now },
        });
        out.drop(before.map(|main| main.request));
        for room in &refused {
            let mut data = Object::new();
            data.text("error", "Too many rooms");
            data.text("code", Code::Limit.as_str());
            data.text("roomId", room);
            self.refuse(room, Code::Limit, &data.end(), out);
        }
    }

    fn tell(&self, text: String, out: &mut Out) {
        out.queue.push(RelayOutput::Frame(self.conn, text));
    }

    fn position(&self, stage: Stage) -> Option<usize> {
        self.asks.iter().position(|ask| ask.stage == stage)
    }

    fn is_poll(&self) -> bool {
        self.transport == Transport::Poll
    }
}
