//! Who is where: sessions of users, users in rooms, and what they show. A lost session keeps its place for a
//! grace time, so that a reload is no coming and going.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::entity::{Person, Status};
use tidings_protocol::limits::LARGE_ROOM;
use tidings_protocol::{RoomId, SessionId, UserId};
use tokio::time::Instant;

/// Sessions, users and rooms of this node.
#[derive(Debug)]
pub struct Presence {
    grace: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    users: HashMap<UserId, Here>,
    rooms: HashMap<RoomId, Occupants>,
    /// Rooms above [`LARGE_ROOM`] whose count has changed since it was last told.
    recount: HashSet<RoomId>,
}

#[derive(Debug)]
struct Here {
    name: String,
    sessions: HashMap<SessionId, OnlineStatus>,
    rooms: HashSet<RoomId>,
    shown: Status,
    lost_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct Occupants {
    users: BTreeMap<UserId, Occupant>,
}

#[derive(Debug, Default)]
struct Occupant {
    sessions: u32,
    lost_at: Option<Instant>,
}

/// A user's status changed, and these small rooms may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// What is shown now.
    pub status: Status,
    /// Rooms of at most [`LARGE_ROOM`] participants that the user is in.
    pub rooms: Vec<RoomId>,
}

/// What a room's participants are told of a coming or going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing: it was not the user's first or last session, or the room is large (its count is told later).
    Nobody,
    /// The others are told.
    Others,
}

/// What is left of a user after the grace time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The display name.
    pub name: String,
    /// Rooms whose others are told that the user is gone.
    pub rooms: Vec<RoomId>,
    /// The user is offline, where no session came back.
    pub offline: Option<StatusChange>,
}

