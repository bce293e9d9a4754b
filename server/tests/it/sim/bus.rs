//! What carries publications between nodes in place of Redis, with its manners: a node hears itself at once and the
//! others after a while; what is on its way to a node that loses its connection is lost; who comes back subscribes
//! anew and is told to compare everything; what a publisher could not send is kept, or rechecked, or dropped, by what
//! it is. Besides, it may lose, repeat and overtake without a word.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tidings_client_core::Rng;
use tidings_protocol::Timestamp;
use tidings_server::broker::{Broker, BrokerError, Payload, Publication, Recovery, Topic, codec};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::trace::Trace;

/// Publications on one way.
const WAY: usize = 8_192;
/// The usual delay between two nodes, in milliseconds.
const DELAY: u64 = 15;
/// A connection that is gone is noticed within this time, in milliseconds.
const NOTICE: u64 = 3_000;
/// Who comes back waits for the others for so long.
const GATHER: Duration = Duration::from_millis(2_500);

/// Whether nodes that come back subscribe anew and are told to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    Whole,
    /// As a driver would that has forgotten to.
    Deaf,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Bus(Arc<Mutex<Inner>>);

struct Inner {
    rng: Rng,
    trace: Trace,
    members: Vec<Member>,
    /// Of a hundred publications, so many are lost without a word; others come twice or late.
    loss: u64,
    way_back: Return,
}

/// One life of one node.
struct Member {
    is_gone: bool,
    wanted: HashSet<Topic>,
    stream: mpsc::Sender<Publication>,
    /// From each other member, by its number.
    ways: Vec<Option<Way>>,
    /// Reasons why nothing passes.
    outages: u32,
    /// What the node itself knows of its connections.
    listens: bool,
    publishes: bool,
    /// Counts connections: what was on its way to an earlier one is lost.
    turn: u64,
    /// Handed over to a connection that is dead, which is not known yet.
    in_flight: Vec<Publication>,
    kept: Vec<Publication>,
    unsure: Vec<Topic>,
}

struct Way {
    queue: mpsc::Sender<(Instant, u64, Topic, Vec<u8>)>,
    last: Instant,
}

/// One node's place at the bus.
#[derive(Clone)]
pub(super) struct Seat {
    bus: Bus,
    number: usize,
}

/// The broker that a node is given.
pub(super) struct SimBroker {
    seat: Seat,
    stream: Mutex<Option<mpsc::Receiver<Publication>>>,
}

impl Bus {
    pub(super) fn new(seed: u64, trace: Trace, way_back: Return) -> Self {
        let rng = Rng::new([seed, 0x6275_7300]);
        Self(Arc::new(Mutex::new(Inner { rng, trace, members: Vec::new(), loss: 0, way_back })))
    }

    /// A place for a node that starts.
    pub(super) fn join(&self) -> (Seat, Arc<SimBroker>) {
        let (stream, arrivals) = mpsc::channel(WAY);
        let mut inner = self.0.lock();
        let number = inner.members.len();
        for to in 0..number {
            let way = self.way(to);
            inner.members[to].ways.push(Some(way));
        }
        let mut ways: Vec<_> = (0..number).map(|_| Some(self.way(number))).collect();
        ways.push(None);
        inner.members.push(Member {
            is_gone: false,
            wanted: HashSet::new(),
            stream,
            ways,
            outages: 0,
            listens: true,
            publishes: true,
            turn: 0,
            in_flight: Vec::new(),
            kept: Vec::new(),
            unsure: Vec::new(),
        });
        let seat = Seat { bus: self.clone(), number };
        (seat.clone(), Arc::new(SimBroker { seat, stream: Mutex::new(Some(arrivals)) }))
    }

    /// Loses so many of a hundred publications from now on.
    pub(super) fn lose(&self, percent: u64) {
        self.0.lock().loss = percent;
    }

    /// All connections are lost, and come back after a while.
    pub(super) fn restart(&self, away: Duration) {
        let members = self.0.lock().members.len();
        for number in 0..members {
            Seat { bus: self.clone(), number }.outage(away);
        }
    }

    fn way(&self, to: usize) -> Way {
        let (queue, taken) = mpsc::channel(WAY);
        tokio::spawn(self.clone().carry(to, taken));
        Way { queue, last: Instant::now() }
    }

    async fn carry(self, to: usize, mut taken: mpsc::Receiver<(Instant, u64, Topic, Vec<u8>)>) {
        while let Some((due, turn, topic, bytes)) = taken.recv().await {
            sleep_until(due).await;
            self.arrive(to, turn, topic, &bytes);
        }
    }

    fn arrive(&self, to: usize, turn: u64, topic: Topic, bytes: &[u8]) {
        let inner = self.0.lock();
        let member = &inner.members[to];
        let is_wanted = topic == Topic::All || member.wanted.contains(&topic);
        if member.turn == turn && member.listens && !member.is_gone && is_wanted {
            let _ = member.stream.try_send(codec::decode(topic, bytes).unwrap());
        }
    }
}

impl Inner {
    /// Sends a publication to all others.
    fn send(&mut self, bus: &Bus, from: usize, publication: &Publication) {
        let bytes = codec::encode(from as u64, publication);
        let is_of_a_log = publication.payload.recovery() == Recovery::Recheck;
        for to in (0..self.members.len()).filter(|to| *to != from) {
            if self.members[to].is_gone || self.rng.up_to(99) < self.loss {
                continue;
            }
            let turn = self.members[to].turn;
            let delay = Duration::from_millis(self.rng.up_to(DELAY));
            let strays = is_of_a_log && self.loss > 0 && self.rng.up_to(9) == 0;
            let topic = publication.topic.clone();
            if strays {
                // Once more, or late.
                let late = Duration::from_millis(self.rng.up_to(400));
                let (bus, topic, bytes) = (bus.clone(), topic.clone(), bytes.clone());
                tokio::spawn(async move {
                    sleep(late).await;
                    bus.arrive(to, turn, topic, &bytes);
                });
                if self.rng.up_to(1) == 0 {
                    continue;
                }
            }
            if let Some(way) = &mut self.members[to].ways[from] {
                way.last = way.last.max(Instant::now() + delay);
                let _ = way.queue.try_send((way.last, turn, topic, bytes.clone()));
            }
        }
    }
}

