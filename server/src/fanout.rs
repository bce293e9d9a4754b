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
use self::held::Held;
use crate::broker::{Except, Payload, Publication, Topic};
use crate::clock::{Clock, until};
use crate::frames;
use crate::hub::{AtOnce, Hub};
use crate::metrics::Metrics;
use crate::revocation::Revocations;
use crate::store::{Entry, Heads, Store, StoreError};

mod compare;
mod held;

/// Rechecks are gathered for this long.
const GATHER: Duration = Duration::from_millis(20);
/// A recheck that the store could not answer is tried again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// Publications that are dealt with at a time: of a room, those that lie without a hole go to each session together.
const BATCH: usize = 64;
/// Sessions that are written to from here for one batch. The rest is woken, and written to on all cores.
const WRITTEN_AT_ONCE: usize = 1024;
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
    let mut batch = Vec::new();
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
            count = stream.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                // Where much waits, each session is to write all of it with one call.
                let at_once = if stream.is_empty() { WRITTEN_AT_ONCE } else { 0 };
                fanout.on_batch(batch.drain(..), AtOnce::up_to(at_once));
            }
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

/// What the store has answered.
enum Answer {
    Page(RoomId, Result<Vec<Entry>, StoreError>),
    Found(Result<Found, StoreError>, Unsure),
}

impl Fanout {
    /// Entries of different rooms may change places, as their ways here are different ones too; nothing else does.
    fn on_batch(&mut self, batch: impl Iterator<Item = Publication>, mut at_once: AtOnce) {
        let mut rooms: BTreeMap<RoomId, Vec<(u64, Utf8Bytes)>> = BTreeMap::new();
        for Publication { topic, payload, at } in batch {
            if at != Timestamp::default() {
                self.parts.metrics.broker_lag(until(at, self.parts.clock.now()));
            }
            match (topic, payload) {
                (Topic::Room(room), Payload::Entry { seq, frame }) => {
                    rooms.entry(room).or_default().push((seq, frame));
                }
                (topic, payload) => {
                    self.on_entries(&mut rooms, &mut at_once);
                    self.on_other(Publication { topic, payload, at }, &mut at_once);
                }
            }
        }
        self.on_entries(&mut rooms, &mut at_once);
        // Who is woken counts for itself.
        for (kind, frames) in at_once.written() {
            self.parts.metrics.websocket.sent_counter(kind).inc_by(*frames);
        }
    }

    fn on_other(&mut self, publication: Publication, at_once: &mut AtOnce) {
        match publication.payload {
            Payload::Recheck => self.recheck(publication.topic),
            Payload::Gossip { json } => {
                // A full way means much news: what was missed is asked for again.
                let _ = self.parts.gossip.try_send(json);
            }
            Payload::Revoked => {
                self.parts.revocations.hint();
                self.parts.hub.deliver(&publication, at_once);
            }
            Payload::Entry { .. }
            | Payload::Inbox { .. }
            | Payload::Notice { .. }
            | Payload::NoticeState { .. }
            | Payload::Signal { .. }
            | Payload::Presence { .. }
            | Payload::Evict { .. }
            | Payload::Fence { .. } => self.parts.hub.deliver(&publication, at_once),
        }
    }

    fn on_entries(&mut self, rooms: &mut BTreeMap<RoomId, Vec<(u64, Utf8Bytes)>>, at_once: &mut AtOnce) {
        while let Some((room, arrived)) = rooms.pop_first() {
            let first = arrived.first().map_or(0, |(seq, _)| *seq);
            let is_whole = arrived.iter().zip(first..).all(|((at, _), seq)| *at == seq);
            let follows = self.parts.hub.missing_before(&room, first).is_none();
            if is_whole && follows && !self.held.contains_key(&room) {
                let frames: Vec<Utf8Bytes> = arrived.into_iter().map(|(_, frame)| frame).collect();
                self.parts.hub.deliver_entries(&room, first, frames, at_once);
            } else {
                for entry in arrived {
                    self.on_entry(&room, entry);
                }
            }
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
                    self.deliver(&room, entry.seq, frames::entry(&entry));
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
            let publication = Publication { topic: Topic::User(user.clone()), payload, at };
            self.parts.hub.deliver(&publication, &mut AtOnce::default());
        }
    }
}

#[cfg(test)]
mod tests;
