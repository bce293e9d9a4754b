//! The list of the user's rooms: names, last messages and what is unread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tidings_protocol::entity::{Message, Room, RoomKind};
use tidings_protocol::{MessageId, RoomId, UserId};

use super::meanwhile::{Asked, Came, Meanwhile};
use super::place::Place;

/// The newest message of a room, as its row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub sender_id: UserId,
    /// What the sender is called.
    pub sender_name: String,
    /// The text; empty when deleted.
    pub content: String,
    /// Its position.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// A room or conversation in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRow {
    /// Names it.
    pub place: Place,
    /// Its room; none for a conversation in which nothing was said yet.
    pub room_id: Option<RoomId>,
    /// What it is called.
    pub name: String,
    /// Who may enter.
    pub kind: RoomKind,
    /// Position of the newest entry.
    pub head_seq: u64,
    /// How far the user has read.
    pub read_seq: u64,
    /// The others' messages after that.
    pub unread: u64,
    /// The newest message.
    pub last: Option<Preview>,
    /// How many members there are, where known.
    pub members: Option<u64>,
    /// Direct: how far the other one has (been delivered, read).
    pub peer: (u64, u64),
    /// Own messages that the server refused.
    pub failed: usize,
}

/// What the connection told of a room.
#[derive(Clone, Debug)]
enum Change {
    Message { place: Place, message: Message, mine: bool },
    Head(RoomId, u64),
    Rewritten { room: RoomId, message: MessageId, content: String },
    Read(Place, u64),
}

/// The user's rooms and conversations.
#[derive(Clone, Debug, Default)]
pub struct Rooms {
    rows: HashMap<Place, Arc<RoomRow>>,
    by_room: HashMap<RoomId, Place>,
    loaded: bool,
    meanwhile: Meanwhile<Change>,
}

impl Rooms {
    /// Whether the list has come.
    #[must_use]
    pub const fn loaded(&self) -> bool {
        self.loaded
    }

    /// One row.
    #[must_use]
    pub fn get(&self, place: &Place) -> Option<Arc<RoomRow>> {
        self.rows.get(place).cloned()
    }

    /// All rows: the latest activity first, then by name.
    #[must_use]
    pub fn sorted(&self) -> Vec<Arc<RoomRow>> {
        let mut rows: Vec<Arc<RoomRow>> = self.rows.values().cloned().collect();
        let at = |row: &RoomRow| row.last.as_ref().map_or(0, |last| last.at);
        rows.sort_by(|a, b| {
            at(b).cmp(&at(a)).then_with(|| a.name.cmp(&b.name)).then_with(|| a.place.cmp(&b.place))
        });
        rows
    }

