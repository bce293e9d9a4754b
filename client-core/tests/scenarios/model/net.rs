//! The network: every connection has two directions, each in order, each broken at a moment of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use tidings_client_core::{ConnId, Rng};

/// A connection, by a number of the model's own.
pub(crate) type Conn = usize;

/// Something that arrives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arrival {
    /// At the server: an upgrade or a request with its body, a frame, the end, the end of a poll's time.
    Upgrade(Conn),
    PollOver(Conn),
    /// A stream is to show that it stands.
    KeepAlive(Conn),
    Request(Conn, String),
    Gone(Conn),
    /// At the client: the transport is open, a frame, the end.
    Opened(Conn),
    Frame(Conn, String),
    Chunk(Conn, String),
    Answer(Conn, String),
    Closed(Conn, Option<u16>),
    /// Not let through by something that answers in the server's place.
    Refused(Conn),
    /// The server is up again.
    Up,
    /// A page is told something by another one, or by the browser; numbered by `Tabs`.
    Note(usize),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Socket,
    Stream,
    Poll,
    Post,
}

/// What a client's network lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    /// Upgrades are refused, or go unanswered, or the connection is cut after them.
    NoSockets(u8),
    /// Streams are held back besides.
    OnlyPolls(u8),
}

/// One connection as the network sees it.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) client: usize,
    /// Which life of the client opened it.
    pub(crate) life: u32,
    pub(crate) id: ConnId,
    pub(crate) client_session: String,
    pub(crate) kind: Kind,
    /// The body of a request.
    pub(crate) body: String,
    /// Frames of an answer that is not yet given.
    pub(crate) answer: Vec<String>,
    /// Nothing that the server says gets through.
    pub(crate) swallowed: bool,
    up: Direction,
    down: Direction,
    /// The upgrade has reached the server.
    pub(crate) upgraded: bool,
    /// The client has let go.
    pub(crate) dropped: bool,
}

#[derive(Debug)]
struct Direction {
    last: u64,
    broken_at: u64,
}

#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) rng: Rng,
    pub(crate) wires: Vec<Wire>,
    pub(crate) weather: Vec<Weather>,
    /// No more delays beyond the usual ones.
    pub(crate) is_quiet: bool,
    queue: BinaryHeap<Reverse<(u64, u64, Arrival)>>,
    order: u64,
    pub(crate) met: BTreeMap<&'static str, u64>,
}

/// A request that takes longer has failed.
const REQUEST_TIMEOUT: u64 = 30_000;
/// The longest that a frame is on its way.
const MAX_DELAY: u64 = 400;

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = Rng::new([seed, 0x5eed]);
        let weather = vec![Weather::Clear; super::ops::USERS.len()];
        Self {
            rng,
            wires: Vec::new(),
            weather,
            is_quiet: false,
            queue: BinaryHeap::new(),
            order: 0,
            met: BTreeMap::new(),
        }
    }

    pub(crate) fn note(&mut self, fault: &'static str) {
        *self.met.entry(fault).or_default() += 1;
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.rng.up_to(99) < percent
    }

    pub(crate) fn dial(
        &mut self,
        client: usize,
        life: u32,
        id: ConnId,
        (kind, payload): (Kind, String),
        now: u64,
    ) -> Conn {
        let direction = || Direction { last: now, broken_at: u64::MAX };
        let (up, down, upgraded, dropped) = (direction(), direction(), false, false);
        let client_session = match kind {
            Kind::Socket => payload.trim_start_matches("clientSession=").to_owned(),
            Kind::Stream | Kind::Poll | Kind::Post => {
                let body: serde_json::Value = serde_json::from_str(&payload).unwrap();
                body["clientSession"].as_str().unwrap().to_owned()
            }
        };
        let (answer, swallowed) = (Vec::new(), false);
        self.wires.push(Wire {
            client,
            life,
            id,
            client_session,
            kind,
            body: payload,
            answer,
            swallowed,
            up,
            down,
            upgraded,
            dropped,
        });
        let conn = self.wires.len() - 1;
        if matches!(kind, Kind::Poll | Kind::Post) {
            // A driver gives a request up after a while.
            self.at(now + REQUEST_TIMEOUT, Arrival::Closed(conn, None));
        }
        // An upgrade may be late enough to be overtaken by the next one.
        if !self.is_quiet && self.chance(8) {
            self.note("late upgrade");
            self.wires[conn].up.last = now + self.rng.up_to(40_000);
        }
        self.send_up(conn, Arrival::Upgrade(conn), now);
        conn
    }

    pub(crate) fn send_up(&mut self, conn: Conn, what: Arrival, now: u64) {
        let delay = self.rng.up_to(MAX_DELAY);
        let up = &mut self.wires[conn].up;
        up.last = up.last.max(now + delay);
        if up.last < up.broken_at {
            self.at(self.wires[conn].up.last, what);
        }
    }

    pub(crate) fn send_down(&mut self, conn: Conn, what: Arrival, now: u64) {
        let mut delay = self.rng.up_to(MAX_DELAY);
        if !self.is_quiet && self.rng.up_to(199) == 0 {
            self.note("stall");
            delay = self.rng.up_to(8_000);
        }
        let down = &mut self.wires[conn].down;
        down.last = down.last.max(now + delay);
        if down.last < down.broken_at {
            self.at(self.wires[conn].down.last, what);
        }
    }

    pub(crate) fn at(&mut self, time: u64, what: Arrival) {
        self.order += 1;
        self.queue.push(Reverse((time, self.order, what)));
    }

    /// Breaks both directions, each within the next moments; what is under way after that is lost. Either side may
    /// learn of it, late or never.
    pub(crate) fn cut(&mut self, conn: Conn, now: u64) {
        let (up, down) = (now + self.rng.up_to(MAX_DELAY), now + self.rng.up_to(MAX_DELAY));
        let wire = &mut self.wires[conn];
        wire.up.broken_at = wire.up.broken_at.min(up);
        wire.down.broken_at = wire.down.broken_at.min(down);
        self.note("cut");
        if self.chance(80) {
            let at = down + self.rng.up_to(2_000);
            self.at(at, Arrival::Closed(conn, None));
        } else {
            self.note("half open");
        }
        if self.chance(50) {
            let at = up + self.rng.up_to(5_000);
            self.at(at, Arrival::Gone(conn));
        }
    }

    pub(crate) fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((at, _, _))| *at)
    }

    /// What arrives next, unless its direction broke meanwhile.
    pub(crate) fn pop(&mut self) -> Option<Arrival> {
        let Reverse((at, _, what)) = self.queue.pop()?;
        let broken_at = match &what {
            Arrival::Upgrade(conn) | Arrival::Request(conn, _) => self.wires[*conn].up.broken_at,
            Arrival::Opened(conn)
            | Arrival::Frame(conn, _)
            | Arrival::Chunk(conn, _)
            | Arrival::Answer(conn, _)
            | Arrival::Refused(conn) => self.wires[*conn].down.broken_at,
            Arrival::Gone(_)
            | Arrival::Closed(..)
            | Arrival::PollOver(_)
            | Arrival::KeepAlive(_)
            | Arrival::Up
            | Arrival::Note(_) => u64::MAX,
        };
        (at < broken_at).then_some(what)
    }
}
