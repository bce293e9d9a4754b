//! All nodes' claims together: who is in which room and what everybody shows. A change of a claim is turned into what
//! the participants are told, so each node tells its own sessions exactly once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tidings_protocol::entity::{Person, Status};
use tidings_protocol::limits::LARGE_ROOM;
use tidings_protocol::{ClientSession, RoomId, UserId};

use super::claim::Claim;
use super::{Change, StatusChange};

/// Names a node's run: a node that is started again is another one.
pub(super) type NodeKey = u64;

#[derive(Debug, Default)]
pub(super) struct View {
    users: HashMap<UserId, Everywhere>,
    rooms: HashMap<RoomId, Occupants>,
    /// Rooms above [`LARGE_ROOM`] whose count has changed since it was last told.
    recount: HashSet<RoomId>,
}

/// A user on all nodes.
#[derive(Debug, Default)]
struct Everywhere {
    claims: HashMap<NodeKey, Claim>,
    name: String,
    shown: Option<Status>,
}

/// Users in a room, each with the number of nodes that claim it.
#[derive(Debug, Default)]
struct Occupants(BTreeMap<UserId, u32>);

impl Occupants {
    fn is_large(&self) -> bool {
        self.0.len() > LARGE_ROOM
    }
}

impl View {
    /// A node's claim is now this one. Rooms in `left` were left on purpose, others were lost.
    pub(super) fn set(
        &mut self,
        node: NodeKey,
        user: &UserId,
        mut claim: Claim,
        left: &[RoomId],
    ) -> Vec<Change> {
        let everywhere = self.users.entry(user.clone()).or_default();
        if !claim.name.is_empty() {
            everywhere.name.clone_from(&claim.name);
        }
        let rooms_of = |claim: &Claim| claim.rooms.iter().map(|(room, _)| room.clone()).collect();
        let before: BTreeSet<RoomId> = everywhere.claims.get(&node).map(rooms_of).unwrap_or_default();
        // A place is not taken by being held: it was left on purpose, and its node has not heard of that yet.
        claim.rooms.retain(|(room, sessions)| !sessions.is_empty() || before.contains(room));
        let now: BTreeSet<RoomId> = rooms_of(&claim);
        let shared: BTreeSet<RoomId> = everywhere.claims.values().flat_map(rooms_of).collect();
        if claim.is_empty() {
            everywhere.claims.remove(&node);
        } else {
            everywhere.claims.insert(node, claim);
        }
        let told: BTreeSet<RoomId> = shared.union(&now).cloned().collect();
        let name = everywhere.name.clone();
        let mut changes = Vec::new();
        for room in now.difference(&before) {
            if self.enter(room, user) {
                changes.push(Change::Joined { room: room.clone(), user: user.clone(), name: name.clone() });
            }
        }
        for room in before.difference(&now) {
            if self.withdraw(room, user) {
                let (room, user, name) = (room.clone(), user.clone(), name.clone());
                changes.push(if left.contains(&room) {
                    Change::Left { room, user, name }
                } else {
                    Change::Lost { room, user, name }
                });
            }
        }
        for room in left {
            changes.extend(self.leave(room, user, &name));
        }
        // Who is told of a coming knows that the user is online.
        let tell = |status| if status == Status::Online { &shared } else { &told };
        changes.extend(self.changed_status(user, tell));
        changes
    }

    /// A user has left a room on purpose: where no session is in it any more, places that are held go too.
    fn leave(&mut self, room: &RoomId, user: &UserId, name: &str) -> Option<Change> {
        if self.sessions_in(room, user, None) > 0 {
            return None;
        }
        let holding = self.users.get_mut(user)?.claims.values_mut();
        let mut held = 0;
        for claim in holding {
            let before = claim.rooms.len();
            claim.rooms.retain(|(id, _)| id != room);
            held += before - claim.rooms.len();
        }
        let mut told = false;
        for _ in 0..held {
            told |= self.withdraw(room, user);
        }
        told.then(|| Change::Left { room: room.clone(), user: user.clone(), name: name.to_owned() })
    }

    /// Users that a node claims.
    pub(super) fn users_of(&self, node: NodeKey) -> Vec<UserId> {
        self.users
            .iter()
            .filter(|(_, u)| u.claims.contains_key(&node))
            .map(|(user, _)| user.clone())
            .collect()
    }

    /// How many sessions of the user are in the room on all nodes, but for those of `client`.
    pub(super) fn sessions_in(&self, room: &RoomId, user: &UserId, but: Option<&ClientSession>) -> usize {
        let claims = self.users.get(user).map(|u| u.claims.values());
        claims.into_iter().flatten().map(|claim| claim.sessions_in(room, but)).sum()
    }

