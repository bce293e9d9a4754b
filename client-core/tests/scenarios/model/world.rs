//! Clients, network and server on one clock.

use tidings_client_core::{Command, ConnId, Connect, Entry, Input, Instant, Storage, Transport};
use tidings_protocol::{RoomId, UserId};

use super::app::{App, Wish, join};
use super::net::{Arrival, Kind, Net, Weather};
use super::ops::{ALONE, DIRECT, Op, ROOMS, USERS};
use super::server::Server;
use super::tabs::Tabs;

/// After the faults, everything has arrived within this time.
const QUIET: u64 = 180_000;

pub(crate) struct World {
    pub(super) now: u64,
    pub(super) net: Net,
    pub(super) server: Server,
    pub(super) apps: Vec<App>,
    pub(super) tabs: Option<Tabs>,
    messages: u64,
}

impl World {
    /// Each client has a connection of its own.
    pub(crate) fn new(seed: u64) -> Self {
        Self::of(seed, ALONE, None)
    }

    /// The clients of one user share one.
    pub(crate) fn sharing(seed: u64) -> Self {
        let who = (0..USERS.len()).filter(|&client| USERS[client] == "ann").collect();
        Self::of(seed, USERS.len(), Some(Tabs::new(USERS.len(), who)))
    }

    fn of(seed: u64, clients: usize, tabs: Option<Tabs>) -> Self {
        let mut net = Net::new(seed);
        let users = USERS.into_iter().take(clients);
        let apps = users.map(|user| App::new(user, net.rng.next_u64())).collect();
        let mut world = Self { now: 1_000, net, server: Server::default(), apps, tabs, messages: 0 };
        if let Some(tabs) = &mut world.tabs {
            tabs.take(0, &mut world.net, world.now);
        }
        for client in 0..clients {
            world.input(client, Input::StorageLoaded(Storage::default()));
            world.input(client, Input::Command(Command::Connect));
        }
        world
    }

    pub(crate) fn step(&mut self, op: &Op) {
        match *op {
            Op::Send { client, room, burst } => {
                for _ in 0..burst {
                    self.chat(client, ROOMS[room], "hello");
                }
            }
            Op::SendForbidden { client, room } => self.chat(client, ROOMS[room], "forbidden"),
            Op::SendPrivate { client, by_room: true } => self.chat(client, DIRECT, "hello"),
            Op::SendPrivate { client, by_room: false } => {
                let to = if USERS[client] == "ann" { "bob" } else { "ann" };
                let content = self.content("hello");
                let recipient = UserId::new(to).unwrap();
                let entry = Entry::Private { recipient, content: content.clone(), reply_to: None };
                self.send(client, DIRECT, content, entry);
            }
            Op::Reconsider { client, how } => self.reconsider(client, how),
            Op::Join { client, room } => {
                self.apps[client].rooms.insert(ROOMS[room].to_owned());
                self.input(client, Input::Command(join(ROOMS[room])));
            }
            Op::Leave { client, room } => {
                self.apps[client].leave(ROOMS[room]);
                self.input(
                    client,
                    Input::Command(Command::Leave { room: RoomId::new(ROOMS[room]).unwrap() }),
                );
            }
            Op::Cut { client } => {
                for conn in self.wires_of(client) {
                    if self.net.wires[conn].upgraded && self.net.chance(80) {
                        self.net.cut(conn, self.now);
                    }
                }
            }
            Op::Crash(at) => self.server.arrange_crash(at, &mut self.net, self.now),
            Op::Unavailable { ms } => self.server.refuse_for(ms, self.now),
            Op::Forget { client } => {
                for conn in self.wires_of(client) {
                    self.server.forget_next(conn);
                }
            }
            Op::Reload { client, with_positions } => self.reload(client, with_positions),
            Op::Weather { client, weather } => {
                self.net.weather[client] = weather;
                // What was let through is no longer.
                for conn in self.wires_of(client) {
                    let is_struck = match self.net.wires[conn].kind {
                        Kind::Socket => weather != Weather::Clear,
                        Kind::Stream => matches!(weather, Weather::OnlyPolls(_)),
                        Kind::Poll | Kind::Post => false,
                    };
                    if is_struck {
                        self.net.cut(conn, self.now);
                    }
                }
            }
            Op::Wake { client } => {
                self.input(client, Input::Online);
                self.input(client, Input::Visible);
            }
            Op::Lead { client } => {
                if let Some(tabs) = self.tabs.as_mut().filter(|t| t.shares(client)) {
                    tabs.take(client, &mut self.net, self.now);
                }
            }
            Op::Sleep { client } => {
                self.net.note("sleep");
                self.apps[client].asleep_until = self.now + self.net.rng.up_to(60_000);
            }
            Op::Wait { ms } => self.run(self.now + ms),
        }
    }

    /// No more faults: everything arrives.
    pub(crate) fn settle(&mut self) {
        self.server.behave();
        self.net.weather.fill(Weather::Clear);
        self.net.is_quiet = true;
        self.run(self.now + QUIET);
        // An entry that was not handed out is missed only when another one follows.
        for room in ROOMS {
            self.chat(0, room, "last");
        }
        self.step(&Op::SendPrivate { client: 0, by_room: false });
        self.run(self.now + QUIET);
    }

    fn content(&mut self, kind: &str) -> String {
        self.messages += 1;
        format!("{kind} {}", self.messages)
    }

    fn chat(&mut self, client: usize, room: &str, kind: &str) {
        let content = self.content(kind);
        let entry =
            Entry::Chat { room: RoomId::new(room).unwrap(), content: content.clone(), reply_to: None };
        self.send(client, room, content, entry);
    }

