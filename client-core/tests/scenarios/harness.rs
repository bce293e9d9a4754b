//! One session on a virtual clock, with the test as its server.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidings_client_core::{
    Closed, Command, Config, ConnId, Connect, Entry, Event, Frame, Input, Instant, Kind, Output, Persist,
    Relay, RelayOutput, Request, SendState, Session, State, Storage, Stored, Transport,
};
use tidings_protocol::{ClientFrame, ClientId, RoomId};

pub(crate) const EPOCH: &str = "epoch-1";

/// A session and all that it wanted done since the test last looked.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) now: u64,
    pub(crate) conn: Option<ConnId>,
    pub(crate) connects: Vec<Connect>,
    pub(crate) relay: Relay,
    /// Streams and polls.
    pub(crate) requests: Vec<Request>,
    pub(crate) posts: Vec<(ConnId, Value)>,
    pub(crate) closes: Vec<(ConnId, u16)>,
    pub(crate) token_wishes: usize,
    /// Whether storage says of each entry at once that it is kept.
    pub(crate) saves: bool,
    /// Whether storage has room.
    pub(crate) has_room: bool,
    pub(crate) kept: BTreeMap<ClientId, Stored>,
    pub(crate) positions: Option<String>,
    events: Vec<Event>,
    sent: Vec<Value>,
    wake: Option<u64>,
}

pub(crate) fn config() -> Config {
    Config::new([7, 11])
}

