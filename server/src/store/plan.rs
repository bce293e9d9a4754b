//! What a run of appends has found in the database and what it leaves there. [`decide`] works out in memory what becomes of
//! each of them, in order; a driver loads the rows before and saves each table once after it.

mod decide;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tidings_protocol::{ClientId, MessageId, RoomId, Timestamp, UserId};

/// The rows that the run touches, as they stand now, and those that it makes.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) rooms: HashMap<RoomId, RoomNow>,
    /// Direct rooms by their two members, the lesser id first.
    pub(super) direct: HashMap<[UserId; 2], RoomId>,
    pub(super) members: HashSet<(RoomId, UserId)>,
    pub(super) keys: HashMap<(UserId, ClientId), Used>,
    pub(super) messages: HashMap<MessageId, MessageNow>,
    /// The emojis that a user has on a message, with the entry that set each.
    pub(super) reactions: HashMap<(i64, UserId), BTreeMap<String, u64>>,
    pub(super) inbox_heads: HashMap<UserId, u64>,
    /// Row ids of messages; those from `first_id` on are made by this run.
    pub(super) first_id: i64,
    pub(super) next_id: i64,
    pub(super) made: Made,
}

pub(super) struct RoomNow {
    pub(super) head: u64,
    pub(super) peers: Option<[UserId; 2]>,
}

/// What a (sender, id) has made.
pub(super) struct Used {
    pub(super) fingerprint: i64,
    /// `None` where it was no entry of a log: then no append has this fingerprint.
    pub(super) entry: Option<(RoomId, MessageId, u64)>,
}

pub(super) struct MessageNow {
    pub(super) id: i64,
    pub(super) room_id: RoomId,
    pub(super) sender: UserId,
    pub(super) deleted: bool,
}

/// What is to be written, table by table.
#[derive(Default)]
pub(super) struct Made {
    pub(super) rooms: Vec<NewRoom>,
    pub(super) messages: Vec<NewMessage>,
    /// Messages from before this run whose content it changes.
    pub(super) edited: BTreeMap<i64, Edited>,
    pub(super) changes: Vec<NewChange>,
    pub(super) keys: Vec<NewKey>,
    pub(super) inbox: Vec<(UserId, u64, RoomId, u64)>,
    pub(super) inboxes: BTreeSet<UserId>,
    pub(super) heads: BTreeSet<RoomId>,
    pub(super) read: BTreeMap<(RoomId, UserId), u64>,
    /// Reactions that were set or unset, with the entry that set it last.
    pub(super) reactions: BTreeMap<(i64, UserId, String), Option<u64>>,
    /// Deleted messages: their reactions go.
    pub(super) cleared: BTreeSet<i64>,
}

pub(super) struct NewRoom {
    pub(super) room_id: RoomId,
    pub(super) peers: [UserId; 2],
}

pub(super) struct NewMessage {
    pub(super) id: i64,
    pub(super) message_id: MessageId,
    pub(super) room_id: RoomId,
    pub(super) seq: u64,
    pub(super) sender: UserId,
    pub(super) sender_name: Option<String>,
    pub(super) content: String,
    pub(super) at: Timestamp,
    pub(super) reply_to: Option<MessageId>,
    pub(super) client_id: Option<ClientId>,
    pub(super) edited_at: Option<Timestamp>,
    pub(super) deleted: bool,
}

#[derive(Default)]
pub(super) struct Edited {
    /// The new text and its time, where it was edited.
    pub(super) edit: Option<(String, Timestamp)>,
    pub(super) deleted: bool,
}

pub(super) struct NewChange {
    pub(super) room_id: RoomId,
    pub(super) seq: u64,
    pub(super) kind: i64,
    pub(super) message: i64,
    pub(super) actor: UserId,
    pub(super) at: Timestamp,
    pub(super) client_id: Option<ClientId>,
    pub(super) emoji: Option<String>,
}

pub(super) struct NewKey {
    pub(super) sender: UserId,
    pub(super) client_id: ClientId,
    pub(super) fingerprint: i64,
    pub(super) room_id: RoomId,
    pub(super) seq: u64,
}

impl Plan {
    /// A message of this run.
    pub(super) fn made_message(&mut self, id: i64) -> Option<&mut NewMessage> {
        let index = usize::try_from(id.checked_sub(self.first_id)?).ok()?;
        self.made.messages.get_mut(index)
    }

    /// The next position of a room, which is used up by this.
    pub(super) fn next_seq(&mut self, room_id: &RoomId) -> u64 {
        let Some(room) = self.rooms.get_mut(room_id) else { return 0 };
        room.head += 1;
        self.made.heads.insert(room_id.clone());
        room.head
    }

    pub(super) fn peers(&self, room_id: &RoomId) -> Option<[UserId; 2]> {
        self.rooms.get(room_id)?.peers.clone()
    }
}