    /// Whether a client session has a place on some node.
    pub(super) fn has(&self, user: &UserId, client: &ClientSession) -> bool {
        let mut claims = self.users.get(user).into_iter().flat_map(|user| user.claims.values());
        claims.any(|claim| claim.seats.iter().any(|seat| seat.client.as_ref() == Some(client)))
    }

    pub(super) fn status(&self, user: &UserId) -> Status {
        self.users.get(user).and_then(|u| u.shown).unwrap_or(Status::Offline)
    }

    /// Users who are connected to some node, by id: the first `limit`, and how many.
    pub(super) fn connected(&self, limit: usize) -> (Vec<UserId>, usize) {
        let all = self.users.iter().filter(|(_, u)| u.claims.values().any(Claim::is_connected));
        let mut users: Vec<&UserId> = all.map(|(user, _)| user).collect();
        users.sort_unstable();
        (users.iter().take(limit).map(|user| (*user).clone()).collect(), users.len())
    }

    pub(super) fn participants(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: usize,
    ) -> (Vec<Person>, usize) {
        use std::ops::Bound;
        let Some(occupants) = self.rooms.get(room) else { return (Vec::new(), 0) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let people = occupants.0.range::<UserId, _>((from, Bound::Unbounded)).take(limit).map(|(user, _)| {
            let everywhere = self.users.get(user);
            let name = everywhere.map(|u| u.name.clone()).filter(|name| !name.is_empty());
            Person {
                user_id: user.clone(),
                name: name.unwrap_or_else(|| user.to_string()),
                status: self.status(user),
            }
        });
        (people.collect(), occupants.0.len())
    }

    pub(super) fn is_large(&self, room: &RoomId) -> bool {
        self.rooms.get(room).is_some_and(Occupants::is_large)
    }

    pub(super) fn take_recounts(&mut self) -> Vec<(RoomId, usize)> {
        let rooms = std::mem::take(&mut self.recount);
        let count = |room: &RoomId| self.rooms.get(room).map_or(0, |o| o.0.len());
        rooms.into_iter().map(|room| (room.clone(), count(&room))).collect()
    }

    /// One more node claims the user in the room. Whether the others are told.
    fn enter(&mut self, room: &RoomId, user: &UserId) -> bool {
        let nodes = self.rooms.entry(room.clone()).or_default().0.entry(user.clone()).or_default();
        *nodes += 1;
        *nodes == 1 && self.told(room)
    }

    /// One node less claims the user in the room. Whether the others are told.
    fn withdraw(&mut self, room: &RoomId, user: &UserId) -> bool {
        let Some(nodes) = self.rooms.get_mut(room).and_then(|o| o.0.get_mut(user)) else { return false };
        *nodes = nodes.saturating_sub(1);
        if *nodes > 0 {
            return false;
        }
        let told = self.told(room);
        if let Some(occupants) = self.rooms.get_mut(room) {
            occupants.0.remove(user);
            if occupants.0.is_empty() {
                self.rooms.remove(room);
            }
        }
        told
    }

    fn told(&mut self, room: &RoomId) -> bool {
        let large = self.is_large(room);
        if large {
            self.recount.insert(room.clone());
        }
        !large
    }

    fn changed_status<'r>(
        &mut self,
        user: &UserId,
        rooms: impl FnOnce(Status) -> &'r BTreeSet<RoomId>,
    ) -> Option<Change> {
        let everywhere = self.users.get_mut(user)?;
        let status = everywhere.status();
        let before = everywhere.shown.replace(status).unwrap_or(Status::Offline);
        if everywhere.claims.is_empty() {
            self.users.remove(user);
        }
        if before == status {
            return None;
        }
        let rooms = rooms(status).iter().filter(|room| !self.is_large(room)).cloned().collect();
        Some(Change::Status { user: user.clone(), change: StatusChange { status, rooms }, partners: None })
    }
}

impl Everywhere {
    /// What is open counts; where nothing is, what was lost a short while ago.
    fn status(&self) -> Status {
        let seats = || self.claims.values().flat_map(|claim| &claim.seats);
        let any_open = seats().any(|seat| !seat.held);
        let mut counted = seats().filter(|seat| !seat.held || !any_open).peekable();
        if counted.peek().is_none() {
            Status::Offline
        } else if counted.all(|seat| seat.away) {
            Status::Away
        } else {
            Status::Online
        }
    }
}