pub(crate) fn room(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

pub(crate) fn chat(to: &str, content: &str) -> Entry {
    Entry::Chat { room: room(to), content: content.to_owned(), reply_to: None }
}

impl Client {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            session: Session::new(config),
            now: 1_000_000,
            conn: None,
            connects: Vec::new(),
            relay: Relay::default(),
            requests: Vec::new(),
            posts: Vec::new(),
            closes: Vec::new(),
            token_wishes: 0,
            saves: true,
            has_room: true,
            kept: BTreeMap::new(),
            positions: None,
            events: Vec::new(),
            sent: Vec::new(),
            wake: None,
        }
    }

    /// A client that is connected, resumed, and in these rooms, each at its `headSeq`.
    pub(crate) fn connected(rooms: &[(&str, u64)]) -> Self {
        let mut client = Self::new(config());
        client.command(Command::Connect);
        for (id, _) in rooms {
            client.join(id);
        }
        client.greet();
        for (id, head) in rooms {
            client.participants(id, head + 1, *head);
        }
        client.sent();
        client.events();
        client
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut saved = Vec::new();
        self.session.handle(input, Instant::from_millis(self.now));
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect(connect) => {
                    self.conn = Some(connect.conn);
                    if connect.transport != Transport::WebSocket {
                        self.relay.open(connect.clone(), Instant::from_millis(self.now));
                    }
                    self.connects.push(connect);
                }
                Output::Send(conn, text) => {
                    ClientFrame::parse(&text)
                        .unwrap_or_else(|e| panic!("no frame of the contract: {e}: {text}"));
                    if !self.relay.say(conn, text.clone(), Instant::from_millis(self.now)) {
                        assert_eq!(
                            Some(conn),
                            self.conn,
                            "sent on a connection that is not the newest: {text}"
                        );
                        self.sent.push(serde_json::from_str(&text).unwrap());
                    }
                }
                Output::Close(conn, code) => {
                    self.relay.close(conn);
                    self.closes.push((conn, code));
                }
                Output::Persist(Persist::Put(stored)) => {
                    saved.extend(self.saves.then(|| stored.id.clone()));
                    if self.has_room {
                        self.kept.insert(stored.id.clone(), stored);
                    }
                }
                Output::Persist(Persist::Remove(id)) => {
                    self.kept.remove(&id);
                }
                Output::Persist(Persist::Positions(text)) => self.positions = Some(text),
                Output::Persist(Persist::Forget) => {
                    self.kept.clear();
                    self.positions = None;
                }
                Output::RefreshToken => self.token_wishes += 1,
                Output::Event(event) => self.events.push(event),
                Output::WaitUntil(at) => self.wake = Some(at.as_millis()),
            }
        }
        self.run_relay();
        for id in saved {
            self.input(Input::Saved { id, kept: self.has_room });
        }
    }

    /// Does what the relay wants done.
    fn run_relay(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                RelayOutput::Request(request) if request.path == Transport::FRAMES => {
                    self.posts.push((request.id, serde_json::from_str(&request.body).unwrap()));
                }
                RelayOutput::Request(request) => self.requests.push(request),
                RelayOutput::Drop(request) => self.closes.push((request, 1000)),
                RelayOutput::Opened(conn) => self.input(Input::Opened(conn)),
                RelayOutput::Frame(conn, text) => self.input(Input::Frame(conn, text)),
                RelayOutput::Closed(conn, closed) => self.input(Input::Closed(conn, closed)),
            }
        }
    }

    /// Tells the relay how a request goes.
    pub(crate) fn relay(&mut self, tell: impl FnOnce(&mut Relay, Instant)) {
        tell(&mut self.relay, Instant::from_millis(self.now));
        self.run_relay();
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    pub(crate) fn join(&mut self, id: &str) {
        self.command(Command::Join { room: room(id), after: None });
    }

    pub(crate) fn send(&mut self, entry: Entry) -> ClientId {
        let id = self.session.next_id();
        self.command(Command::Send { id: id.clone(), entry });
        id
    }

    /// Opens the transport and greets. The `RESUME` that follows is acknowledged.
    pub(crate) fn greet(&mut self) {
        self.greet_with(&json!({}));
        let resume = self.sent.iter().rev().find(|f| f["type"] == "RESUME").expect("a RESUME");
        let id = resume["id"].clone();
        self.receive("SYSTEM", "ACK", &json!({"id": id, "duplicate": false}));
    }

    /// Opens the transport and greets, with these fields in place of the usual.
    pub(crate) fn greet_with(&mut self, fields: &Value) {
        let conn = self.conn.unwrap();
        self.input(Input::Opened(conn));
        let mut data = json!({"message": "hello", "userId": "ann", "sessionId": "s", "protocol": "tidings.v1",
            "epoch": EPOCH, "inboxSeq": 0, "heartbeatMs": 25_000, "maxContentBytes": 16_384,
            "framesPerSecond": 50, "frameBurst": 200});
        for (key, value) in fields.as_object().unwrap() {
            data[key] = value.clone();
        }
        self.receive("SYSTEM", "CONNECTION_ESTABLISHED", &data);
    }

    pub(crate) fn receive(&mut self, category: &str, kind: &str, data: &Value) {
        let frame = json!({"category": category, "type": kind, "data": data, "timestamp": "2026-01-01T00:00:00.000Z"});
        self.input(Input::Frame(self.conn.unwrap(), frame.to_string()));
    }

    pub(crate) fn participants(&mut self, room: &str, replay_from: u64, head: u64) {
        let data = json!({"roomId": room, "participants": [], "people": [], "count": 1, "headSeq": head,
            "replayFrom": replay_from, "markers": []});
        self.receive("SYSTEM", "ROOM_PARTICIPANTS", &data);
    }

    pub(crate) fn message(&mut self, room: &str, seq: u64) {
        self.receive(
            "CHAT",
            "MESSAGE",
            &json!({"messageId": format!("m{seq}"), "roomId": room, "seq": seq,
            "senderId": "bob", "content": "hi", "timestamp": "2026-01-01T00:00:00.000Z"}),
        );
    }

    pub(crate) fn ack(&mut self, id: &ClientId, seq: u64) {
        self.receive(
            "SYSTEM",
            "ACK",
            &json!({"id": id.as_str(), "duplicate": false, "roomId": "general",
            "messageId": format!("m{seq}"), "seq": seq}),
        );
    }

    pub(crate) fn refuse(&mut self, id: &ClientId, code: &str, retry_after_ms: Option<u64>) {
        let mut data = json!({"error": "no", "code": code, "id": id.as_str(), "roomId": "general"});
        if let Some(ms) = retry_after_ms {
            data["retryAfterMs"] = ms.into();
        }
        self.receive("ERROR", "MESSAGE", &data);
    }

    pub(crate) fn close(&mut self, code: Option<u16>) {
        let closed = Closed { code, reason: String::new(), ..Closed::default() };
        self.input(Input::Closed(self.conn.unwrap(), closed));
    }

    /// Lets time pass, waking the session whenever it asked to be woken.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(wake) = self.wake.filter(|&at| at <= end) {
            self.now = self.now.max(wake);
            self.wake = None;
            self.input(Input::Timer);
        }
        self.now = end;
    }

    /// Lets time pass without a timer, as a machine that sleeps.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.now += ms;
    }

    /// Waits for the next attempt; how long it took.
    pub(crate) fn until_next_attempt(&mut self) -> u64 {
        let (start, attempts) = (self.now, self.connects.len());
        while self.connects.len() == attempts {
            let wake = self.wake.take().expect("an attempt is to come");
            self.now = self.now.max(wake);
            self.input(Input::Timer);
        }
        self.now - start
    }

    pub(crate) fn state(&self) -> State {
        self.session.status().state
    }

    /// The frames sent since the last look.
    pub(crate) fn sent(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.sent)
    }

    /// The frames of one type sent since the last look; all are taken.
    pub(crate) fn sent_of(&mut self, kind: &str) -> Vec<Value> {
        self.sent().into_iter().filter(|f| f["type"] == kind).collect()
    }

    /// The contents of the messages sent since the last look.
    pub(crate) fn contents(&mut self) -> Vec<String> {
        let frames = self.sent().into_iter().filter(|f| f["content"].is_string());
        frames.map(|f| f["content"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The frames that the app was shown since the last look.
    pub(crate) fn shown(&mut self) -> Vec<Frame> {
        let frame = |event| if let Event::Frame(frame) = event { Some(frame) } else { None };
        self.events().into_iter().filter_map(frame).collect()
    }

    /// The positions of the entries that the app was shown since the last look.
    pub(crate) fn shown_seqs(&mut self) -> Vec<u64> {
        self.shown().iter().filter(|f| f.kind().is_entry()).map(|f| f.seq().unwrap()).collect()
    }

    /// The states that an entry went through since the last look; all events are taken.
    pub(crate) fn states_of(&mut self, id: &ClientId) -> Vec<SendState> {
        let of = |event| if let Event::Sent { id: of, state } = event { Some((of, state)) } else { None };
        let sent = self.events().into_iter().filter_map(of);
        sent.filter(|(of, _)| of == id).map(|(_, state)| state).collect()
    }

    /// The life after this one: a new session over what was kept.
    pub(crate) fn reload(&self) -> Self {
        let mut client = Self::new(Config { storage: true, seed: [13, 17], ..config() });
        client.now = self.now;
        client.kept.clone_from(&self.kept);
        client.positions.clone_from(&self.positions);
        client
    }

    pub(crate) fn load_storage(&mut self) {
        let outbox = self.kept.values().cloned().collect();
        self.input(Input::StorageLoaded(Storage { outbox, positions: self.positions.clone() }));
    }
}

/// The ids of frames as they were sent.
pub(crate) fn ids(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|f| f["id"].as_str().unwrap()).collect()
}

pub(crate) fn kinds(frames: &[Frame]) -> Vec<Kind> {
    frames.iter().map(Frame::kind).collect()
}
