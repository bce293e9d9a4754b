//! From the broker's stream to the hub. Where the stream skips entries of a room, what comes after them is held back
//! for a moment, then the missing ones are read from the log; nothing else waits for that.
//!
//! A recheck compares what was handed over with the logs themselves, so that a lost last entry is noticed too, and who
//! is in private rooms with their members, so that a lost eviction is. `compare` asks the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::Membership;
use tidings_protocol::{Event, RoomId, Timestamp, UserId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use self::compare::{Found, Unsure};
use crate::broker::{Except, Payload, Publication, Topic};
use crate::clock::{Clock, until};
use crate::frames;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::revocation::Revocations;
use crate::store::{Entry, Heads, Store, StoreError};

mod compare;

/// Entries read at once where the stream has skipped some.
const PAGE: u32 = 200;
/// Entries of two nodes may overtake each other on their ways; what is missing gets this long to come.
const HOLD: Duration = Duration::from_millis(20);
/// Entries of one room that are held back; those above are read from the log in their turn.
const HELD: usize = 256;
/// Rechecks are gathered for this long.
const GATHER: Duration = Duration::from_millis(20);
/// A recheck that the store could not answer is tried again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// Answers of the store that wait for their turn.
const ANSWERS: usize = 64;

/// What a fan-out works with.
pub struct Parts {
    /// Whose sessions are served.
    pub hub: Arc<Hub>,
    /// What is read where something is missing.
    pub store: Arc<dyn Store>,
    /// The time of day.
    pub clock: Clock,
    /// Told where somebody's word was taken back.
    pub revocations: Arc<Revocations>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Where other nodes' word of who is where goes; what does not fit is made up for later.
    pub gossip: mpsc::Sender<Utf8Bytes>,
    /// How often everything is rechecked; `None` where no other node can have written.
    pub recheck_every: Option<Duration>,
}

/// Runs until the broker's stream ends.
pub async fn run(mut stream: mpsc::Receiver<Publication>, parts: Parts) {
    let (answers, mut answered) = mpsc::channel(ANSWERS);
    let next_recheck = parts.recheck_every.map(|every| Instant::now() + every);
    let mut fanout = Fanout {
        parts,
        answers,
        held: HashMap::new(),
        unsure: Unsure::default(),
        asking: false,
        ask_at: None,
        next_recheck,
    };
    loop {
        let due = fanout.next_due();
        tokio::select! {
            publication = stream.recv() => match publication {
                Some(publication) => fanout.on_publication(publication),
                None => return,
            },
            Some(answer) = answered.recv() => fanout.on_answer(answer),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => fanout.on_time(),
        }
    }
}

struct Fanout {
    parts: Parts,
    answers: mpsc::Sender<Answer>,
    held: HashMap<RoomId, Held>,
    unsure: Unsure,
    /// The store is being asked where logs stand.
    asking: bool,
    ask_at: Option<Instant>,
    next_recheck: Option<Instant>,
}

/// A room whose entries are held back until those before them have come.
struct Held {
    entries: BTreeMap<u64, (Utf8Bytes, Timestamp)>,
    /// The log is known to reach as far as this.
    head: u64,
    /// When the log is read; `None` while it is being read.
    read_at: Option<Instant>,
}

/// What the store has answered.
enum Answer {
    Page(RoomId, Result<Vec<Entry>, StoreError>),
    Found(Result<Found, StoreError>, Unsure),
}

impl Fanout {
    fn on_publication(&mut self, publication: Publication) {
        let Publication { topic, payload, at } = publication;
        if at != Timestamp::default() {
            self.parts.metrics.broker_lag(until(at, self.parts.clock.now()));
        }
        match (topic, payload) {
            (Topic::Room(room), Payload::Entry { seq, frame }) => self.on_entry(room, seq, frame, at),
            (topic, Payload::Recheck) => self.recheck(topic),
            (_, Payload::Gossip { json }) => {
                // A full way means much news: what was missed is asked for again.
                let _ = self.parts.gossip.try_send(json);
            }
            (topic, payload) => {
                if payload == Payload::Revoked {
                    self.parts.revocations.hint();
                }
                self.parts.hub.deliver(&Publication { topic, payload, at });
            }
        }
    }

    fn on_entry(&mut self, room: RoomId, seq: u64, frame: Utf8Bytes, at: Timestamp) {
        if let Some(held) = self.held.get_mut(&room) {
            held.head = held.head.max(seq);
            if held.entries.len() < HELD {
                held.entries.insert(seq, (frame, at));
            }
            self.release(&room);
        } else if self.parts.hub.missing_before(&room, seq).is_some() {
            let entries = BTreeMap::from([(seq, (frame, at))]);
            self.held.insert(room, Held { entries, head: seq, read_at: Some(Instant::now() + HOLD) });
        } else {
            self.deliver(&room, seq, frame, at);
        }
    }

    fn deliver(&self, room: &RoomId, seq: u64, frame: Utf8Bytes, at: Timestamp) {
        let payload = Payload::Entry { seq, frame };
        self.parts.hub.deliver(&Publication { topic: Topic::Room(room.clone()), payload, at });
    }

    /// Hands over what is held and follows without a gap; a room of which nothing is missing is held no more.
    fn release(&mut self, room: &RoomId) {
        let Some(mut held) = self.held.remove(room) else { return };
        while let Some((seq, (frame, at))) = held.entries.pop_first() {
            if self.parts.hub.missing_before(room, seq).is_some() {
                held.entries.insert(seq, (frame, at));
                break;
            }
            self.deliver(room, seq, frame, at);
        }
        if self.parts.hub.missing_before(room, held.head.saturating_add(1)).is_some() {
            self.held.insert(room.clone(), held);
        }
    }

    fn recheck(&mut self, topic: Topic) {
        match topic {
            Topic::Room(room) => {
                self.unsure.rooms.insert(room);
            }
            Topic::User(user) => {
                self.unsure.users.insert(user);
            }
            Topic::All => {
                self.unsure.rooms.extend(self.parts.hub.rooms());
                self.unsure.users.extend(self.parts.hub.connected_users());
                // Whoever took a word back may not have been heard either.
                self.parts.revocations.hint();
            }
        }
        self.ask_at.get_or_insert_with(|| Instant::now() + GATHER);
    }

    fn next_due(&self) -> Option<Instant> {
        let reads = self.held.values().filter_map(|held| held.read_at).min();
        let asks = if self.asking { None } else { self.ask_at };
        [reads, asks, self.next_recheck].into_iter().flatten().min()
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.next_recheck.is_some_and(|at| at <= now) {
            self.next_recheck = self.parts.recheck_every.map(|every| now + every);
            self.recheck(Topic::All);
        }
        let due: Vec<RoomId> = self
            .held
            .iter()
            .filter(|(_, held)| held.read_at.is_some_and(|at| at <= now))
            .map(|(room, _)| room.clone())
            .collect();
        for room in due {
            self.read(&room);
        }
        if !self.asking && self.ask_at.is_some_and(|at| at <= now) {
            self.ask();
        }
    }

    /// Reads what is missing before the first entry that is held.
    fn read(&mut self, room: &RoomId) {
        let Some(held) = self.held.get_mut(room) else { return };
        held.read_at = None;
        let Some(after) = self.parts.hub.missing_before(room, held.head.saturating_add(1)) else {
            self.held.remove(room);
            return;
        };
        let (store, answers, room) = (Arc::clone(&self.parts.store), self.answers.clone(), room.clone());
        tokio::spawn(async move {
            let page = store.log(&room, after, PAGE).await;
            // Without a fan-out nobody is to be served.
            let _ = answers.send(Answer::Page(room, page)).await;
        });
    }

    fn ask(&mut self) {
        self.ask_at = None;
        let unsure = std::mem::take(&mut self.unsure);
        if unsure.is_empty() {
            return;
        }
        self.asking = true;
        let (store, hub) = (Arc::clone(&self.parts.store), Arc::clone(&self.parts.hub));
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let found = compare::ask(&*store, &hub, &unsure).await;
            let _ = answers.send(Answer::Found(found, unsure)).await;
        });
    }

    fn on_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Page(room, Ok(entries)) => {
                let was_empty = entries.is_empty();
                for entry in entries {
                    self.deliver(&room, entry.seq, frames::entry(&entry), entry.at);
                }
                self.release(&room);
                if was_empty {
                    self.let_go(&room);
                } else if let Some(held) = self.held.get_mut(&room) {
                    held.read_at = Some(Instant::now());
                }
            }
            Answer::Page(room, Err(error)) => {
                tracing::warn!(%error, "a log could not be read; its sessions notice and read it later");
                self.let_go(&room);
            }
            Answer::Found(found, unsure) => {
                self.asking = false;
                match found {
                    Ok(Found { heads, outsiders }) => {
                        heads.iter().for_each(|heads| self.compare(heads));
                        outsiders.into_iter().for_each(|(room, user)| self.evict(room, user));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "what was handed over could not be compared with the logs");
                        self.unsure.rooms.extend(unsure.rooms);
                        self.unsure.users.extend(unsure.users);
                        self.ask_at = Some(Instant::now() + RETRY);
                    }
                }
            }
        }
    }

    /// Hands over what is held although something before it is missing: each session notices by itself.
    fn let_go(&mut self, room: &RoomId) {
        let Some(held) = self.held.remove(room) else { return };
        for (seq, (frame, at)) in held.entries {
            self.deliver(room, seq, frame, at);
        }
        self.parts.hub.tell_room_head(room, held.head);
    }

    fn compare(&mut self, heads: &Heads) {
        for (room, head) in &heads.rooms {
            if let Some(held) = self.held.get_mut(room) {
                held.head = held.head.max(*head);
                continue;
            }
            if self.parts.hub.missing_before(room, head.saturating_add(1)).is_some() {
                let held = Held { entries: BTreeMap::new(), head: *head, read_at: None };
                self.held.insert(room.clone(), held);
                self.read(room);
            } else {
                // Of a room of which nothing was handed over yet, each session knows where it stands.
                self.parts.hub.tell_room_head(room, *head);
            }
        }
        for (user, of_user) in &heads.users {
            self.parts.hub.tell_user_heads(user, of_user.inbox, of_user.notification, heads.broadcast);
        }
    }

    /// Does what was not heard from the node that put the user out.
    fn evict(&self, room_id: RoomId, user: UserId) {
        let out = Membership { room_id: room_id.clone(), member: false, room: None };
        let at = self.parts.clock.now();
        let frame = frames::encode(Event::Membership(Box::new(out)), at);
        for payload in [
            Payload::Evict { room_id, only: None },
            Payload::Signal { frame, droppable: false, except: Except::Nobody },
        ] {
            self.parts.hub.deliver(&Publication { topic: Topic::User(user.clone()), payload, at });
        }
    }
}

#[cfg(test)]
mod tests;
