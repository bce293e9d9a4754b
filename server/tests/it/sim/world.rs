//! One life: nodes, clients, and what is broken when, all from one seed.

use std::sync::Arc;
use std::time::Duration;

use tidings_client_core::Rng;
use tidings_protocol::Epoch;
use tidings_server::clock::Clock;
use tidings_server::store::memory::Memory;
use tokio::time::{Instant, sleep_until};

use super::bus::{Bus, Return};
use super::client::{Ask, Client};
use super::fate::Moment;
use super::judge;
use super::net::Net;
use super::node::{DAWN, Node};
use super::trace::Trace;

/// Nodes of a life.
pub(super) const NODES: usize = 3;
/// Rooms, which all clients are in.
pub(super) const ROOMS: [&str; 3] = ["red", "green", "blue"];
/// Clients by their users: one user has two.
const USERS: [&str; 5] = ["ann", "ann", "bob", "cy", "dan"];
/// Things that happen in one life.
const STEPS: usize = 60;
/// The longest time between two of them, in milliseconds.
const PAUSE: u64 = 600;
/// When nothing is broken any more, all is as it should be within this time.
const QUIET: Duration = Duration::from_secs(120);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What the cluster lacks in a life that is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    Nothing,
    /// Nodes do not compare what they handed over with the log.
    Tick,
    /// Nodes whose bus was away do not subscribe anew, and compare nothing. Nothing else is lost.
    Subscriptions,
}

pub(super) struct World {
    pub(super) trace: Trace,
    rng: Rng,
    pub(super) net: Net,
    bus: Bus,
    pub(super) log: Arc<Memory>,
    clock: Clock,
    nodes: Vec<Node>,
    pub(super) clients: Vec<Client>,
    lack: Lack,
    messages: u32,
    /// What is mended when, soonest first.
    mends: Vec<(Instant, Mend)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mend {
    Start(usize),
    PlugIn(usize),
    Unlose,
}

impl World {
    pub(super) async fn new(seed: u64, lack: Lack, trace: Trace) -> Self {
        let net = Net::new(seed, NODES);
        let way_back = if lack == Lack::Subscriptions { Return::Deaf } else { Return::Whole };
        let bus = Bus::new(seed, trace.clone(), way_back);
        let log = Arc::new(Memory::new(Epoch::new("sim").unwrap()));
        let mut world = Self {
            trace,
            rng: Rng::new([seed, 0x776f_726c]),
            net,
            bus,
            log,
            clock: Clock::with_tokio(DAWN),
            nodes: Vec::new(),
            clients: Vec::new(),
            lack,
            messages: 0,
            mends: Vec::new(),
        };
        for number in 0..NODES {
            let node = world.node(number).await;
            world.nodes.push(node);
        }
        for (number, user) in USERS.into_iter().enumerate() {
            let client = Client::start(seed, number, user, &ROOMS, &world.net, &world.trace);
            world.clients.push(client);
        }
        world
    }

    async fn node(&mut self, number: usize) -> Node {
        let tick = if self.lack == Lack::Nothing { "3s" } else { "1h" };
        let seed = self.rng.next_u64();
        Node::start(seed, number, (&self.net, &self.bus, &self.log), &self.clock, tick).await
    }

    /// The whole of it.
    pub(super) async fn live(&mut self) {
        for _ in 0..STEPS {
            self.step().await;
            let pause = self.millis(0, PAUSE);
            self.pass(pause).await;
        }
        self.trace.say("nothing is broken any more");
        self.net.calm();
        self.bus.lose(0);
        for mend in std::mem::take(&mut self.mends).into_iter().map(|(_, mend)| mend) {
            self.mend(mend).await;
        }
        for number in 0..NODES {
            if self.nodes[number].fate.is_dead() {
                self.mend(Mend::Start(number)).await;
            }
        }
        let until = Instant::now() + QUIET;
        while let Err(why) = judge::has_settled(self).await {
            assert!(Instant::now() < until, "it does not settle: {why}");
            self.pass(LOOK).await;
        }
        judge::judge(self).await;
        self.trace.say("all is as it should be");
    }

