//! The rooms that the app wants to be in, against those that the server has confirmed.

use alloc::vec::Vec;

use tidings_protocol::limits::MAX_ROOMS_PER_SESSION;
use tidings_protocol::{ClientId, RoomId};

use crate::output::RoomState;
use crate::time::{Duration, Instant};

/// How a room stands with the server on this connection.
#[derive(Debug, PartialEq, Eq)]
enum Link {
    Out,
    /// Asked for, by a `JOIN_ROOM` with this id or by the `RESUME`.
    Joining(Option<ClientId>),
    In,
    Leaving(ClientId),
}

/// One room.
#[derive(Debug)]
struct Subscription {
    room: RoomId,
    wanted: bool,
    link: Link,
    /// The server confirmed the join at least once: the user is a member.
    confirmed: bool,
    /// It was asked for, and may have been confirmed without a word of it.
    asked: bool,
    not_before: Option<Instant>,
}

/// All rooms.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Vec<Subscription>);

/// What is to be sent next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Join(RoomId),
    Leave(RoomId),
}

impl Subscriptions {
    /// The app wants to be in; false where a session may be in no more rooms.
    pub(crate) fn want(&mut self, room: &RoomId) -> bool {
        if let Some(sub) = self.find(room.as_str()) {
            // Where a leave was refused, others on the way may have taken the room out; where it was not answered, the
            // server.
            if !sub.wanted && sub.link == Link::In && sub.not_before.is_some() {
                sub.link = Link::Out;
            }
            sub.wanted = true;
            return true;
        }
        if self.0.len() >= MAX_ROOMS_PER_SESSION {
            return false;
        }
        self.0.push(Subscription {
            room: room.clone(),
            wanted: true,
            link: Link::Out,
            confirmed: false,
            asked: false,
            not_before: None,
        });
        true
    }

    /// The app wants to be out. A room that the server never heard of is out at once; true then.
    pub(crate) fn unwant(&mut self, room: &str) -> bool {
        let Some(at) = self.position(room) else { return false };
        let sub = &mut self.0[at];
        sub.wanted = false;
        let is_out = sub.link == Link::Out && !sub.confirmed;
        if is_out && sub.asked {
            sub.link = Link::In;
            sub.not_before = Some(Instant::default());
        } else if is_out {
            self.0.swap_remove(at);
            return true;
        }
        false
    }

    /// The connection is gone, and every subscription with it.
    pub(crate) fn disconnected(&mut self) {
        for sub in &mut self.0 {
            // A join that was not answered may have arrived.
            let still_leaves = !sub.wanted && (!sub.confirmed || matches!(sub.link, Link::Leaving(_)));
            sub.link = if still_leaves { Link::In } else { Link::Out };
            sub.not_before = still_leaves.then(Instant::default);
        }
    }

    /// Rooms that a `RESUME` may name: those that were confirmed once, wanted or to be left.
    pub(crate) fn resume(&mut self, mut visit: impl FnMut(&RoomId, bool)) {
        for sub in self.0.iter_mut().filter(|s| s.confirmed && s.link == Link::Out) {
            sub.link = Link::Joining(None);
            visit(&sub.room, sub.wanted);
        }
    }

    /// The `RESUME` was answered, and with it every room that was neither confirmed nor refused: by polls, not each is named.
    pub(crate) fn resumed(&mut self) -> Vec<RoomId> {
        let mut news = Vec::new();
        for sub in self.0.iter_mut().filter(|s| s.link == Link::Joining(None)) {
            sub.link = Link::In;
            if sub.wanted {
                news.push(sub.room.clone());
            }
        }
        news
    }

    /// The whole `RESUME` was refused.
    pub(crate) fn resume_refused(&mut self) {
        for sub in self.0.iter_mut().filter(|s| s.link == Link::Joining(None)) {
            sub.link = Link::Out;
        }
    }

    /// The next join or leave to be sent; it counts as sent under `id`.
    pub(crate) fn next_action(&mut self, now: Instant, id: &ClientId) -> Option<Action> {
        let sub = self.0.iter_mut().find(|s| s.is_due(now))?;
        if sub.wanted {
            sub.link = Link::Joining(Some(id.clone()));
            sub.asked = true;
            Some(Action::Join(sub.room.clone()))
        } else {
            sub.link = Link::Leaving(id.clone());
            Some(Action::Leave(sub.room.clone()))
        }
    }

    /// Whether a join or leave is to be sent now.
    pub(crate) fn has_action(&self, now: Instant) -> bool {
        self.0.iter().any(|s| s.is_due(now))
    }

