//! Where a session stands in each log that it follows, and whether the log comes live or is being read.

use tidings_protocol::RoomId;

use crate::outbox::{LivePosition, Slot};

/// One of a session's logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogId {
    /// A room's.
    Room(Slot),
    /// The user's inbox.
    Inbox,
    /// Notifications and broadcasts.
    Notices,
}

/// How entries of a log come at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is sent before the client has said where it stands.
    Paused,
    /// From the log; live entries are not queued, since the reading will meet them.
    Reading,
    /// Live entries are queued again, and one more page is read for what came in between.
    Closing,
    /// As they happen.
    Live,
}

/// What is to be done with a live entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is the next one: send it.
    Send,
    /// It has been sent, or will be read.
    Drop,
    /// Some before it are missing: read the log.
    Read,
}

/// A position in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The last entry that was sent.
    pub last: u64,
    /// How entries come.
    pub phase: Phase,
}

impl Position {
    /// Judges a live entry and moves the position where it is to be sent.
    pub fn on_live(&mut self, seq: u64) -> Step {
        match self.phase {
            Phase::Paused | Phase::Reading | Phase::Closing => Step::Drop,
            Phase::Live if seq <= self.last => Step::Drop,
            Phase::Live if seq == self.last + 1 => {
                self.last = seq;
                Step::Send
            }
            Phase::Live => Step::Read,
        }
    }

    /// Judges an entry that was read, and moves the position where it is to be sent.
    pub fn on_read(&mut self, seq: u64) -> bool {
        let new = seq > self.last;
        if new {
            self.last = seq;
        }
        new
    }
}

/// A room that the session is subscribed to.
#[derive(Clone, Debug)]
pub struct RoomLog {
    /// How the session numbers it.
    pub slot: Slot,
    /// The room.
    pub room_id: RoomId,
    /// A direct room: its live entries come by the inbox.
    pub direct: bool,
    /// Where the session stands.
    pub position: Position,
    /// The position that was last told as delivered.
    pub delivered: u64,
}

/// All logs of a session.
#[derive(Debug)]
pub struct Logs {
    /// By slot, which only grows: an item that still waits for a room that was left finds nothing.
    rooms: Vec<RoomLog>,
    /// Subscribed to, and not entered yet.
    coming: Vec<(RoomId, Slot)>,
    next_slot: Slot,
    /// The user's inbox.
    pub inbox: Position,
    /// Up to here the inbox is sent again, since the session was put back: also what a room has brought already.
    inbox_again: u64,
}

impl Logs {
    /// No rooms yet.
    #[must_use]
    pub const fn new(inbox: Position) -> Self {
        Self { rooms: Vec::new(), coming: Vec::new(), next_slot: 0, inbox, inbox_again: 0 }
    }

    /// Puts the inbox back to a position, or, where it was paused, begins it there.
    pub fn rewind_inbox(&mut self, last: u64) {
        if self.inbox.phase != Phase::Paused {
            self.inbox_again = self.inbox_again.max(self.inbox.last);
        }
        self.inbox.last = last;
    }

    /// Whether an entry of the inbox is sent again by a session that was put back.
    #[must_use]
    pub const fn is_again(&self, inbox_seq: u64) -> bool {
        inbox_seq <= self.inbox_again
    }

    /// How many rooms there are.
    #[must_use]
    pub const fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// The rooms, each with the position that was last given out.
    #[must_use]
    pub fn positions(&self) -> Vec<(RoomId, u64)> {
        self.rooms.iter().map(|room| (room.room_id.clone(), room.position.last)).collect()
    }

    /// A slot for a room that is to be entered; `None` where it has one.
    pub fn expect(&mut self, room_id: &RoomId) -> Option<Slot> {
        if self.find(room_id).is_some() || self.coming.iter().any(|(coming, _)| coming == room_id) {
            return None;
        }
        self.next_slot += 1;
        self.coming.push((room_id.clone(), self.next_slot));
        Some(self.next_slot)
    }

