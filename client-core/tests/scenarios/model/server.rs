//! The model server: durable logs, and sessions that die with it.

mod append;
mod frames;
mod gate;
mod replay;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use self::gate::Gate;
use super::net::{Arrival, Conn, Kind, Net, Weather};
use super::ops::{CrashAt, USERS};
use super::words::{replace, say};

/// Replay limit; small, so that gaps happen.
const REPLAY: usize = 12;
const FRAMES_PER_SECOND: u64 = 50;
const BURST: u64 = 200;

/// An entry of a room's log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) sender: String,
    pub(crate) id: String,
    pub(crate) after: Option<String>,
    pub(crate) content: String,
    pub(crate) recipient: Option<String>,
}

#[derive(Debug)]
struct Session {
    user: &'static str,
    client_session: String,
    rooms: BTreeSet<String>,
    resumed: bool,
    gate: Gate,
    tokens: u64,
    filled_at: u64,
    forget_next: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Server {
    /// Durable.
    pub(crate) logs: BTreeMap<String, Vec<Entry>>,
    inboxes: BTreeMap<String, Vec<(String, usize)>>,
    /// Gone at a crash.
    sessions: BTreeMap<Conn, Session>,
    /// What posts are refused for now, by client session.
    gates: BTreeMap<String, Gate>,
    down: bool,
    crash: Option<CrashAt>,
    unavailable_until: u64,
}

/// Where a client stands in a log, or at its head.
type After = Option<u64>;

impl Server {
    pub(crate) fn arrange_crash(&mut self, at: CrashAt, net: &mut Net, now: u64) {
        if at == CrashAt::Once { self.die(net, now) } else { self.crash = Some(at) }
    }

    pub(crate) fn refuse_for(&mut self, ms: u64, now: u64) {
        self.unavailable_until = now + ms;
    }

    pub(crate) fn forget_next(&mut self, conn: Conn) {
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.forget_next = true;
        }
    }

    /// No more faults of the server's own.
    pub(crate) fn behave(&mut self) {
        self.crash = None;
        self.unavailable_until = 0;
        for session in self.sessions.values_mut() {
            session.forget_next = false;
        }
    }

    pub(crate) fn up(&mut self) {
        self.down = false;
    }

    fn die(&mut self, net: &mut Net, now: u64) {
        if self.down {
            return;
        }
        net.note("crash");
        self.down = true;
        self.gates.clear();
        self.crash = None;
        for (conn, _) in std::mem::take(&mut self.sessions) {
            // What the kernel holds may still arrive.
            net.cut(conn, now);
        }
        let back = now + net.rng.up_to(4_000);
        net.at(back, Arrival::Up);
    }

    /// A connection or request arrives.
    pub(crate) fn upgrade(&mut self, conn: Conn, net: &mut Net, now: u64) {
        if self.down {
            net.send_down(conn, Arrival::Closed(conn, None), now);
            return;
        }
        net.wires[conn].upgraded = true;
        let (kind, weather) = (net.wires[conn].kind, net.weather[net.wires[conn].client]);
        match (kind, weather) {
            (Kind::Socket, Weather::NoSockets(how) | Weather::OnlyPolls(how)) => match how % 3 {
                0 => {
                    net.note("upgrade refused");
                    net.send_down(conn, Arrival::Refused(conn), now);
                    return;
                }
                1 => {
                    net.note("upgrade unanswered");
                    net.wires[conn].swallowed = true;
                    return;
                }
                _ => {
                    net.note("cut after the upgrade");
                    self.open(conn, net, now);
                    net.cut(conn, now);
                    return;
                }
            },
            (Kind::Stream, Weather::OnlyPolls(_)) => {
                net.note("stream held back");
                net.wires[conn].swallowed = true;
            }
            (Kind::Socket | Kind::Stream | Kind::Poll | Kind::Post, _) => {}
        }
        match kind {
            Kind::Socket => self.open(conn, net, now),
            Kind::Stream => {
                net.note("by a stream");
                self.open(conn, net, now);
                self.stand(conn, net, now);
                self.keep_alive(conn, net, now);
            }
            Kind::Poll => self.poll(conn, net, now),
            Kind::Post => self.post(conn, net, now),
        }
    }

    fn fence(&mut self, conn: Conn, net: &mut Net, now: u64) {
        let name = &net.wires[conn].client_session;
        let old = self.sessions.iter().filter(|(_, s)| s.client_session == *name).map(|(c, _)| *c);
        for old in old.collect::<Vec<Conn>>() {
            net.note("fence");
            if old > conn {
                net.note("fence by a late upgrade");
            }
            self.sessions.remove(&old);
            replace(net, old, now);
        }
    }

    /// A session begins: others of the same client session end.
    fn open(&mut self, conn: Conn, net: &mut Net, now: u64) {
        self.fence(conn, net, now);
        let (kind, user) = (net.wires[conn].kind, USERS[net.wires[conn].client]);
        if kind != Kind::Poll && !net.wires[conn].swallowed {
            net.send_down(conn, Arrival::Opened(conn), now);
        }
        let inbox = self.inboxes.get(user).map_or(0, Vec::len);
        let greeting = json!({"message": "hello", "userId": user, "sessionId": conn.to_string(),
            "protocol": "tidings.v1", "epoch": "e", "inboxSeq": inbox, "heartbeatMs": 25_000,
            "maxContentBytes": 16_384, "framesPerSecond": FRAMES_PER_SECOND, "frameBurst": BURST});
        let names_epoch = kind == Kind::Poll && net.wires[conn].body.contains("\"epoch\"");
        if !names_epoch {
            say(net, conn, now, "SYSTEM", "CONNECTION_ESTABLISHED", &greeting);
        }
        self.sessions.insert(
            conn,
            Session {
                user,
                client_session: net.wires[conn].client_session.clone(),
                rooms: BTreeSet::new(),
                resumed: false,
                gate: Gate::default(),
                tokens: BURST * 1_000,
                filled_at: now,
                forget_next: false,
            },
        );
    }

    pub(crate) fn gone(&mut self, conn: Conn) {
        self.sessions.remove(&conn);
    }
}

impl Session {
    /// The client keeps to the pace that it was told, however its frames are bunched on their way.
    fn pay(&mut self, now: u64) {
        self.tokens = (self.tokens + (now - self.filled_at) * FRAMES_PER_SECOND).min(BURST * 1_000);
        self.filled_at = now;
        self.tokens = self.tokens.checked_sub(1_000).expect("the client keeps to the pace");
    }
}
