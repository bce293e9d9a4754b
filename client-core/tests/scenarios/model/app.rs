//! One client and its app: what it wanted, what it was told, and whether the two agree.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use tidings_client_core::{
    Command, Config, Connect, Duration, Event, Frame, GapReason, Input, Instant, Kind, Output, Persist,
    Relay, RoomState, SendState, Session, Storage, Stored,
};
use tidings_protocol::ClientId;

use super::server::Entry as Row;

/// What the app sees of a log: the last position, where it has one yet.
#[derive(Debug, Default)]
struct View {
    last: Option<u64>,
}

pub(crate) struct App {
    pub(crate) user: &'static str,
    pub(crate) session: Session,
    pub(crate) relay: Relay,
    /// Connections that go by it.
    pub(crate) relayed: BTreeSet<u32>,
    pub(crate) inputs: VecDeque<Input>,
    pub(crate) is_draining: bool,
    pub(crate) life: u32,
    pub(crate) wake: Option<u64>,
    pub(crate) asleep_until: u64,
    pub(crate) rooms: BTreeSet<String>,
    views: BTreeMap<String, View>,
    inbox: View,
    /// What storage holds.
    kept: BTreeMap<ClientId, Stored>,
    positions: Option<String>,
    /// What must be in each log at the end, in this order.
    pub(crate) due: BTreeMap<String, Vec<(ClientId, String)>>,
    pub(crate) failed: Vec<(ClientId, String)>,
    pub(crate) acked: Vec<(ClientId, String, u64)>,
    /// Entries that were shown, and gaps that were told.
    pub(crate) shown: u64,
    pub(crate) gaps: u64,
}

/// What the world is to do for a client.
pub(crate) enum Wish {
    Connect(Connect),
    Send(u32, String),
    Close(u32),
}

/// What the server has stored.
pub(crate) type Logs = BTreeMap<String, Vec<Row>>;

impl App {
    pub(crate) fn new(user: &'static str, seed: u64) -> Self {
        Self {
            user,
            session: session(seed),
            relay: Relay::default(),
            relayed: BTreeSet::new(),
            inputs: VecDeque::new(),
            is_draining: false,
            life: 0,
            wake: None,
            asleep_until: 0,
            rooms: BTreeSet::new(),
            views: BTreeMap::new(),
            inbox: View::default(),
            kept: BTreeMap::new(),
            positions: None,
            due: BTreeMap::new(),
            failed: Vec::new(),
            acked: Vec::new(),
            shown: 0,
            gaps: 0,
        }
    }

    /// The page is loaded anew: only storage is left.
    pub(crate) fn reload(&mut self, seed: u64, with_positions: bool) -> Vec<Input> {
        self.session = session(seed);
        self.relay = Relay::default();
        self.relayed.clear();
        self.life += 1;
        self.wake = None;
        self.views.clear();
        self.inbox = View::default();
        let positions = self.positions.clone().filter(|_| with_positions);
        if let Some(text) = &positions {
            // The app goes on where it was when they were kept.
            let kept: Value = serde_json::from_str(text).unwrap();
            self.inbox.last = kept["inbox"].as_u64();
            let rooms = kept["rooms"].as_object().unwrap().iter();
            self.views = rooms.map(|(room, seq)| (room.clone(), View { last: seq.as_u64() })).collect();
        }
        let outbox = self.kept.values().cloned().collect();
        let joins = self.rooms.iter().map(|room| Input::Command(join(room)));
        let load = Input::StorageLoaded(Storage { outbox, positions });
        [load, Input::Command(Command::Connect)].into_iter().chain(joins).collect()
    }

    /// The app is done with the room; what comes after another join is a new view.
    pub(crate) fn leave(&mut self, room: &str) {
        self.rooms.remove(room);
        self.views.remove(room);
    }

