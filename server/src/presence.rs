//! Who is where, on all nodes: sessions of users, users in rooms, and what they show. A lost session keeps its place for
//! a grace time, so that a reload is no coming and going.
//!
//! Each node knows its own sessions, tells the others what it knows, and holds all nodes' word together in memory.
//! Nothing of it is stored: a node that has missed something asks for all of it. What participants are told follows
//! from changes of that view, so every node tells its own sessions, each once.
//!
//! - [`Change`]: what this node's sessions are told.
//! - `claim`: what one node knows of one user. `here`: this node's sessions. `shown`: what those without a connection of
//!   their own want to be shown as.
//! - `view`: all nodes' claims together. `gossip`: how nodes come to know each other's;
//!   `exchange`: what follows from it.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::entity::{Person, Status};
use tidings_protocol::{ClientSession, RoomId, SessionId, UserId};
use tokio::time::Instant;

mod change;
mod claim;
mod exchange;
mod gossip;
mod here;
mod shown;
mod view;

pub use self::change::{Change, StatusChange};
use self::gossip::{Gossip, Said, Show};
use self::here::{Here, Sitting, Until};
use self::shown::Shown;
use self::view::View;
use crate::random;

/// Sessions, users and rooms of all nodes, as far as this one knows.
#[derive(Debug)]
pub struct Presence {
    grace: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    here: HashMap<UserId, Here>,
    view: View,
    gossip: Gossip,
    shown: Shown,
    /// Who has left a room here, but not the last session in it as far as was known: another node's may have left at
    /// the same time.
    leaving: HashMap<(UserId, RoomId), Instant>,
}

/// How long another node's word of a leave may take.
const LEAVING: Duration = Duration::from_secs(30);
/// Leaves that are remembered for that at most.
const MAX_LEAVING: usize = 100_000;

/// A session that comes.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Whose it is.
    pub user: &'a UserId,
    /// The display name.
    pub name: &'a str,
    /// The session.
    pub session: &'a SessionId,
    /// Its client session.
    pub client: Option<&'a ClientSession>,
}

impl Presence {
    /// Nobody is here yet. A lost session keeps its place for `grace`; a node that is silent for `lease` is dead.
    /// Without a lease there are no other nodes.
    #[must_use]
    pub fn new(grace: Duration, node: &str, lease: Option<Duration>) -> Self {
        // Clients of a dead node have at least the grace time to come back.
        let lease = lease.map(|lease| lease.max(grace));
        let gossip = Gossip::new(random::number(), node.to_owned(), lease);
        let (here, view, shown) = (HashMap::new(), View::default(), Shown::default());
        Self { grace, inner: Mutex::new(Inner { here, view, gossip, shown, leaving: HashMap::new() }) }
    }

    /// A session came.
    pub fn connect(&self, arrival: Arrival<'_>) -> Vec<Change> {
        let Arrival { user, name, session, client } = arrival;
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let wish = client.and_then(|client| inner.shown.of(user, client, now));
        let here = inner.here.entry(user.clone()).or_default();
        name.clone_into(&mut here.name);
        if let Some(client) = client {
            here.replace_lease(client, now + self.grace);
        }
        let (away, said_at) = wish.map_or((false, None), |wish| (wish.away, Some(wish.said_at)));
        let sitting = Sitting { client: client.cloned(), away, said_at, opened: now, until: Until::Open };
        here.sessions.insert(session.clone(), sitting);
        inner.refresh(user, None, now)
    }

    /// A stream of notifications came, which shows nothing to others.
    pub fn open_stream(&self, user: &UserId, name: &str) -> Vec<Change> {
        let mut inner = self.inner.lock();
        let here = inner.here.entry(user.clone()).or_default();
        name.clone_into(&mut here.name);
        here.streams += 1;
        inner.refresh(user, None, Instant::now())
    }