    /// Unread messages in all rooms.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.rows.values().map(|row| row.unread).sum()
    }

    /// Own messages that the server refused, in all rooms.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.rows.values().map(|row| row.failed).sum()
    }

    /// The place that a room is.
    #[must_use]
    pub fn place_of(&self, room: &RoomId) -> Option<Place> {
        self.by_room.get(room).cloned()
    }

    /// The list is asked for. What comes until it is there is applied to it.
    pub fn ask(&mut self) -> Asked {
        self.meanwhile.ask()
    }

    /// The list did not come, or is not wanted any more.
    pub fn missed(&mut self, asked: Asked) {
        self.meanwhile.came(asked);
    }

    /// The list came: what is not on it goes, but for conversations without a room and what the caller keeps. False where
    /// more has come meanwhile than is noted, and another list must tell.
    pub fn load(&mut self, asked: Asked, rooms: Vec<Room>, keep: impl Fn(&Place) -> bool) -> bool {
        self.loaded = true;
        let Came { changes, whole } = self.meanwhile.came(asked);
        let named: HashSet<Place> = rooms.iter().map(place_of).collect();
        self.rows.retain(|place, row| named.contains(place) || row.room_id.is_none() || keep(place));
        self.by_room.retain(|_, place| self.rows.contains_key(place));
        for room in rooms {
            let (place, head) = (place_of(&room), room.head_seq);
            let old = self.put(room);
            // A marker may still be on its way to the server; one beyond the log is of a log that is gone.
            if let Some(read) = old.map(|old| old.read_seq).filter(|read| *read <= head) {
                self.read(&place, read);
            }
        }
        for change in changes {
            match change {
                Change::Message { place, message, mine } => self.message_in(&place, &message, mine),
                Change::Head(room, seq) => self.head(&room, seq),
                Change::Rewritten { room, message, content } => self.rewritten(&room, &message, &content),
                Change::Read(place, seq) => self.read(&place, seq),
            }
        }
        whole
    }

    /// A room is new or has changed, as this user sees it.
    pub fn upsert(&mut self, room: Room) {
        let place = place_of(&room);
        let Some(old) = self.put(room) else { return };
        self.change(&place, |row| {
            // What has come by the connection since the server made this answer is not undone by it.
            if old.head_seq > row.head_seq || old.read_seq > row.read_seq {
                row.head_seq = row.head_seq.max(old.head_seq);
                row.read_seq = row.read_seq.max(old.read_seq);
                row.unread = old.unread;
                row.last.clone_from(&old.last);
            }
        });
    }

    /// A room as the server shows it; answers what was known of it.
    fn put(&mut self, room: Room) -> Option<Arc<RoomRow>> {
        let place = place_of(&room);
        self.by_room.insert(room.room_id.clone(), place.clone());
        let mut row = RoomRow {
            place: place.clone(),
            room_id: Some(room.room_id),
            name: room.name,
            kind: room.kind,
            head_seq: room.head_seq,
            read_seq: room.read_seq,
            unread: room.unread,
            last: room.last_message.as_ref().map(preview),
            members: room.members,
            peer: (room.peer_delivered_seq.unwrap_or(0), room.peer_read_seq.unwrap_or(0)),
            failed: 0,
        };
        let old = self.rows.get(&place).cloned();
        if let Some(old) = &old {
            row.failed = old.failed;
            row.peer = (row.peer.0.max(old.peer.0), row.peer.1.max(old.peer.1));
        }
        self.rows.insert(place, Arc::new(row));
        old
    }

    /// Name or kind changed; what differs from user to user stays.
    pub fn updated(&mut self, room: &Room) {
        self.change_room(&room.room_id, |row| {
            row.name.clone_from(&room.name);
            row.kind = room.kind;
            row.members = room.members.or(row.members);
        });
    }

    /// A conversation that has no room yet.
    pub fn begin_direct(&mut self, peer: &UserId, name: &str) {
        let place = Place::Direct(peer.clone());
        self.rows.entry(place.clone()).or_insert_with(|| Arc::new(empty_direct(place, name)));
    }

    /// The user is in the room no longer.
    pub fn remove(&mut self, place: &Place) {
        if let Some(row) = self.rows.remove(place)
            && let Some(room) = &row.room_id
        {
            self.by_room.remove(room);
        }
    }

    /// A message of a conversation: it tells which room that is.
    pub fn direct_message(&mut self, message: &Message, recipient: &UserId, me: &UserId) -> Place {
        let theirs = message.sender_id != *me;
        let peer = if theirs { &message.sender_id } else { recipient };
        let place = Place::Direct(peer.clone());
        let name = message.sender_name.as_deref().filter(|_| theirs).unwrap_or(peer.as_str());
        self.begin_direct(peer, name);
        self.by_room.insert(message.room_id.clone(), place.clone());
        self.change(&place, |row| row.room_id = Some(message.room_id.clone()));
        self.message(&place, message, me);
        place
    }

    /// A message came into a room.
    pub fn message(&mut self, place: &Place, message: &Message, me: &UserId) {
        let mine = message.sender_id == *me;
        self.message_in(place, message, mine);
    }

    fn message_in(&mut self, place: &Place, message: &Message, mine: bool) {
        self.meanwhile.note(|| Change::Message { place: place.clone(), message: message.clone(), mine });
        self.change(place, |row| {
            let newer = message.seq > row.last.as_ref().map_or(0, |last| last.seq);
            let unheard = message.seq > row.head_seq;
            row.head_seq = row.head_seq.max(message.seq);
            if newer {
                row.last = Some(preview(message));
            }
            if mine {
                row.read_seq = row.read_seq.max(message.seq);
                row.unread = 0;
            } else if unheard && !message.deleted && message.seq > row.read_seq {
                row.unread += 1;
            }
        });
    }

    /// Another entry took a position of the log.
    pub fn head(&mut self, room: &RoomId, seq: u64) {
        self.meanwhile.note(|| Change::Head(room.clone(), seq));
        self.change_room(room, |row| row.head_seq = row.head_seq.max(seq));
    }

    /// The newest message may have been edited or deleted (`content` empty).
    pub fn rewritten(&mut self, room: &RoomId, message: &MessageId, content: &str) {
        self.meanwhile.note(|| Change::Rewritten {
            room: room.clone(),
            message: message.clone(),
            content: content.to_owned(),
        });
        self.change_room(room, |row| {
            if let Some(last) = row.last.as_mut().filter(|last| last.message_id == *message) {
                content.clone_into(&mut last.content);
            }
        });
    }

    /// The user's own marker moved, here or on another device.
    pub fn read(&mut self, place: &Place, seq: u64) {
        self.meanwhile.note(|| Change::Read(place.clone(), seq));
        self.change(place, |row| {
            row.read_seq = row.read_seq.max(seq);
            row.unread = row.unread.min(row.head_seq.saturating_sub(row.read_seq));
            if row.last.as_ref().is_none_or(|last| row.read_seq >= last.seq) {
                row.unread = 0;
            }
        });
    }

    /// Direct: the other one's markers moved.
    pub fn peer_markers(&mut self, place: &Place, delivered: u64, read: u64) {
        self.change(place, |row| row.peer = (row.peer.0.max(delivered).max(read), row.peer.1.max(read)));
    }

    /// How many own messages the server refused.
    pub fn failed(&mut self, place: &Place, failed: usize) {
        self.change(place, |row| row.failed = failed);
    }

    fn change_room(&mut self, room: &RoomId, change: impl FnOnce(&mut RoomRow)) {
        if let Some(place) = self.place_of(room) {
            self.change(&place, change);
        }
    }

    fn change(&mut self, place: &Place, change: impl FnOnce(&mut RoomRow)) {
        if let Some(row) = self.rows.get_mut(place) {
            change(Arc::make_mut(row));
        }
    }
}

fn place_of(room: &Room) -> Place {
    match &room.peer_id {
        Some(peer) => Place::Direct(peer.clone()),
        None => Place::Room(room.room_id.clone()),
    }
}

fn preview(message: &Message) -> Preview {
    Preview {
        message_id: message.message_id.clone(),
        sender_id: message.sender_id.clone(),
        sender_name: message.sender_name.clone().unwrap_or_else(|| message.sender_id.to_string()),
        content: message.content.clone(),
        seq: message.seq,
        at: message.timestamp.as_millis(),
    }
}

fn empty_direct(place: Place, name: &str) -> RoomRow {
    RoomRow {
        place,
        room_id: None,
        name: name.to_owned(),
        kind: RoomKind::Direct,
        head_seq: 0,
        read_seq: 0,
        unread: 0,
        last: None,
        members: None,
        peer: (0, 0),
        failed: 0,
    }
}

#[cfg(test)]
mod tests;