    pub(crate) fn handle(&mut self, input: Input, now: u64, logs: &Logs) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let mut saved = Vec::new();
        self.session.handle(input, Instant::from_millis(now));
        while let Some(output) = self.session.poll_output().or_else(|| {
            let saved = Input::Saved { id: saved.pop()?, kept: true };
            self.session.handle(saved, Instant::from_millis(now));
            self.session.poll_output()
        }) {
            match output {
                Output::Connect(connect) => wishes.push(Wish::Connect(connect)),
                Output::Send(conn, text) => wishes.push(Wish::Send(conn.0, text)),
                Output::Close(conn, _) => wishes.push(Wish::Close(conn.0)),
                Output::Persist(what) => {
                    if let Persist::Put(stored) = &what {
                        saved.insert(0, stored.id.clone());
                    }
                    self.persist(what);
                }
                Output::RefreshToken => panic!("no token expires here"),
                Output::Event(event) => self.hear(event, logs),
                Output::WaitUntil(at) => self.wake = Some(at.as_millis()),
            }
        }
        wishes
    }

    fn persist(&mut self, what: Persist) {
        match what {
            Persist::Put(stored) => {
                self.kept.insert(stored.id.clone(), stored);
            }
            Persist::Remove(id) => {
                self.kept.remove(&id);
            }
            Persist::Positions(text) => self.positions = Some(text),
            Persist::Forget => panic!("nobody forgets here"),
        }
    }

    fn hear(&mut self, event: Event, logs: &Logs) {
        match event {
            Event::Frame(frame) if frame.kind().is_entry() => self.see(&frame, logs),
            Event::Frame(frame) if frame.kind() == Kind::RoomParticipants => {
                let data: Value = serde_json::from_str(frame.data()).unwrap();
                let view = self.views.entry(frame.room_id().unwrap().into_owned()).or_default();
                let base = data["replayFrom"].as_u64().unwrap() - 1;
                view.last.get_or_insert(base);
            }
            Event::Frame(frame) if frame.kind() == Kind::ConnectionEstablished => {
                let data: Value = serde_json::from_str(frame.data()).unwrap();
                self.inbox.last.get_or_insert(data["inboxSeq"].as_u64().unwrap());
            }
            Event::Frame(_) | Event::Status(_) | Event::Disconnected { .. } => {}
            Event::Gap(gap) => {
                assert_ne!(gap.reason, GapReason::Lost, "a resume always brings what was missing");
                let view = match &gap.room {
                    Some(room) => self.views.entry(room.clone()).or_default(),
                    None => &mut self.inbox,
                };
                let fits = view.last.is_none_or(|last| last + 1 == gap.from);
                assert!(fits, "{gap:?} after {view:?}");
                self.gaps += 1;
                view.last = Some(gap.to);
            }
            Event::Sent { id, state } => self.settle(id, state),
            Event::Room { room, state } => match state {
                RoomState::Joined => {}
                RoomState::Left => {
                    self.views.remove(room.as_str());
                }
                RoomState::Refused(code) => panic!("{room} refused: {code:?}"),
            },
            Event::Resumed => {}
            Event::MaxReconnectAttemptsReached | Event::Malformed(_) => panic!("{event:?}"),
        }
    }

    /// An entry is shown: it is the stored one, and the next one of its log.
    fn see(&mut self, frame: &Frame, logs: &Logs) {
        let (room, seq) = (frame.room_id().unwrap().into_owned(), frame.seq().unwrap());
        let data: Value = serde_json::from_str(frame.data()).unwrap();
        assert_eq!(data["content"], logs[&room][seq as usize - 1].content.as_str());
        self.shown += 1;
        if let Some(inbox_seq) = frame.inbox_seq() {
            self.inbox.step("the inbox", inbox_seq);
        } else {
            assert!(self.rooms.contains(&room), "{room} is not wanted");
            self.views.entry(room.clone()).or_default().step(&room, seq);
        }
    }

    fn settle(&mut self, id: ClientId, state: SendState) {
        match state {
            SendState::Queued | SendState::InFlight => {}
            SendState::Acked { room, seq, .. } => self.acked.push((id, room.unwrap(), seq.unwrap())),
            SendState::Failed(code) => {
                if let Some((lane, content)) = self.take_due(&id) {
                    assert!(content.starts_with("forbidden"), "{content} in {lane}: {code:?}");
                    self.failed.push((id, lane));
                }
            }
            SendState::Cancelled => {
                self.take_due(&id);
                self.failed.retain(|(failed, _)| *failed != id);
            }
            SendState::TakenOver => panic!("each page has a session of its own here"),
            SendState::Refused(refusal) => {
                assert_eq!(
                    refusal,
                    tidings_client_core::Refusal::Busy,
                    "only what is on its way cannot be cancelled"
                );
            }
        }
    }

    pub(crate) fn take_due(&mut self, id: &ClientId) -> Option<(String, String)> {
        for (lane, due) in &mut self.due {
            if let Some(at) = due.iter().position(|(d, _)| d == id) {
                return Some((lane.clone(), due.remove(at).1));
            }
        }
        None
    }

    /// At the quiet end: the client has nothing left to send, and its app stands at the end of every log.
    pub(crate) fn judge(&self, logs: &Logs, inbox: usize) {
        assert_eq!(self.session.queued(), 0, "everything is sent");
        for room in &self.rooms {
            let head = logs.get(room).map_or(0, Vec::len) as u64;
            assert_eq!(self.views.get(room).and_then(|v| v.last), Some(head), "{room} is seen to its end");
        }
        assert_eq!(self.session.user_id(), Some(self.user));
        assert_eq!(self.inbox.last, Some(inbox as u64), "the inbox is seen to its end");
        for (id, room, seq) in &self.acked {
            let row = &logs[room][*seq as usize - 1];
            assert_eq!(
                (row.id.as_str(), row.sender.as_str()),
                (id.as_str(), self.user),
                "acknowledged is stored"
            );
        }
    }
}

impl View {
    fn step(&mut self, log: &str, seq: u64) {
        if let Some(last) = self.last {
            assert_eq!(seq, last + 1, "{log} in order, once, without a hole");
        }
        self.last = Some(seq);
    }
}

pub(crate) fn join(room: &str) -> Command {
    Command::Join { room: tidings_protocol::RoomId::new(room).unwrap(), after: None }
}

fn session(seed: u64) -> Session {
    let look_up_after = Duration::from_secs(3);
    Session::new(Config { storage: true, look_up_after, ..Config::new([seed, 0xC11E]) })
}