impl Seat {
    /// The node is gone.
    pub(super) fn leave(&self) {
        self.bus.0.lock().members[self.number].is_gone = true;
    }

    /// Nothing passes for a while; the node finds out by itself, and comes back.
    pub(super) fn outage(&self, away: Duration) {
        tokio::spawn(self.clone().be_away(away));
    }

    async fn be_away(self, away: Duration) {
        let notice = {
            let mut inner = self.bus.0.lock();
            let notice = Duration::from_millis(inner.rng.up_to(NOTICE));
            let member = &mut inner.members[self.number];
            member.outages += 1;
            member.turn += 1;
            notice.min(away)
        };
        sleep(notice).await;
        self.notice();
        sleep(away - notice).await;
        let wait = {
            let mut inner = self.bus.0.lock();
            let wait = Duration::from_millis(inner.rng.up_to(200));
            inner.members[self.number].outages -= 1;
            wait
        };
        sleep(wait).await;
        if self.listen_again() {
            self.publish_again().await;
        }
    }

    /// What was handed over to the dead connection is taken back.
    fn notice(&self) {
        let mut inner = self.bus.0.lock();
        let member = &mut inner.members[self.number];
        (member.listens, member.publishes) = (false, false);
        for publication in std::mem::take(&mut member.in_flight) {
            member.put_by(publication);
        }
    }

    fn listen_again(&self) -> bool {
        let mut inner = self.bus.0.lock();
        let way_back = inner.way_back;
        let member = &mut inner.members[self.number];
        if member.outages > 0 || member.is_gone || member.listens {
            return false;
        }
        member.listens = true;
        match way_back {
            Return::Whole => {
                let _ = member.stream.try_send(recheck(Topic::All));
            }
            Return::Deaf => member.wanted.clear(),
        }
        inner.trace.met("back on the bus");
        true
    }

    /// Others are given the time to come back too: what is sent before would reach nobody.
    async fn publish_again(&self) {
        let until = Instant::now() + GATHER;
        while Instant::now() < until {
            let all = {
                let inner = self.bus.0.lock();
                inner.members.iter().all(|member| member.is_gone || member.listens)
            };
            if all {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        let mut inner = self.bus.0.lock();
        let member = &mut inner.members[self.number];
        if member.outages > 0 || !member.listens {
            return;
        }
        member.publishes = true;
        let (kept, unsure) = (std::mem::take(&mut member.kept), std::mem::take(&mut member.unsure));
        for publication in kept.into_iter().chain(unsure.into_iter().map(recheck)) {
            inner.send(&self.bus, self.number, &publication);
        }
    }
}

impl Member {
    fn put_by(&mut self, publication: Publication) {
        match publication.payload.recovery() {
            Recovery::Resend => self.kept.push(publication),
            Recovery::Recheck if self.unsure.contains(&publication.topic) => {}
            Recovery::Recheck => self.unsure.push(publication.topic),
            Recovery::Drop => {}
        }
    }
}

fn recheck(topic: Topic) -> Publication {
    Publication { topic, payload: Payload::Recheck, at: Timestamp::default() }
}

fn away() -> BrokerError {
    BrokerError("the bus is away".to_owned())
}

#[async_trait]
impl Broker for SimBroker {
    async fn publish(&self, publication: Publication) -> Result<(), BrokerError> {
        {
            let mut inner = self.seat.bus.0.lock();
            let member = &mut inner.members[self.seat.number];
            if member.is_gone {
                return Err(away());
            } else if !member.publishes {
                member.put_by(publication.clone());
            } else if member.outages > 0 {
                member.in_flight.push(publication.clone());
            } else {
                inner.send(&self.seat.bus, self.seat.number, &publication);
            }
        }
        self.publish_here(publication).await
    }

    async fn publish_here(&self, publication: Publication) -> Result<(), BrokerError> {
        let stream = self.seat.bus.0.lock().members[self.seat.number].stream.clone();
        stream.send(publication).await.map_err(|_| away())
    }

    async fn subscribe(&self, topic: Topic) -> Result<(), BrokerError> {
        let wait = self.seat.bus.0.lock().rng.up_to(5);
        sleep(Duration::from_millis(wait)).await;
        let mut inner = self.seat.bus.0.lock();
        let member = &mut inner.members[self.seat.number];
        member.wanted.insert(topic);
        if member.listens && member.outages == 0 { Ok(()) } else { Err(away()) }
    }

    async fn unsubscribe(&self, topic: Topic) -> Result<(), BrokerError> {
        self.seat.bus.0.lock().members[self.seat.number].wanted.remove(&topic);
        Ok(())
    }

    fn take_stream(&self) -> Option<mpsc::Receiver<Publication>> {
        self.stream.lock().take()
    }

    async fn check(&self) -> Result<(), BrokerError> {
        let inner = self.seat.bus.0.lock();
        let member = &inner.members[self.seat.number];
        if member.listens && member.publishes && !member.is_gone { Ok(()) } else { Err(away()) }
    }

    fn spans_nodes(&self) -> bool {
        true
    }
}