    /// The slot of a room that is entered now, where it was expected.
    pub fn arrive(&mut self, room_id: &RoomId) -> Option<Slot> {
        let at = self.coming.iter().position(|(coming, _)| coming == room_id)?;
        Some(self.coming.remove(at).1)
    }

    /// A room that is expected.
    #[must_use]
    pub fn expected(&self) -> Option<RoomId> {
        self.coming.last().map(|(room, _)| room.clone())
    }

    /// Adds a room; its slot is the newest.
    pub fn add(&mut self, room: RoomLog) {
        self.rooms.push(room);
    }

    /// Takes a room out.
    pub fn remove(&mut self, room_id: &RoomId) -> Option<RoomLog> {
        let at = self.rooms.iter().position(|r| r.room_id == *room_id)?;
        Some(self.rooms.remove(at))
    }

    /// The room with this id.
    #[must_use]
    pub fn find(&self, room_id: &RoomId) -> Option<&RoomLog> {
        self.rooms.iter().find(|r| r.room_id == *room_id)
    }

    /// The room in this slot.
    pub fn slot(&mut self, slot: Slot) -> Option<&mut RoomLog> {
        let at = self.rooms.binary_search_by_key(&slot, |r| r.slot).ok()?;
        self.rooms.get_mut(at)
    }

    /// The subscribed direct room with this id.
    pub fn direct(&mut self, room_id: &RoomId) -> Option<&mut RoomLog> {
        self.rooms.iter_mut().find(|r| r.direct && r.room_id == *room_id)
    }

    /// Whether a subscribed direct room is still being read: the inbox waits for it, so that each room keeps
    /// its order.
    #[must_use]
    pub fn direct_is_read(&self) -> bool {
        self.rooms.iter().any(|r| r.direct && r.position.phase != Phase::Live)
    }

    /// Whether a log is about to go live: what is queued waits for the last page.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.inbox.phase == Phase::Closing || self.rooms.iter().any(|r| r.position.phase == Phase::Closing)
    }

    /// The position of a log of entries.
    pub fn position(&mut self, log: LogId) -> Option<&mut Position> {
        match log {
            LogId::Room(slot) => self.slot(slot).map(|r| &mut r.position),
            LogId::Inbox => Some(&mut self.inbox),
            LogId::Notices => None,
        }
    }

    /// Where the session stands in rooms whose entries come live, by slot. Those of a direct room come by the inbox.
    pub fn live_places(&self) -> impl Iterator<Item = LivePosition> {
        let live = self.rooms.iter().filter(|room| !room.direct && room.position.phase == Phase::Live);
        live.map(|room| LivePosition { slot: room.slot, last: room.position.last })
    }

    /// All rooms.
    pub fn rooms_mut(&mut self) -> impl Iterator<Item = &mut RoomLog> {
        self.rooms.iter_mut()
    }

    /// The ids of all rooms that the session is subscribed to, entered or not.
    #[must_use]
    pub fn subscribed(&self) -> Vec<RoomId> {
        let coming = self.coming.iter().map(|(room, _)| room.clone());
        coming.chain(self.rooms.iter().map(|r| r.room_id.clone())).collect()
    }

    /// The ids of all rooms.
    #[must_use]
    pub fn room_ids(&self) -> Vec<RoomId> {
        self.rooms.iter().map(|r| r.room_id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_entry_is_sent_once_and_in_order() {
        let mut position = Position { last: 4, phase: Phase::Live };
        assert_eq!(position.on_live(4), Step::Drop);
        assert_eq!(position.on_live(5), Step::Send);
        assert_eq!(position.on_live(5), Step::Drop);
        assert_eq!(position.on_live(7), Step::Read);
        assert_eq!(position.last, 5);
    }

    #[test]
    fn while_a_log_is_read_live_entries_are_left_to_the_reading() {
        let mut position = Position { last: 0, phase: Phase::Reading };
        assert_eq!(position.on_live(1), Step::Drop);
        assert!(position.on_read(1));
        assert!(!position.on_read(1));
    }
}
