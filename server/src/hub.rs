//! Which sessions of this node want what, and the hand-over of one encoded frame to all of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tidings_protocol::{ClientSession, CloseCode, RoomId, SessionId, Timestamp, UserId};

use crate::broker::{Except, Payload, Publication, Topic};
use crate::metrics::Transport;
use crate::outbox::{Head, Item, Outbox, Slot};

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

    /// The room's log is known to reach as far as `head`, and what lies between is not handed over: each session that
    /// stands before it reads on.
    pub fn tell_room_head(&self, room: &RoomId, head: u64) {
        let Some(subscribers) = self.room(room) else { return };
        let mut subscribers = subscribers.lock();
        if head == 0 || subscribers.last_seq.is_some_and(|last| head <= last) {
            return;
        }
        subscribers.last_seq = Some(head);
        for (outbox, slot) in &subscribers.sessions {
            outbox.push(Item::Head(Head::Room(*slot, head)));
        }
    }

    /// The user's logs are known to reach as far as this.
    pub fn tell_user_heads(&self, user: &UserId, inbox: u64, own: u64, broadcast: u64) {
        let users = self.users.read();
        for session in users.get(user).into_iter().flatten() {
            if session.inbox {
                session.outbox.push(Item::Head(Head::Inbox(inbox)));
            }
            if session.notices {
                session.outbox.push(Item::Head(Head::Notices { own, broadcast }));
            }
        }
    }

    /// Hands a publication to every session that it concerns.
    pub fn deliver(&self, publication: &Publication) {
        match (&publication.topic, &publication.payload) {
            (Topic::Room(room), Payload::Entry { seq, frame }) => {
                self.deliver_entry(room, *seq, |slot| Item::Entry { slot, seq: *seq, frame: frame.clone() });
            }
            (Topic::Room(room), Payload::Signal { frame, droppable, except }) => {
                let item = Item::Signal { frame: frame.clone(), droppable: *droppable };
                self.each_in_room(room, |outbox| {
                    if !excepted(except, outbox) {
                        outbox.push(item.clone());
                    }
                });
            }
            (Topic::User(user), payload) => self.deliver_to_user(user, payload),
            (Topic::All, payload) => self.deliver_to_all(payload),
            (
                Topic::Room(_),
                Payload::Inbox { .. }
                | Payload::Notice { .. }
                | Payload::NoticeState { .. }
                | Payload::Presence { .. }
                | Payload::Revoked
                | Payload::Recheck
                | Payload::Gossip { .. }
                | Payload::Evict { .. }
                | Payload::Fence { .. },
            ) => {}
        }
    }

    fn deliver_entry(&self, room: &RoomId, seq: u64, item: impl Fn(Slot) -> Item) {
        let Some(subscribers) = self.room(room) else { return };
        let mut subscribers = subscribers.lock();
        if subscribers.last_seq.is_some_and(|last| seq <= last) {
            return;
        }
        subscribers.last_seq = Some(seq);
        for (outbox, slot) in &subscribers.sessions {
            outbox.push(item(*slot));
        }
    }

    fn deliver_to_user(&self, user: &UserId, payload: &Payload) {
        let users = self.users.read();
        let Some(sessions) = users.get(user) else { return };
        match payload {
            Payload::Inbox { inbox_seq, room_id, seq, frame, not_to } => {
                for session in sessions.iter().filter(|s| s.inbox) {
                    let silent = not_to.as_ref() == Some(session.outbox.session_id());
                    session.outbox.push(Item::Inbox {
                        inbox_seq: *inbox_seq,
                        room_id: room_id.clone(),
                        seq: *seq,
                        frame: (!silent).then(|| frame.clone()),
                    });
                }
            }
            Payload::Notice { seq, broadcast, json } => {
                let item = Item::Notice { seq: *seq, broadcast: *broadcast, json: json.clone() };
                sessions.iter().filter(|s| s.notices).for_each(|s| s.outbox.push(item.clone()));
            }
            Payload::NoticeState { json } => {
                sessions
                    .iter()
                    .filter(|s| s.notices)
                    .for_each(|s| s.outbox.push(Item::NoticeState(json.clone())));
            }
            Payload::Signal { frame, droppable, except } => {
                for session in sessions.iter().filter(|s| s.inbox && !excepted(except, &s.outbox)) {
                    session.outbox.push(Item::Signal { frame: frame.clone(), droppable: *droppable });
                }
            }
            Payload::Evict { room_id, only } => {
                let meant = |s: &&Registration| s.inbox && (only.is_none() || s.client_session == *only);
                let item = Item::Evict { room_id: room_id.clone(), asked: only.is_some() };
                sessions.iter().filter(meant).for_each(|s| s.outbox.push(item.clone()));
            }
            Payload::Fence { client_session, keep } => {
                for session in sessions {
                    // Session ids are made in the order of time: of two that come together, one stays.
                    if session.client_session.as_ref() == Some(client_session)
                        && session.outbox.session_id() < keep
                    {
                        session.outbox.close(CloseCode::Replaced);
                    }
                }
            }
            Payload::Entry { .. }
            | Payload::Presence { .. }
            | Payload::Revoked
            | Payload::Recheck
            | Payload::Gossip { .. } => {}
        }
    }

    fn deliver_to_all(&self, payload: &Payload) {
        match payload {
            Payload::Notice { seq, broadcast, json } => {
                let item = Item::Notice { seq: *seq, broadcast: *broadcast, json: json.clone() };
                for session in self.users.read().values().flatten().filter(|s| s.notices) {
                    session.outbox.push(item.clone());
                }
            }
            Payload::Presence { frame, about, rooms, users } => {
                let mut told = HashSet::new();
                let mut tell = |outbox: &Outbox| {
                    if outbox.user_id() != about && told.insert(outbox.session_id().clone()) {
                        outbox.push(Item::Signal { frame: frame.clone(), droppable: true });
                    }
                };
                for room in rooms {
                    self.each_in_room(room, &mut tell);
                }
                let known = self.users.read();
                for session in users.iter().filter_map(|u| known.get(u)).flatten().filter(|s| s.inbox) {
                    tell(&session.outbox);
                }
            }
            Payload::Entry { .. }
            | Payload::Inbox { .. }
            | Payload::NoticeState { .. }
            | Payload::Signal { .. }
            | Payload::Revoked
            | Payload::Recheck
            | Payload::Gossip { .. }
            | Payload::Evict { .. }
            | Payload::Fence { .. } => {}
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

fn excepted(except: &Except, outbox: &Outbox) -> bool {
    match except {
        Except::Nobody => false,
        Except::User(user) => outbox.user_id() == user,
        Except::Session(session) => outbox.session_id() == session,
    }
}
