//! What the in-memory driver remembers, and where each write goes.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::{Map, Value};
use tidings_protocol::entity::{Broadcast, Message, Notification, Role, RoomKind};
use tidings_protocol::{ClientId, Epoch, MessageId, RoomId, Timestamp, UserId};

use super::super::{
    Change, Entry, EntryBody, MemberRecord, NotificationPosition, Refusal, RevocationRecord, RoomRecord,
    Subject, Target, UserRecord, Write, Written,
};
use crate::random;

#[derive(Debug)]
pub(super) struct State {
    pub(super) epoch: Epoch,
    pub(super) ticket_secret: SecretString,
    pub(super) users: BTreeMap<UserId, UserState>,
    pub(super) rooms: BTreeMap<RoomId, RoomState>,
    /// Direct rooms by their two members, the lesser id first.
    pub(super) direct: BTreeMap<[UserId; 2], RoomId>,
    pub(super) keys: BTreeMap<(UserId, ClientId), Key>,
    pub(super) broadcasts: BTreeMap<u64, Sent<Broadcast>>,
    pub(super) broadcast_head: u64,
    pub(super) broadcast_expired: u64,
    pub(super) revocations: BTreeMap<Subject, RevocationRecord>,
    /// Counts messages and notifications over all rooms and users, in the order in which they came.
    pub(super) taken: u64,
}

/// A user, known by sight or only by what was sent to the user.
#[derive(Debug, Default)]
pub(super) struct UserState {
    pub(super) last_seen: Option<Timestamp>,
    pub(super) name: Option<String>,
    /// Entry `n` of the inbox stands at index `n - 1`.
    pub(super) inbox: Vec<(RoomId, u64)>,
    pub(super) inbox_delivered: u64,
    pub(super) notifications: BTreeMap<u64, Sent<Notification>>,
    pub(super) notification_head: u64,
    pub(super) notification_expired: u64,
    pub(super) handed: NotificationPosition,
    /// The newest broadcast when the user was first seen.
    pub(super) broadcast_start: u64,
}

/// A notification or broadcast, and what is remembered about it.
#[derive(Debug)]
pub(super) struct Sent<T> {
    pub(super) item: T,
    pub(super) taken: u64,
    pub(super) key: Option<(UserId, ClientId)>,
    /// Deleted by its user: it is seen no more, but a retransmit still finds it.
    pub(super) deleted: bool,
}

#[derive(Debug)]
pub(super) struct RoomState {
    pub(super) kind: RoomKind,
    pub(super) name: Option<String>,
    pub(super) owner: Option<UserId>,
    pub(super) peers: Option<[UserId; 2]>,
    pub(super) members: BTreeMap<UserId, MemberRecord>,
    /// Who was removed to stay out.
    pub(super) removed: BTreeSet<UserId>,
    /// Entry `seq` stands at index `seq - 1`.
    pub(super) log: Vec<Logged>,
    pub(super) messages: BTreeMap<MessageId, MessageState>,
}

/// An entry, without what only its message knows.
#[derive(Debug)]
pub(super) struct Logged {
    pub(super) at: Timestamp,
    pub(super) actor: UserId,
    pub(super) client_id: Option<ClientId>,
    pub(super) message_id: MessageId,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Message,
    Edited,
    Deleted,
    Reaction { emoji: String, removed: bool },
}

/// A message in its present state.
#[derive(Debug)]
pub(super) struct MessageState {
    pub(super) message: Message,
    pub(super) taken: u64,
    /// Who set which emoji at which `seq`.
    pub(super) reactions: BTreeMap<(String, UserId), u64>,
}

/// What a (sender, id) was used for, and what it made.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) asked: Asked,
    pub(super) made: Made,
}

#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    Append(Target, Change),
    Notify { user_id: UserId, title: String, message: String, kind: String, data: Map<String, Value> },
    Broadcast { title: String, message: String, kind: String },
}

#[derive(Clone, Debug)]
pub(super) enum Made {
    Entry { room_id: RoomId, message_id: MessageId, seq: u64 },
    Notification { user_id: UserId, position: u64 },
    Broadcast { position: u64 },
}