    /// When the next one that had to wait is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.iter().filter(|s| s.is_open()).filter_map(|s| s.not_before).min()
    }

    /// `ROOM_PARTICIPANTS` came. Whether the room is wanted, and whether this is news.
    pub(crate) fn confirm(&mut self, room: &str) -> (bool, bool) {
        let Some(sub) = self.find(room) else { return (false, false) };
        let news = matches!(sub.link, Link::Joining(_) | Link::Out);
        if news {
            sub.enter();
        }
        (sub.wanted, news && sub.wanted)
    }

    /// A frame with this id was answered well: the room of which that is news. What has confirmed a join before is not.
    pub(crate) fn answered(&mut self, id: &str) -> Option<(RoomId, RoomState)> {
        let at = self.0.iter().position(|s| match &s.link {
            Link::Joining(Some(l)) | Link::Leaving(l) => l.as_str() == id,
            Link::Joining(None) | Link::In | Link::Out => false,
        })?;
        if matches!(self.0[at].link, Link::Joining(_)) {
            self.0[at].enter();
            return self.0[at].wanted.then(|| (self.0[at].room.clone(), RoomState::Joined));
        }
        if self.0[at].wanted {
            self.0[at].leave();
            return None;
        }
        Some((self.0.swap_remove(at).room, RoomState::Left))
    }

    /// The room whose join or leave was refused, by the frame's id or, within a `RESUME`, by its room.
    pub(crate) fn refused_room(
        &self,
        id: Option<&str>,
        room: Option<&str>,
        resume: Option<&str>,
    ) -> Option<RoomId> {
        let found = self.0.iter().find(|s| match &s.link {
            Link::Joining(Some(l)) | Link::Leaving(l) => id == Some(l.as_str()),
            Link::Joining(None) => room == Some(s.room.as_str()) && (id.is_none() || id == resume),
            Link::In | Link::Out => false,
        })?;
        Some(found.room.clone())
    }

    /// Tries again after a while to be in the room, or out of it.
    pub(crate) fn retry(&mut self, room: &str, after: Duration, now: Instant) {
        if let Some(sub) = self.find(room) {
            sub.link = if sub.wanted { Link::Out } else { Link::In };
            sub.not_before = Some(now + after);
        }
    }

    /// The user is out of a room that was to be left; whether it is wanted again, and joined then.
    pub(crate) fn left(&mut self, room: &str) -> bool {
        let found = self.find(room).filter(|sub| sub.wanted && matches!(sub.link, Link::Leaving(_)));
        found.map(Subscription::leave).is_some()
    }

    /// The user is not in the room, and will not be.
    pub(crate) fn remove(&mut self, room: &str) -> bool {
        let found = self.position(room);
        if let Some(at) = found {
            self.0.swap_remove(at);
        }
        found.is_some()
    }

    /// Whether the app wants to be in.
    pub(crate) fn is_wanted(&self, room: &str) -> bool {
        self.0.iter().any(|s| s.wanted && s.room.as_str() == room)
    }

    /// Whether the server has confirmed it on this connection.
    pub(crate) fn is_joined(&self, room: &str) -> bool {
        self.0.iter().any(|s| s.wanted && s.link == Link::In && s.room.as_str() == room)
    }

    /// Whether it is wanted, or still to be left.
    pub(crate) fn is_known(&self, room: &str) -> bool {
        self.position(room).is_some()
    }

    /// Whether messages to the room must wait: a first join, which may make the room, is not yet confirmed.
    pub(crate) fn holds(&self, room: &str) -> bool {
        self.0.iter().any(|s| s.wanted && !s.confirmed && s.room.as_str() == room)
    }

    fn find(&mut self, room: &str) -> Option<&mut Subscription> {
        self.0.iter_mut().find(|s| s.room.as_str() == room)
    }

    fn position(&self, room: &str) -> Option<usize> {
        self.0.iter().position(|s| s.room.as_str() == room)
    }
}

impl Subscription {
    /// The server has let the user in.
    fn enter(&mut self) {
        self.link = Link::In;
        self.confirmed = true;
        self.not_before = None;
    }

    /// It has let the user out, who wants to be in again: a new membership begins.
    fn leave(&mut self) {
        self.link = Link::Out;
        self.confirmed = false;
    }

    /// Whether what the app wants and what the server has confirmed differ, and nothing is under way.
    fn is_open(&self) -> bool {
        if self.wanted { self.link == Link::Out } else { self.link == Link::In }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.is_open() && self.not_before.is_none_or(|at| at <= now)
    }
}
