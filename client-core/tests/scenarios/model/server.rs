//! The model server: durable logs, and sessions that die with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tidings_protocol::http::{RealtimeFrames, RealtimeSubscribe};
use tidings_protocol::id::DIRECT_PREFIX;
use tidings_protocol::{ClientFrame, Command, command};

use super::net::{Arrival, Conn, Kind, MAX_DELAY, Net, Weather};
use super::ops::{CrashAt, USERS};
use super::words::{TIME, ack, answer, data, finish, refuse, replace, say};

/// Replay limit; small, so that gaps happen.
const REPLAY: usize = 12;
/// How long a log is refused after one refusal for now; longer than frames can be apart on their way.
const REFUSAL_MS: u64 = 500 + 2 * MAX_DELAY;
const FRAMES_PER_SECOND: u64 = 50;
const BURST: u64 = 200;

/// An entry of a room's log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) sender: String,
    pub(crate) id: String,
    pub(crate) content: String,
    pub(crate) recipient: Option<String>,
}

#[derive(Debug)]
struct Session {
    user: &'static str,
    client_session: String,
    rooms: BTreeSet<String>,
    resumed: bool,
    refusing: BTreeMap<String, u64>,
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
    /// What posts are refused for now, by client session and room.
    gates: BTreeMap<(String, String), u64>,
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
                refusing: BTreeMap::new(),
                tokens: BURST * 1_000,
                filled_at: now,
                forget_next: false,
            },
        );
    }

    /// A stream or poll stands where its body says.
    fn stand(&mut self, conn: Conn, net: &mut Net, now: u64) {
        let text = net.wires[conn].body.clone();
        let body: RealtimeSubscribe = serde_json::from_str(&text).expect("a body of the contract");
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.resumed = true;
        let user = session.user;
        for room in &body.rooms {
            self.subscribe(conn, room.room_id.as_str(), (room.after_seq, false), None, net, now);
        }
        self.replay_inbox(conn, user, body.inbox_after, net, now);
    }

    fn poll(&mut self, conn: Conn, net: &mut Net, now: u64) {
        net.note("by a poll");
        self.open(conn, net, now);
        self.stand(conn, net, now);
        let body: RealtimeSubscribe = serde_json::from_str(&net.wires[conn].body).unwrap();
        match body.wait_ms.unwrap_or(0) {
            0 => self.poll_over(conn, net, now),
            wait => {
                assert!(wait <= 25_000);
                net.at(now + wait, Arrival::PollOver(conn));
                self.answer_polls(net, now);
            }
        }
    }

    /// A poll has waited long enough.
    pub(crate) fn poll_over(&mut self, conn: Conn, net: &mut Net, now: u64) {
        if self.sessions.remove(&conn).is_some() {
            finish(net, conn, now);
        }
    }

    /// Polls that have something to tell are over.
    fn answer_polls(&mut self, net: &mut Net, now: u64) {
        let due = self.sessions.keys().filter(|&&conn| !net.wires[conn].answer.is_empty());
        for conn in due.copied().collect::<Vec<Conn>>() {
            self.poll_over(conn, net, now);
        }
    }

    /// Frames in a body.
    fn post(&mut self, conn: Conn, net: &mut Net, now: u64) {
        if net.wires[conn].dropped {
            net.note("post that comes too late");
        }
        let text = net.wires[conn].body.clone();
        let body: RealtimeFrames = serde_json::from_str(&text).expect("a body of the contract");
        for value in body.frames {
            let frame = ClientFrame::parse(&value.to_string()).expect("a frame of the contract");
            assert!(frame.id.is_some(), "in a body every frame has an id: {value}");
            self.frame(conn, frame, net, now);
            if self.down {
                net.note("post cut short");
                net.cut(conn, now);
                return;
            }
        }
        finish(net, conn, now);
        self.answer_polls(net, now);
    }

    pub(crate) fn gone(&mut self, conn: Conn) {
        self.sessions.remove(&conn);
    }

    pub(crate) fn request(&mut self, conn: Conn, text: &str, net: &mut Net, now: u64) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        session.pay(now);
        self.frame(conn, ClientFrame::parse(text).expect("a frame of the contract"), net, now);
        self.answer_polls(net, now);
    }

    fn frame(&mut self, conn: Conn, frame: ClientFrame, net: &mut Net, now: u64) {
        let user = USERS[net.wires[conn].client];
        let id = frame.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        match frame.command {
            Command::Resume(resume) => {
                let Some(session) = self.sessions.get_mut(&conn) else { return };
                let rooms: Vec<(String, After)> =
                    resume.rooms.iter().map(|r| (r.room_id.as_str().to_owned(), r.after_seq)).collect();
                session.resumed = true;
                // The inbox may be replayed before the rooms or after them.
                let inbox_first = net.chance(50);
                // Who shares a connection knows what is replayed for whom by the answer; others do not rely on it.
                let ack_first = resume.rewind;
                let mut entered = Vec::new();
                if inbox_first && !ack_first {
                    self.replay_inbox(conn, user, resume.inbox_after, net, now);
                }
                for (room, after) in rooms {
                    let replay = self.enter(conn, &room, (after, resume.rewind), None, net, now);
                    match replay {
                        Some(replay) if ack_first => entered.push((room, replay)),
                        Some(replay) => self.replay(conn, &room, replay, net, now),
                        None => {}
                    }
                }
                if ack_first {
                    ack(net, conn, now, &id, &json!({}));
                }
                if inbox_first && ack_first {
                    self.replay_inbox(conn, user, resume.inbox_after, net, now);
                }
                for (room, replay) in entered {
                    self.replay(conn, &room, replay, net, now);
                }
                if !inbox_first {
                    self.replay_inbox(conn, user, resume.inbox_after, net, now);
                }
                if !ack_first {
                    ack(net, conn, now, &id, &json!({}));
                }
            }
            Command::JoinRoom(_) if net.wires[conn].kind == Kind::Post => {
                ack(net, conn, now, &id, &json!({}))
            }
            Command::JoinRoom(join) => {
                let place = (join.after_seq, join.rewind);
                self.subscribe(conn, join.room_id.as_str(), place, Some(&id), net, now);
            }
            Command::LeaveRoom(leave) => {
                let name = &net.wires[conn].client_session;
                for session in self.sessions.values_mut().filter(|s| s.client_session == *name) {
                    session.rooms.remove(leave.room_id.as_str());
                }
                ack(net, conn, now, &id, &json!({}));
            }
            Command::ChatMessage(command::ChatMessage { room_id, content, .. }) => {
                let sender = user.to_owned();
                // A direct room by its own name.
                let pair = room_id.as_str().strip_prefix(DIRECT_PREFIX).and_then(|pair| pair.split_once(':'));
                let recipient = pair.map(|(a, b)| if a == user { b } else { a }.to_owned());
                self.append(conn, room_id.as_str(), Entry { sender, id, content, recipient }, net, now);
            }
            Command::PrivateMessage(private) => {
                let sender = user.to_owned();
                let to = private.data.recipient_id.as_str().to_owned();
                let room = if sender < to {
                    format!("direct:{sender}:{to}")
                } else {
                    format!("direct:{to}:{sender}")
                };
                let entry = Entry { sender, id, content: private.content, recipient: Some(to) };
                self.append(conn, &room, entry, net, now);
            }
            Command::Ping(_) => say(net, conn, now, "SYSTEM", "PONG", &json!({"id": id, "serverTime": TIME})),
            other @ (Command::Typing(_)
            | Command::EditMessage(_)
            | Command::DeleteMessage(_)
            | Command::React(_)
            | Command::Read(_)
            | Command::SetPresence(_)
            | Command::Authenticate(_)) => panic!("no client of this model sends {other:?}"),
        }
    }

    fn subscribe(
        &mut self,
        conn: Conn,
        room: &str,
        place: (After, bool),
        id: Option<&str>,
        net: &mut Net,
        now: u64,
    ) {
        if let Some(replay) = self.enter(conn, room, place, id, net, now) {
            self.replay(conn, room, replay, net, now);
        }
    }

    /// Brings a session into a room. One that is in it already is put back, never forward, where it asks for that. What is
    /// to be replayed: what comes after the first position, without what comes up to the second.
    fn enter(
        &mut self,
        conn: Conn,
        room: &str,
        (after, rewind): (After, bool),
        id: Option<&str>,
        net: &mut Net,
        now: u64,
    ) -> Option<(u64, u64)> {
        let log = self.logs.entry(room.to_owned()).or_default();
        let head = log.len() as u64;
        let names_position = after.is_some();
        let after = after.unwrap_or(head);
        assert!(after <= head, "the client is at {after} of {room}, which ends at {head}");
        let start = after.max(head.saturating_sub(REPLAY as u64));
        let again = !self.sessions.get_mut(&conn)?.rooms.insert(room.to_owned());
        let start = if again && !(rewind && names_position) { head } else { start };
        let again = again && start == head;
        let is_known = net.wires[conn].kind == Kind::Poll && names_position;
        let participants = json!({"roomId": room, "participants": [], "people": [], "count": 1, "headSeq": head,
            "replayFrom": start + 1, "markers": []});
        if !is_known {
            say(net, conn, now, "SYSTEM", "ROOM_PARTICIPANTS", &participants);
        }
        if let Some(id) = id {
            ack(net, conn, now, id, &json!({"roomId": room}));
        }
        (!again).then_some((after, start))
    }

    fn replay(&mut self, conn: Conn, room: &str, (after, start): (u64, u64), net: &mut Net, now: u64) {
        let head = self.logs[room].len() as u64;
        if start > after {
            net.note("gap");
            let gap = json!({"roomId": room, "from": after + 1, "to": start, "reason": "LIMIT"});
            say(net, conn, now, "SYSTEM", "GAP", &gap);
        }
        // The contract has no overlap, but a client does not rely on it.
        let overlap = if net.chance(20) { net.rng.up_to(3) } else { 0 };
        for seq in start.saturating_sub(overlap) + 1..=head {
            let entry = &self.logs[room][seq as usize - 1];
            say(net, conn, now, "CHAT", "MESSAGE", &data(room, seq, entry, None));
        }
    }

    fn replay_inbox(&mut self, conn: Conn, user: &str, after: After, net: &mut Net, now: u64) {
        let inbox = self.inboxes.get(user).map_or(&[][..], Vec::as_slice);
        let head = inbox.len() as u64;
        let after = after.unwrap_or(head);
        assert!(after <= head);
        let start = after.max(head.saturating_sub(REPLAY as u64));
        if start > after {
            net.note("inbox gap");
            let gap = json!({"inbox": true, "from": after + 1, "to": start, "reason": "LIMIT"});
            say(net, conn, now, "SYSTEM", "GAP", &gap);
        }
        for at in start + 1..=head {
            let (room, index) = &inbox[at as usize - 1];
            let entry = &self.logs[room][*index];
            say(net, conn, now, "PRIVATE", "MESSAGE", &data(room, *index as u64 + 1, entry, Some(at)));
        }
    }

    fn append(&mut self, conn: Conn, room: &str, entry: Entry, net: &mut Net, now: u64) {
        let log = self.logs.entry(room.to_owned()).or_default();
        if let Some(index) = log.iter().position(|e| e.sender == entry.sender && e.id == entry.id) {
            if net.wires[conn].dropped && log[index].content != entry.content {
                // It was refused, and changed meanwhile.
                refuse(net, conn, now, &entry.id, room, "CONFLICT", None);
                return;
            }
            assert_eq!(log[index].content, entry.content, "the same id for something else");
            net.note("resend of what was stored");
            ack(net, conn, now, &entry.id, &answer(room, index as u64 + 1, true));
            return;
        }
        let until = match self.sessions.get_mut(&conn) {
            Some(session) => session.refusing.entry(room.to_owned()).or_default(),
            None if net.wires[conn].kind == Kind::Post => {
                let key = (net.wires[conn].client_session.clone(), room.to_owned());
                self.gates.entry(key).or_default()
            }
            None => return,
        };
        if now < self.unavailable_until {
            *until = now + REFUSAL_MS;
        }
        if let Some(until) = Some(*until).filter(|&until| now < until) {
            net.note("refusal for now");
            refuse(net, conn, now, &entry.id, room, "UNAVAILABLE", Some(until - now));
            return;
        }
        if entry.content.starts_with("forbidden") {
            net.note("refusal for good");
            refuse(net, conn, now, &entry.id, room, "FORBIDDEN", None);
            return;
        }
        let crash = self.crash.take();
        if crash == Some(CrashAt::BeforeCommit) {
            net.note("crash before the commit");
            self.die(net, now);
            return;
        }
        let log = self.logs.entry(room.to_owned()).or_default();
        log.push(entry.clone());
        let (seq, index) = (log.len() as u64, log.len() - 1);
        for user in entry.recipient.iter().chain(entry.recipient.as_ref().map(|_| &entry.sender)) {
            self.inboxes.entry(user.clone()).or_default().push((room.to_owned(), index));
        }
        if crash == Some(CrashAt::AfterCommit) {
            net.note("crash after the commit");
            self.die(net, now);
            return;
        }
        let ack_first = net.chance(50);
        if ack_first {
            ack(net, conn, now, &entry.id, &answer(room, seq, false));
        }
        self.fan_out(room, seq, &entry, net, now);
        if !ack_first {
            ack(net, conn, now, &entry.id, &answer(room, seq, false));
        }
        if crash == Some(CrashAt::AfterAck) {
            net.note("crash after the ACK");
            self.die(net, now);
        }
    }

    fn fan_out(&mut self, room: &str, seq: u64, entry: &Entry, net: &mut Net, now: u64) {
        for (&conn, session) in &mut self.sessions {
            let mine = session.user == entry.sender || entry.recipient.as_deref() == Some(session.user);
            let inbox_seq = (entry.recipient.is_some() && mine && session.resumed)
                .then(|| self.inboxes[session.user].len() as u64);
            if inbox_seq.is_none() && !session.rooms.contains(room) {
                continue;
            }
            if std::mem::take(&mut session.forget_next) {
                net.note("entry not handed out");
                continue;
            }
            let (category, kind) =
                if inbox_seq.is_some() { ("PRIVATE", "MESSAGE") } else { ("CHAT", "MESSAGE") };
            for _ in 0..if net.chance(2) { 2 } else { 1 } {
                say(net, conn, now, category, kind, &data(room, seq, entry, inbox_seq));
            }
        }
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