impl State {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            ticket_secret: random::secret(),
            users: BTreeMap::new(),
            rooms: BTreeMap::new(),
            direct: BTreeMap::new(),
            keys: BTreeMap::new(),
            broadcasts: BTreeMap::new(),
            broadcast_head: 0,
            broadcast_expired: 0,
            revocations: BTreeMap::new(),
            taken: 0,
        }
    }

    pub(super) fn write(&mut self, write: Write) -> Result<Written, Refusal> {
        match write {
            Write::Append(append) => self.append(append).map(Written::Appended),
            Write::SeeUser { user_id, name, at } => Ok(self.see_user(user_id, name, at)),
            Write::CreateRoom { room_id, name, kind, owner, members, at: _ } => {
                self.create_room(room_id, name, kind, owner, members)
            }
            Write::UpdateRoom { room_id, name, kind } => self.update_room(room_id, name, kind),
            Write::Join { room_id, user_id, admitted, resumed, at: _ } => {
                self.join(room_id, user_id, admitted, resumed)
            }
            Write::PutMember { room_id, user_id, at: _ } => self.put_member(room_id, user_id),
            Write::RemoveMember { room_id, user_id, stays_out } => {
                self.remove_member(room_id, user_id, stays_out)
            }
            Write::Read { room_id, user_id, seq } => self.read_to(&room_id, &user_id, seq),
            Write::Delivered { room_id, user_id, seq } => Ok(self.delivered(&room_id, &user_id, seq)),
            Write::InboxDelivered { user_id, after, inbox_seq } => {
                Ok(self.inbox_delivered(&user_id, after, inbox_seq))
            }
            Write::Notify(new) => self.notify(new),
            Write::Broadcast(new) => self.broadcast(new),
            Write::NotificationsRead { user_id, which } => self.notifications_read(&user_id, &which),
            Write::NotificationsDelete { user_id, which } => self.notifications_delete(&user_id, &which),
            Write::NotificationsHanded { user_id, position } => {
                Ok(self.notifications_handed(&user_id, position))
            }
            Write::PruneNotifications { before, limit } => Ok(self.prune(before, limit as usize)),
            Write::Revoke(revocation) => self.revoke(revocation),
            Write::Restore { subject, at } => self.restore(&subject, at),
            Write::PruneRevocations { before, limit } => Ok(self.prune_revocations(before, limit as usize)),
            Write::NewEpoch(epoch) => {
                self.epoch = epoch.clone();
                Ok(Written::Epoch(epoch))
            }
        }
    }

    /// The first use of a key: `None` where it is free, a refusal where it was used for something else.
    pub(super) fn made_before(
        &self,
        key: Option<&(UserId, ClientId)>,
        asked: &Asked,
    ) -> Result<Option<Made>, Refusal> {
        match key.and_then(|key| self.keys.get(key)) {
            None => Ok(None),
            Some(first) if first.asked == *asked => Ok(Some(first.made.clone())),
            Some(_) => Err(Refusal::Conflict),
        }
    }

    pub(super) fn next_taken(&mut self) -> u64 {
        self.taken += 1;
        self.taken
    }

    pub(super) fn room_record(&self, room_id: &RoomId) -> Option<RoomRecord> {
        self.rooms.get(room_id).map(|room| room.record(room_id))
    }

    pub(super) fn user_record(&self, user_id: &UserId) -> Option<UserRecord> {
        let user = self.users.get(user_id)?;
        Some(UserRecord {
            user_id: user_id.clone(),
            name: user.name.clone(),
            last_seen: user.last_seen?,
            inbox_seq: user.inbox.len() as u64,
        })
    }

    pub(super) fn display_name(&self, user_id: &UserId) -> String {
        let name = self.users.get(user_id).and_then(|user| user.name.clone());
        name.unwrap_or_else(|| user_id.to_string())
    }
}

impl RoomState {
    pub(super) fn new(kind: RoomKind, name: Option<String>) -> Self {
        Self {
            kind,
            name,
            owner: None,
            peers: None,
            members: BTreeMap::new(),
            removed: BTreeSet::new(),
            log: Vec::new(),
            messages: BTreeMap::new(),
        }
    }

    pub(super) fn head(&self) -> u64 {
        self.log.len() as u64
    }

    /// Makes a membership that starts at the head; says whether it is new.
    pub(super) fn admit(&mut self, user_id: &UserId) -> bool {
        if self.members.contains_key(user_id) {
            return false;
        }
        self.removed.remove(user_id);
        let role = if self.owner.as_ref() == Some(user_id) { Role::Owner } else { Role::Member };
        let head = self.head();
        self.members.insert(user_id.clone(), MemberRecord { role, read_seq: head, delivered_seq: head });
        true
    }

    pub(super) fn record(&self, room_id: &RoomId) -> RoomRecord {
        RoomRecord {
            room_id: room_id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            head_seq: self.head(),
            member_count: self.members.len() as u64,
            peers: self.peers.clone(),
        }
    }

    /// The entry at `seq`, as it stands now.
    pub(super) fn entry(&self, room_id: &RoomId, seq: u64) -> Option<Entry> {
        let logged = self.log.get(usize::try_from(seq.checked_sub(1)?).ok()?)?;
        let message = &self.messages.get(&logged.message_id)?.message;
        let message_id = logged.message_id.clone();
        let body = match logged.what.clone() {
            What::Message => EntryBody::Message(Box::new(message.clone())),
            What::Edited => EntryBody::Edited {
                message_id,
                content: message.content.clone(),
                edited_at: message.edited_at.unwrap_or(logged.at),
            },
            What::Deleted => EntryBody::Deleted { message_id },
            What::Reaction { emoji, removed } => EntryBody::Reaction { message_id, emoji, removed },
        };
        Some(Entry {
            room_id: room_id.clone(),
            seq,
            at: logged.at,
            actor: logged.actor.clone(),
            client_id: logged.client_id.clone(),
            peers: self.peers.clone(),
            body,
        })
    }
}
