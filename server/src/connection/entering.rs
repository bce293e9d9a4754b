//! Coming into rooms: the session is subscribed first, and then it is read where they stand, once for all of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tidings_protocol::data::{Gap, GapReason, RoomParticipants};
use tidings_protocol::entity::{Marker, RoomKind};
use tidings_protocol::limits::{MAX_ROOMS_PER_SESSION, PEOPLE_LISTED};
use tidings_protocol::{Code, Epoch, Event, RoomId};

use super::logs::{LogId, Phase, Position, RoomLog};
use super::opening::{Start, start};
use super::session::Session;
use crate::error::Error;
use crate::node::Outcome;
use crate::node::rooms::unexpected;
use crate::outbox::Slot;

/// Where a client says that it stands in a room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// The last position that it has seen; without one nothing is replayed.
    pub after: Option<u64>,
    /// The epoch that the position belongs to.
    pub epoch: Option<&'a Epoch>,
    /// Whether a session that is in the room already is put back there.
    pub rewind: bool,
}

/// A room that a session came into: what it is answered with.
#[derive(Clone, Debug)]
pub struct Entered {
    /// `ROOM_PARTICIPANTS`.
    pub participants: Event,
    /// `GAP`, where something is left out.
    pub gap: Option<Event>,
}

/// Where rooms and the user's inbox stand, read behind the subscription: what comes later than these positions is in the
/// outbox.
#[derive(Debug)]
pub struct Snapshot {
    heads: HashMap<RoomId, u64>,
    markers: Arc<BTreeMap<RoomId, Vec<Marker>>>,
    /// Position of the newest entry in the inbox.
    pub inbox: u64,
}

impl Session {
    /// Whether the session has place for this room beside so many that it is about to come into.
    pub(crate) fn has_place_for(&self, room_id: &RoomId, coming: usize) -> bool {
        self.logs.room_count() + coming < MAX_ROOMS_PER_SESSION || self.logs.find(room_id).is_some()
    }

    /// Subscribes the session to rooms of which its user is a member, and reads where they stand. Each of them is to be
    /// entered then.
    pub(crate) async fn subscribe(&mut self, rooms: &[RoomId]) -> Outcome<Snapshot> {
        let node = Arc::clone(&self.services.node);
        for room_id in rooms {
            if let Some(slot) = self.logs.expect(room_id) {
                node.subscribe(room_id, &self.outbox, slot).await;
            }
        }
        let snapshot = self.snapshot(rooms).await;
        if snapshot.is_err() {
            while let Some(room_id) = self.logs.expected() {
                node.unsubscribe(&room_id, self.outbox.session_id()).await;
                self.logs.arrive(&room_id);
            }
        }
        snapshot
    }

    async fn snapshot(&self, rooms: &[RoomId]) -> Outcome<Snapshot> {
        let readings = self.services.node.readings();
        let user = &self.principal.user_id;
        let (heads, inbox) = readings.heads(rooms, user).await?;
        let markers = if rooms.is_empty() { Arc::default() } else { readings.markers(rooms).await? };
        Ok(Snapshot { heads, markers, inbox })
    }

    /// Brings the session into a room that it was subscribed to, from a position on. In a room that it is in already,
    /// nothing changes, unless it is to be put back.
    pub(crate) async fn enter(
        &mut self,
        room_id: &RoomId,
        kind: RoomKind,
        place: Place<'_>,
        snapshot: &Snapshot,
    ) -> Outcome<Entered> {
        let Place { after, epoch, rewind } = place;
        let node = Arc::clone(&self.services.node);
        let here = self.logs.find(room_id).map(|room| (room.slot, room.position.last));
        let slot = self.logs.arrive(room_id);
        let Some(head) = snapshot.heads.get(room_id).copied() else {
            if slot.is_some() {
                node.unsubscribe(room_id, self.outbox.session_id()).await;
            }
            return Err(Code::NotAMember.into());
        };
        let same_epoch = epoch.is_none_or(|e| e == node.epoch());
        let begin = |after| start(after, same_epoch, head, node.settings().replay_limit);
        let Start { last, gap } = match (here, slot) {
            (Some((slot, at)), _) => match after.filter(|_| rewind) {
                Some(after) => {
                    let start = begin(Some(after)).behind(at);
                    self.put_back(slot, start.last, head);
                    start
                }
                None => begin(None),
            },
            (None, Some(slot)) => {
                let start = begin(after);
                let (last, direct) = (start.last, kind == RoomKind::Direct);
                let position = Position { last, phase: Phase::Live };
                self.logs.add(RoomLog { slot, room_id: room_id.clone(), direct, position, delivered: last });
                if last < head {
                    self.replay(slot, direct, head - last);
                }
                if !self.is_aside {
                    node.entered(&self.principal, room_id, self.outbox.session_id()).await;
                }
                start
            }
            (None, None) => return Err(unexpected()),
        };
        let (people, count) = node.presence().participants(room_id, None, PEOPLE_LISTED);
        let participants = Event::RoomParticipants(RoomParticipants {
            room_id: room_id.clone(),
            participants: people.iter().map(|p| p.user_id.clone()).collect(),
            people,
            count: count as u64,
            head_seq: head,
            replay_from: last + 1,
            markers: snapshot.markers.get(room_id).cloned().unwrap_or_default(),
        });
        let gap = gap.map(|(from, to, reason)| gap_in(room_id, from, to, reason));
        Ok(Entered { participants, gap })
    }

    /// Puts the session back to where a room is to be followed from, where it stands further on.
    fn put_back(&mut self, slot: Slot, last: u64, head: u64) {
        if let Some(room) = self.logs.slot(slot)
            && last < room.position.last
        {
            room.position.last = last;
            let direct = room.direct;
            self.replay(slot, direct, head.saturating_sub(last));
        }
    }

    /// Reads a room's log, in which so much lies ahead. Live entries of a direct room come by the inbox, which waits until
    /// the room is read; a paused one is read when the client has said where it stands.
    fn replay(&mut self, slot: Slot, direct: bool, ahead: u64) {
        self.read_log(LogId::Room(slot), Some(ahead));
        if direct && self.logs.inbox.phase != Phase::Paused {
            self.read_log(LogId::Inbox, None);
        }
    }
}

/// Why a session that holds as many rooms as it may comes into no other.
pub(crate) fn no_place() -> Error {
    Error::new(Code::Limit).detail(format!("a session holds at most {MAX_ROOMS_PER_SESSION} rooms"))
}

fn gap_in(room_id: &RoomId, from: u64, to: u64, reason: GapReason) -> Event {
    Event::Gap(Gap { room_id: Some(room_id.clone()), inbox: false, from, to, reason })
}