    /// A session says what the others see.
    pub fn set_status(&self, user: &UserId, session: &SessionId, status: OnlineStatus) -> Vec<Change> {
        let (mut inner, now, away) = (self.inner.lock(), Instant::now(), status == OnlineStatus::Away);
        let Inner { here, shown, .. } = &mut *inner;
        let sitting = here.get_mut(user).and_then(|here| here.sessions.get_mut(session));
        let Some(sitting) = sitting else { return Vec::new() };
        // What its client session has said by a request is out of date by this.
        if let Some(client) = sitting.client.clone().filter(|client| shown.has(user, client)) {
            return inner.show_own(user, &client, away, now);
        }
        sitting.away = away;
        inner.refresh(user, None, now)
    }

    /// A client session without a connection of its own says what the others see: on whatever node its stream is,
    /// and in its next polls too.
    pub fn set_client_status(
        &self,
        user: &UserId,
        client: &ClientSession,
        status: OnlineStatus,
    ) -> Vec<Change> {
        self.inner.lock().show_own(user, client, status == OnlineStatus::Away, Instant::now())
    }

    /// A session of the user subscribed to a room.
    pub fn enter(&self, room: &RoomId, user: &UserId, session: &SessionId) -> Vec<Change> {
        let mut inner = self.inner.lock();
        inner.leaving.remove(&(user.clone(), room.clone()));
        let here = inner.here.entry(user.clone()).or_default();
        let place = here.rooms.entry(room.clone()).or_default();
        place.sessions.insert(session.clone());
        place.held_until = None;
        inner.refresh(user, None, Instant::now())
    }

    /// A session of the user unsubscribed from a room. The second value is whether it was the user's last there.
    pub fn leave(&self, room: &RoomId, user: &UserId, session: &SessionId) -> (Vec<Change>, bool) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        if let Some(here) = inner.here.get_mut(user)
            && let Some(place) = here.rooms.get_mut(room)
        {
            place.sessions.remove(session);
            place.held_until = None;
        }
        let changes = inner.refresh(user, Some(room), now);
        let last = inner.view.sessions_in(room, user, None) == 0;
        inner.remember_leave(user, room, last, now);
        (changes, last)
    }

    /// A client session leaves a room by a request: what it has left there between two polls goes, on every node.
    /// The second value is whether no other session of the user is there.
    pub fn leave_by_request(
        &self,
        room: &RoomId,
        user: &UserId,
        client: &ClientSession,
    ) -> (Vec<Change>, bool) {
        let mut inner = self.inner.lock();
        let (last, now) = (inner.view.sessions_in(room, user, Some(client)) == 0, Instant::now());
        inner.remember_leave(user, room, last, now);
        let said = Said::Leave { user: user.clone(), client: client.clone(), room: room.clone() };
        inner.gossip.say(said);
        (inner.end_lease(room, user, client, now), last)
    }

    /// How long a lost session keeps its place.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// How many sessions of the user are in the room, on all nodes.
    #[must_use]
    pub fn sessions_in(&self, room: &RoomId, user: &UserId) -> usize {
        self.inner.lock().view.sessions_in(room, user, None)
    }

    /// A session is lost. Its place is held for the grace time; that of a poll until `lease`, as if it were open.
    /// Returns when [`Presence::expire`] is to be asked, and what has changed already.
    pub fn lose(
        &self,
        user: &UserId,
        session: &SessionId,
        lease: Option<Instant>,
    ) -> (Option<Instant>, Vec<Change>) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let Some(here) = inner.here.get_mut(user) else { return (None, Vec::new()) };
        let Some(sitting) = here.sessions.get_mut(session) else {
            here.streams = here.streams.saturating_sub(1);
            return (None, inner.refresh(user, None, now));
        };
        let until = lease.unwrap_or(now + self.grace);
        sitting.until = if lease.is_some() { Until::Leased(until) } else { Until::Held(until) };
        if lease.is_none() {
            for place in here.rooms.values_mut() {
                if place.sessions.remove(session) && place.sessions.is_empty() {
                    place.held_until = Some(until);
                }
            }
        }
        (Some(until), inner.refresh(user, None, now))
    }

    /// Takes out what was lost and has not come back in time.
    pub fn expire(&self, user: &UserId) -> Vec<Change> {
        self.inner.lock().refresh(user, None, Instant::now())
    }

    /// What others see of a user.
    #[must_use]
    pub fn status(&self, user: &UserId) -> Status {
        self.inner.lock().view.status(user)
    }

    /// Participants of a room by id, above `after`, at most `limit`; and how many there are.
    #[must_use]
    pub fn participants(&self, room: &RoomId, after: Option<&UserId>, limit: usize) -> (Vec<Person>, usize) {
        self.inner.lock().view.participants(room, after, limit)
    }

    /// Users who are connected to some node: the first `limit` by id, and how many.
    #[must_use]
    pub fn connected(&self, limit: usize) -> (Vec<UserId>, usize) {
        self.inner.lock().view.connected(limit)
    }

    /// The names of all nodes, this one's too, in order.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        let mut names = self.inner.lock().gossip.names();
        names.sort_unstable();
        names
    }

    /// Whether single comings and goings, and presence, are told in the room.
    #[must_use]
    pub fn is_large(&self, room: &RoomId) -> bool {
        self.inner.lock().view.is_large(room)
    }

    /// Large rooms whose count has changed since this was last asked, with the count.
    pub fn take_recounts(&self) -> Vec<(RoomId, usize)> {
        self.inner.lock().view.take_recounts()
    }
}