    async fn step(&mut self) {
        let client = self.up_to(USERS.len() - 1);
        let node = self.up_to(NODES - 1);
        match self.up_to(99) {
            0..=44 => {
                let room = ROOMS[self.up_to(ROOMS.len() - 1)];
                for _ in 0..=self.up_to(3) {
                    let content = self.content();
                    self.clients[client].ask(Ask::Chat { room, content });
                }
            }
            45..=54 => {
                let to = USERS[self.up_to(USERS.len() - 1)];
                if to != USERS[client] {
                    let content = self.content();
                    self.clients[client].ask(Ask::Private { to, content });
                }
            }
            55..=62 => {
                self.fault("cut", client);
                self.net.cut(client);
            }
            63..=68 => {
                let which = [[true, true], [true, false], [false, true]][self.up_to(2)];
                self.fault("silence", client);
                self.net.silence(client, which);
            }
            69..=74 => self.kill(node),
            75..=76 => {
                self.fault("drain", node);
                self.nodes[node].drain();
                let at = self.millis(4_000, 6_000);
                self.later(at, Mend::Start(node));
            }
            77..=82 => {
                self.fault("node off the bus", node);
                let away = self.millis(500, 10_000);
                self.nodes[node].seat.outage(away);
            }
            83..=85 => {
                self.fault("bus restart", 0);
                let away = self.millis(100, 4_000);
                self.bus.restart(away);
            }
            86..=90 => {
                self.fault("node off the log", node);
                self.nodes[node].fate.cut_off(true);
                let at = self.millis(500, 6_000);
                self.later(at, Mend::PlugIn(node));
            }
            91..=95 if self.lack != Lack::Subscriptions => {
                self.fault("lossy bus", 0);
                self.bus.lose(30);
                let at = self.millis(1_000, 5_000);
                self.later(at, Mend::Unlose);
            }
            _ => self.clients[client].ask(Ask::Wake),
        }
    }

    /// At once, or around the node's next commit.
    fn kill(&mut self, node: usize) {
        match self.up_to(2) {
            0 => {
                self.fault("kill", node);
                self.nodes[node].end();
            }
            1 => {
                self.fault("kill before a commit", node);
                self.nodes[node].fate.doom(Moment::BeforeCommit);
            }
            _ => {
                self.fault("kill after a commit", node);
                self.nodes[node].fate.doom(Moment::AfterCommit);
            }
        }
        let at = self.millis(300, 6_000);
        self.later(at, Mend::Start(node));
    }

    fn fault(&self, what: &'static str, of: usize) {
        self.trace.met(what);
        self.trace.say(format_args!("{what} {of}"));
    }

    async fn mend(&mut self, mend: Mend) {
        match mend {
            Mend::Start(number) => {
                self.nodes[number].end();
                self.trace.say(format_args!("node {number} starts again"));
                self.nodes[number] = self.node(number).await;
            }
            Mend::PlugIn(number) => self.nodes[number].fate.cut_off(false),
            Mend::Unlose => self.bus.lose(0),
        }
    }

    fn later(&mut self, after: Duration, mend: Mend) {
        // A node is not killed twice before it has started.
        if !self.mends.iter().any(|(_, other)| *other == mend) {
            self.mends.push((Instant::now() + after, mend));
            self.mends.sort_by_key(|(at, _)| *at);
        }
    }

    /// Lets time pass, and mends what is due.
    async fn pass(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while let Some(&(at, mend)) = self.mends.first()
            && at <= until
        {
            self.mends.remove(0);
            sleep_until(at).await;
            self.mend(mend).await;
        }
        sleep_until(until).await;
    }

    fn content(&mut self) -> String {
        self.messages += 1;
        format!("message {}", self.messages)
    }

    fn up_to(&mut self, most: usize) -> usize {
        usize::try_from(self.rng.up_to(most as u64)).unwrap()
    }

    fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.rng.up_to(most - least))
    }
}
