//! Which sessions of this node want what. `deliver` hands one encoded frame to all of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tidings_protocol::{ClientSession, CloseCode, RoomId, SessionId, Timestamp, UserId};

use crate::broker::Topic;
use crate::metrics::Transport;
use crate::outbox::{Outbox, Slot};

mod deliver;

pub use self::deliver::AtOnce;

/// A session's place in the hub.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// The client session that fences older ones, where the client named one.
    pub client_session: Option<ClientSession>,
    /// Whether it is told of the inbox and of what concerns the user.
    pub inbox: bool,
    /// Whether it is told of notifications.
    pub notices: bool,
    /// What carries it.
    pub transport: Transport,
    /// When it began.
    pub since: Timestamp,
}

/// The sessions of this node.
#[derive(Debug, Default)]
pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<Mutex<RoomSubscribers>>>>,
    users: RwLock<HashMap<UserId, Vec<Registration>>>,
}

#[derive(Debug, Default)]
struct RoomSubscribers {
    /// The last position that was handed over, so that a jump is noticed.
    last_seq: Option<u64>,
    sessions: Vec<(Arc<Outbox>, Slot)>,
}

impl Hub {
    /// Makes a session known. Returns whether it is the user's first on this node.
    pub fn register(&self, registration: Registration) -> bool {
        let mut users = self.users.write();
        let sessions = users.entry(registration.outbox.user_id().clone()).or_default();
        sessions.push(registration);
        sessions.len() == 1
    }

    /// Forgets a session. Returns whether it was the user's last on this node.
    pub fn unregister(&self, outbox: &Outbox) -> bool {
        let mut users = self.users.write();
        let Some(sessions) = users.get_mut(outbox.user_id()) else { return false };
        sessions.retain(|s| s.outbox.session_id() != outbox.session_id());
        let last = sessions.is_empty();
        if last {
            users.remove(outbox.user_id());
        }
        last
    }

    /// Subscribes a session to a room. Returns whether it is the room's first on this node.
    pub fn subscribe(&self, room: &RoomId, outbox: &Arc<Outbox>, slot: Slot) -> bool {
        let mut rooms = self.rooms.write();
        let subscribers = rooms.entry(room.clone()).or_default();
        let mut subscribers = subscribers.lock();
        subscribers.sessions.push((Arc::clone(outbox), slot));
        subscribers.sessions.len() == 1
    }

    /// Ends a session's subscription to a room. Returns whether it was the room's last on this node.
    pub fn unsubscribe(&self, room: &RoomId, session: &SessionId) -> bool {
        let mut rooms = self.rooms.write();
        let Some(subscribers) = rooms.get(room) else { return false };
        let mut sessions = subscribers.lock();
        let before = sessions.sessions.len();
        if let Some(at) = sessions.sessions.iter().position(|(o, _)| o.session_id() == session) {
            sessions.sessions.swap_remove(at);
        }
        let last = sessions.sessions.is_empty() && before > 0;
        drop(sessions);
        if last {
            rooms.remove(room);
        }
        last
    }

    /// Closes a session that a newer one on another node replaces.
    pub fn replace(&self, user: &UserId, session: &SessionId) {
        let users = self.users.read();
        let found = users.get(user).into_iter().flatten().find(|s| s.outbox.session_id() == session);
        if let Some(found) = found {
            found.outbox.close(CloseCode::Replaced);
        }
    }

    /// Whether a session of this client session is registered.
    #[must_use]
    pub fn has_client(&self, user: &UserId, client: &ClientSession) -> bool {
        let users = self.users.read();
        users.get(user).into_iter().flatten().any(|session| session.client_session.as_ref() == Some(client))
    }

    /// Users with a registered session on this node.
    #[must_use]
    pub fn connected_users(&self) -> Vec<UserId> {
        self.users.read().keys().cloned().collect()
    }

    /// Bytes that wait in all outboxes.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.users.read().values().flatten().map(|s| s.outbox.waiting_bytes()).sum()
    }

    /// The sessions of one user, or of all.
    #[must_use]
    pub fn registrations(&self, user: Option<&UserId>) -> Vec<Registration> {
        let users = self.users.read();
        match user {
            Some(user) => users.get(user).cloned().unwrap_or_default(),
            None => users.values().flatten().cloned().collect(),
        }
    }

    /// Every registered session's outbox, for draining.
    #[must_use]
    pub fn outboxes(&self) -> Vec<Arc<Outbox>> {
        self.users.read().values().flatten().map(|s| Arc::clone(&s.outbox)).collect()
    }

    /// Where something of a room is missing before an entry at `seq` may be handed over: the last position that was.
    #[must_use]
    pub fn missing_before(&self, room: &RoomId, seq: u64) -> Option<u64> {
        let subscribers = self.room(room)?;
        let last = subscribers.lock().last_seq?;
        (seq > last + 1).then_some(last)
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.read().is_empty()
    }

    /// How many rooms have a subscribed session.
    #[must_use]
    pub fn room_count(&self) -> usize {
        self.rooms.read().len()
    }

    /// Rooms with a subscribed session.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.rooms.read().keys().cloned().collect()
    }

    /// Users with a session that is subscribed to the room.
    #[must_use]
    pub fn users_in(&self, room: &RoomId) -> HashSet<UserId> {
        let mut users = HashSet::new();
        self.each_in_room(room, |outbox| {
            users.insert(outbox.user_id().clone());
        });
        users
    }

    /// Whether a session of this node wants the topic.
    #[must_use]
    pub fn wants(&self, topic: &Topic) -> bool {
        match topic {
            Topic::Room(room) => self.rooms.read().contains_key(room),
            Topic::User(user) => self.users.read().contains_key(user),
            Topic::All => true,
        }
    }

    fn each_in_room(&self, room: &RoomId, mut tell: impl FnMut(&Outbox)) {
        if let Some(subscribers) = self.room(room) {
            for (outbox, _) in &subscribers.lock().sessions {
                tell(outbox);
            }
        }
    }

    fn room(&self, room: &RoomId) -> Option<Arc<Mutex<RoomSubscribers>>> {
        self.rooms.read().get(room).cloned()
    }
}

#[cfg(test)]
mod tests;