impl Inner {
    /// Brings the view to what this node's own sessions are now.
    fn refresh(&mut self, user: &UserId, left: Option<&RoomId>, now: Instant) -> Vec<Change> {
        let Some(here) = self.here.get_mut(user) else { return Vec::new() };
        here.expire(now);
        let claim = here.claim(now);
        if claim.is_empty() {
            self.here.remove(user);
        }
        let left: Vec<RoomId> = left.into_iter().cloned().collect();
        self.gossip.mark(user, left.first());
        let changes = self.view.set(self.gossip.own, user, claim, &left);
        if changes.iter().any(|change| matches!(change, Change::Status { .. })) {
            self.gossip.awaits_partners(user, now);
        }
        changes
    }

    fn remember_leave(&mut self, user: &UserId, room: &RoomId, last: bool, now: Instant) {
        if !last && self.leaving.len() < MAX_LEAVING {
            self.leaving.insert((user.clone(), room.clone()), now + LEAVING);
        }
    }

    /// A client session has said what it is to be shown as.
    fn show_client(
        &mut self,
        user: &UserId,
        client: &ClientSession,
        away: bool,
        said_at: Instant,
        now: Instant,
    ) -> Vec<Change> {
        if !self.shown.note(user, client, away, said_at, now) {
            return Vec::new();
        }
        let Some(here) = self.here.get_mut(user) else { return Vec::new() };
        let mut is_other = false;
        for sitting in here.sessions.values_mut().filter(|s| s.client.as_ref() == Some(client)) {
            if sitting.said_at.is_none_or(|at| at <= said_at) {
                is_other |= sitting.said_at.is_none() || sitting.away != away;
                (sitting.away, sitting.said_at) = (away, Some(said_at));
            }
        }
        if is_other { self.refresh(user, None, now) } else { Vec::new() }
    }

    /// A client session says to this node what it is to be shown as.
    fn show_own(&mut self, user: &UserId, client: &ClientSession, away: bool, now: Instant) -> Vec<Change> {
        self.gossip.say(Said::Show(Show { user: user.clone(), client: client.clone(), away, ago: 0 }));
        // That is not numbered, and a change of the user is: who has missed the one has missed the other, and asks.
        self.gossip.mark(user, None);
        let changes = self.show_client(user, client, away, now, now);
        self.shown.said(user, client, now, true);
        changes
    }

    fn end_lease(
        &mut self,
        room: &RoomId,
        user: &UserId,
        client: &ClientSession,
        now: Instant,
    ) -> Vec<Change> {
        let Some(here) = self.here.get_mut(user) else { return Vec::new() };
        if !here.end_lease_in(room, client) {
            return Vec::new();
        }
        if let Some(place) = here.rooms.get_mut(room)
            && place.sessions.is_empty()
        {
            place.held_until = None;
        }
        self.refresh(user, Some(room), now)
    }
}

#[cfg(test)]
mod tests;
