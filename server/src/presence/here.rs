//! A user's sessions on this node, and the places that are held for those that were lost.

use std::collections::{HashMap, HashSet};

use tidings_protocol::{ClientSession, RoomId, SessionId};
use tokio::time::Instant;

use super::claim::{Claim, Seat};
use super::shown::millis;

/// One user on this node.
#[derive(Debug, Default)]
pub(super) struct Here {
    pub(super) name: String,
    pub(super) sessions: HashMap<SessionId, Sitting>,
    pub(super) rooms: HashMap<RoomId, Place>,
    pub(super) streams: u32,
}

/// One session.
#[derive(Debug)]
pub(super) struct Sitting {
    pub(super) client: Option<ClientSession>,
    pub(super) away: bool,
    /// When the client session said that by a request, where it has.
    pub(super) said_at: Option<Instant>,
    pub(super) opened: Instant,
    pub(super) until: Until,
}

/// How long a session counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// It is open.
    Open,
    /// It is lost: its place is held, and shows what it showed where no session is open.
    Held(Instant),
    /// It is between two polls, and counts as open.
    Leased(Instant),
}

impl Until {
    fn is_over(self, now: Instant) -> bool {
        match self {
            Self::Open => false,
            Self::Held(until) | Self::Leased(until) => until <= now,
        }
    }
}

/// A room that the user is in.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) sessions: HashSet<SessionId>,
    pub(super) held_until: Option<Instant>,
}

impl Here {
    /// Takes away what a client session has left between two polls, since its next one is here. Its rooms are held
    /// until then.
    pub(super) fn replace_lease(&mut self, client: &ClientSession, held_until: Instant) {
        let leased: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.client.as_ref() == Some(client) && matches!(s.until, Until::Leased(_)))
            .map(|(id, _)| id.clone())
            .collect();
        for session in leased {
            self.sessions.remove(&session);
            for place in self.rooms.values_mut() {
                if place.sessions.remove(&session) {
                    place.held_until = place.held_until.max(Some(held_until));
                }
            }
        }
    }

    /// Takes a client session's leases out of a room.
    pub(super) fn end_lease_in(&mut self, room: &RoomId, client: &ClientSession) -> bool {
        let Some(place) = self.rooms.get_mut(room) else { return false };
        let before = place.sessions.len();
        place.sessions.retain(|id| {
            self.sessions
                .get(id)
                .is_none_or(|s| s.client.as_ref() != Some(client) || !matches!(s.until, Until::Leased(_)))
        });
        place.sessions.len() < before || place.sessions.is_empty()
    }

    /// Takes away what is over.
    pub(super) fn expire(&mut self, now: Instant) {
        let (sessions, rooms) = (&mut self.sessions, &mut self.rooms);
        sessions.retain(|id, sitting| {
            let over = sitting.until.is_over(now);
            if over {
                rooms.values_mut().for_each(|place| {
                    place.sessions.remove(id);
                });
            }
            !over
        });
        rooms.retain(|_, place| !place.sessions.is_empty() || place.held_until.is_some_and(|at| at > now));
    }

    /// What the others are told.
    pub(super) fn claim(&self, now: Instant) -> Claim {
        let mut seats = Vec::with_capacity(self.sessions.len());
        let mut at = HashMap::with_capacity(self.sessions.len());
        for (session, sitting) in &self.sessions {
            at.insert(session, u32::try_from(seats.len()).unwrap_or(u32::MAX));
            let ago = |then| millis(now.saturating_duration_since(then));
            seats.push(Seat {
                session: session.clone(),
                client: sitting.client.clone(),
                away: sitting.away,
                held: matches!(sitting.until, Until::Held(_)),
                leased: matches!(sitting.until, Until::Leased(_)),
                said_ago: sitting.said_at.map(ago),
                opened_ago: ago(sitting.opened),
            });
        }
        let rooms = self.rooms.iter().map(|(room, place)| {
            let sessions = place.sessions.iter().filter_map(|session| at.get(session).copied()).collect();
            (room.clone(), sessions)
        });
        Claim { name: self.name.clone(), rooms: rooms.collect(), streams: self.streams, seats }
    }
}