impl Presence {
    /// Nobody is here yet. A lost session keeps its place for `grace`.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self { grace, inner: Mutex::default() }
    }

    /// How long a lost session keeps its place.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// A session came.
    pub fn connect(&self, user: &UserId, name: &str, session: &SessionId) -> Option<StatusChange> {
        let mut inner = self.inner.lock();
        let here = inner.users.entry(user.clone()).or_insert_with(|| Here {
            name: name.to_owned(),
            sessions: HashMap::new(),
            rooms: HashSet::new(),
            shown: Status::Offline,
            lost_at: None,
        });
        name.clone_into(&mut here.name);
        here.lost_at = None;
        here.sessions.insert(session.clone(), OnlineStatus::Online);
        inner.changed_status(user)
    }

    /// A session says what the others see.
    pub fn set_status(
        &self,
        user: &UserId,
        session: &SessionId,
        status: OnlineStatus,
    ) -> Option<StatusChange> {
        let mut inner = self.inner.lock();
        *inner.users.get_mut(user)?.sessions.get_mut(session)? = status;
        inner.changed_status(user)
    }

    /// A session of the user subscribed to a room.
    pub fn enter(&self, room: &RoomId, user: &UserId) -> Notice {
        let mut inner = self.inner.lock();
        if let Some(here) = inner.users.get_mut(user) {
            here.rooms.insert(room.clone());
        }
        let occupants = inner.rooms.entry(room.clone()).or_default();
        let first = !occupants.users.contains_key(user);
        let occupant = occupants.users.entry(user.clone()).or_default();
        occupant.sessions += 1;
        occupant.lost_at = None;
        if first { inner.told(room) } else { Notice::Nobody }
    }

    /// A session of the user unsubscribed from a room. The second value is whether it was the user's last there.
    pub fn leave(&self, room: &RoomId, user: &UserId) -> (Notice, bool) {
        let mut inner = self.inner.lock();
        let Some(occupant) = inner.rooms.get_mut(room).and_then(|o| o.users.get_mut(user)) else {
            return (Notice::Nobody, true);
        };
        occupant.sessions = occupant.sessions.saturating_sub(1);
        if occupant.sessions > 0 {
            return (Notice::Nobody, false);
        }
        (inner.remove(room, user), true)
    }

    /// How many sessions of the user are in the room.
    #[must_use]
    pub fn sessions_in(&self, room: &RoomId, user: &UserId) -> u32 {
        self.inner.lock().rooms.get(room).and_then(|o| o.users.get(user)).map_or(0, |o| o.sessions)
    }

    /// A session is lost. Returns whether [`Presence::expire`] is to be asked after the grace time.
    pub fn lose(&self, user: &UserId, session: &SessionId, rooms: &[RoomId]) -> bool {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        for room in rooms {
            if let Some(occupant) = inner.rooms.get_mut(room).and_then(|o| o.users.get_mut(user)) {
                occupant.sessions = occupant.sessions.saturating_sub(1);
                if occupant.sessions == 0 {
                    occupant.lost_at = Some(now);
                }
            }
        }
        let Some(here) = inner.users.get_mut(user) else { return false };
        here.sessions.remove(session);
        if here.sessions.is_empty() {
            here.lost_at = Some(now);
        }
        true
    }

    /// Takes out what was lost and has not come back within the grace time.
    pub fn expire(&self, user: &UserId) -> Option<Gone> {
        let now = Instant::now();
        let is_over = |lost_at: Option<Instant>| lost_at.is_some_and(|at| now >= at + self.grace);
        let mut inner = self.inner.lock();
        let here = inner.users.get(user)?;
        let name = here.name.clone();
        let gone_from: Vec<RoomId> = here
            .rooms
            .iter()
            .filter(|room| {
                let occupant = inner.rooms.get(*room).and_then(|o| o.users.get(user));
                occupant.is_some_and(|o| o.sessions == 0 && is_over(o.lost_at))
            })
            .cloned()
            .collect();
        let user_is_gone = here.sessions.is_empty() && is_over(here.lost_at);
        let offline = if user_is_gone { inner.changed_status(user) } else { None };
        let rooms = gone_from.into_iter().filter(|room| inner.remove(room, user) == Notice::Others).collect();
        if user_is_gone {
            inner.users.remove(user);
        }
        Some(Gone { name, rooms, offline })
    }

    /// What others see of a user.
    #[must_use]
    pub fn status(&self, user: &UserId) -> Status {
        self.inner.lock().users.get(user).map_or(Status::Offline, |h| h.shown)
    }

    /// Participants of a room by id, above `after`, at most `limit`; and how many there are.
    #[must_use]
    pub fn participants(&self, room: &RoomId, after: Option<&UserId>, limit: usize) -> (Vec<Person>, usize) {
        use std::ops::Bound;
        let inner = self.inner.lock();
        let Some(occupants) = inner.rooms.get(room) else { return (Vec::new(), 0) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let people = occupants
            .users
            .range::<UserId, _>((from, Bound::Unbounded))
            .take(limit)
            .map(|(user, _)| {
                let here = inner.users.get(user);
                Person {
                    user_id: user.clone(),
                    name: here.map_or_else(|| user.to_string(), |h| h.name.clone()),
                    status: here.map_or(Status::Offline, |h| h.shown),
                }
            })
            .collect();
        (people, occupants.users.len())
    }

    /// Whether single comings and goings, and presence, are told in the room.
    #[must_use]
    pub fn is_large(&self, room: &RoomId) -> bool {
        self.inner.lock().rooms.get(room).is_some_and(Occupants::is_large)
    }

    /// Large rooms whose count has changed since this was last asked, with the count.
    pub fn take_recounts(&self) -> Vec<(RoomId, usize)> {
        let mut inner = self.inner.lock();
        let rooms = std::mem::take(&mut inner.recount);
        rooms
            .into_iter()
            .map(|room| {
                let count = inner.rooms.get(&room).map_or(0, |o| o.users.len());
                (room, count)
            })
            .collect()
    }
}

impl Occupants {
    fn is_large(&self) -> bool {
        self.users.len() > LARGE_ROOM
    }
}

impl Inner {
    /// Recomputes what a user shows.
    fn changed_status(&mut self, user: &UserId) -> Option<StatusChange> {
        let here = self.users.get_mut(user)?;
        let status = if here.sessions.is_empty() {
            Status::Offline
        } else if here.sessions.values().all(|s| *s == OnlineStatus::Away) {
            Status::Away
        } else {
            Status::Online
        };
        if std::mem::replace(&mut here.shown, status) == status {
            return None;
        }
        let small = |room: &&RoomId| !self.rooms.get(*room).is_some_and(Occupants::is_large);
        Some(StatusChange { status, rooms: here.rooms.iter().filter(small).cloned().collect() })
    }

    fn remove(&mut self, room: &RoomId, user: &UserId) -> Notice {
        let notice = self.told(room);
        if let Some(here) = self.users.get_mut(user) {
            here.rooms.remove(room);
        }
        if let Some(occupants) = self.rooms.get_mut(room) {
            occupants.users.remove(user);
            if occupants.users.is_empty() {
                self.rooms.remove(room);
            }
        }
        notice
    }

    fn told(&mut self, room: &RoomId) -> Notice {
        if self.rooms.get(room).is_some_and(Occupants::is_large) {
            self.recount.insert(room.clone());
            Notice::Nobody
        } else {
            Notice::Others
        }
    }
}