    fn send(&mut self, client: usize, lane: &str, content: String, entry: Entry) {
        let app = &mut self.apps[client];
        if app.session.queued() >= 900 {
            return;
        }
        let id = app.session.next_id();
        app.due.entry(lane.to_owned()).or_default().push((id.clone(), content));
        self.input(client, Input::Command(Command::Send { id, entry }));
    }

    /// The user looks at what failed, or has second thoughts about what waits.
    fn reconsider(&mut self, client: usize, how: u8) {
        let app = &mut self.apps[client];
        let failed = app.failed.first().cloned();
        let command = match (how % 4, failed) {
            (0, Some((id, lane))) => {
                app.failed.remove(0);
                app.due.entry(lane).or_default().push((id.clone(), "forbidden still".to_owned()));
                Command::Retry { id }
            }
            (1, Some((id, lane))) => {
                app.failed.remove(0);
                let content = self.content("revised");
                let app = &mut self.apps[client];
                let entry = Entry::Chat {
                    room: RoomId::new(&lane).unwrap(),
                    content: content.clone(),
                    reply_to: None,
                };
                app.due.entry(lane).or_default().push((id.clone(), content));
                Command::Revise { id, entry }
            }
            (2, Some((id, _))) => Command::Cancel { id },
            _ => {
                let Some((id, _)) = app.due.values().filter_map(|due| due.last()).next_back().cloned() else {
                    return;
                };
                if app.acked.iter().any(|(acked, ..)| *acked == id) {
                    return;
                }
                Command::Cancel { id }
            }
        };
        self.input(client, Input::Command(command));
    }

    fn reload(&mut self, client: usize, with_positions: bool) {
        self.net.note("reload");
        let seed = self.net.rng.next_u64();
        for conn in self.wires_of(client) {
            self.let_go(conn);
        }
        let life = self.apps[client].life;
        let inputs = self.apps[client].reload(seed, with_positions);
        if let Some(tabs) = self.tabs.as_mut().filter(|t| t.shares(client)) {
            tabs.reload(client, life, &mut self.net, self.now);
        }
        for input in inputs {
            self.input(client, input);
        }
    }

    /// The connections that a client has.
    fn wires_of(&self, client: usize) -> Vec<usize> {
        let wires = self.net.wires.iter().enumerate();
        wires.filter(|(_, w)| w.client == client && !w.dropped).map(|(conn, _)| conn).collect()
    }

    /// The client is done with a connection. What it sent before may still arrive.
    pub(super) fn let_go(&mut self, conn: usize) {
        self.net.wires[conn].dropped = true;
        self.net.send_up(conn, Arrival::Gone(conn), self.now);
    }

    /// Lets everything happen until `end`.
    fn run(&mut self, end: u64) {
        loop {
            let wakes = self.apps.iter().enumerate();
            let wake = wakes.filter_map(|(n, app)| Some((app.wake?.max(app.asleep_until), n))).min();
            let arrival = self.net.next_at().unwrap_or(u64::MAX);
            let (wake_at, client) = wake.unwrap_or((u64::MAX, 0));
            let next = arrival.min(wake_at);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            // What has arrived is read before a timer fires.
            if arrival <= wake_at {
                if let Some(what) = self.net.pop() {
                    self.arrive(what);
                }
            } else {
                self.apps[client].wake = None;
                self.input(client, Input::Timer);
            }
        }
        self.now = end;
    }

    /// Takes one input, and everything that follows from it. While that runs, further inputs wait for their turn.
    pub(super) fn input(&mut self, client: usize, input: Input) {
        self.apps[client].inputs.push_back(input);
        if std::mem::replace(&mut self.apps[client].is_draining, true) {
            return;
        }
        while let Some(input) = self.apps[client].inputs.pop_front() {
            self.take(client, input);
        }
        self.apps[client].is_draining = false;
    }

    fn take(&mut self, client: usize, input: Input) {
        let app = &mut self.apps[client];
        let wishes = app.handle(input, self.now, &self.server.logs);
        let life = app.life;
        for wish in wishes {
            match wish {
                Wish::Connect(connect) => self.connect(client, connect),
                Wish::Send(id, text) => {
                    if !self.sends_shared(client, id, Some(&text)) && !self.relays(client, id, &text) {
                        self.send_up(client, id, text);
                    }
                }
                Wish::Close(id) => {
                    if self.apps[client].relayed.remove(&id) {
                        self.apps[client].relay.close(ConnId(id));
                        self.run_relay(client);
                    } else if !self.sends_shared(client, id, None)
                        && let Some(conn) = self.find(client, life, id)
                    {
                        self.let_go(conn);
                    }
                    // Before another one takes its place.
                    self.settle_sharing(client);
                }
            }
        }
        self.settle_sharing(client);
    }

    pub(super) fn connect(&mut self, client: usize, connect: Connect) {
        if self.goes_by_link(client, &connect) {
            return;
        }
        let app = &mut self.apps[client];
        if connect.transport == Transport::WebSocket {
            self.net.dial(client, app.life, connect.conn, (Kind::Socket, connect.payload), self.now);
        } else {
            app.relayed.insert(connect.conn.0);
            app.relay.open(connect, Instant::from_millis(self.now));
            self.run_relay(client);
        }
    }

    pub(super) fn send_up(&mut self, client: usize, id: u32, text: String) {
        if let Some(conn) = self.find(client, self.apps[client].life, id) {
            self.net.send_up(conn, Arrival::Request(conn, text), self.now);
        }
    }

    pub(super) fn find(&self, client: usize, life: u32, id: u32) -> Option<usize> {
        self.net.wires.iter().rposition(|w| w.client == client && w.life == life && w.id == ConnId(id))
    }
}
