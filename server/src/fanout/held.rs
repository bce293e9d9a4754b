//! Rooms of which the stream has skipped entries: what comes after them waits for a moment, then they are read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::RoomId;
use tokio::time::Instant;

use super::{Answer, Fanout};
use crate::hub::AtOnce;

/// Entries read at once where the stream has skipped some.
pub(super) const PAGE: u32 = 200;
/// Entries of two nodes may overtake each other on their ways; what is missing gets this long to come.
const HOLD: Duration = Duration::from_millis(20);
/// Entries of one room that are held back; those above are read from the log in their turn.
const HELD: usize = 256;

/// A room whose entries are held back until those before them have come.
pub(super) struct Held {
    pub(super) entries: BTreeMap<u64, Utf8Bytes>,
    /// The log is known to reach as far as this.
    pub(super) head: u64,
    /// When the log is read; `None` while it is being read.
    pub(super) read_at: Option<Instant>,
}

impl Fanout {
    /// Takes an entry that may not be the next one.
    pub(super) fn on_entry(&mut self, room: &RoomId, (seq, frame): (u64, Utf8Bytes)) {
        if let Some(held) = self.held.get_mut(room) {
            held.head = held.head.max(seq);
            if held.entries.len() < HELD {
                held.entries.insert(seq, frame);
            }
            self.release(room);
        } else if self.parts.hub.missing_before(room, seq).is_some() {
            let entries = BTreeMap::from([(seq, frame)]);
            let held = Held { entries, head: seq, read_at: Some(Instant::now() + HOLD) };
            self.held.insert(room.clone(), held);
        } else {
            self.deliver(room, seq, frame);
        }
    }

    /// Hands over an entry that did not come in its turn.
    pub(super) fn deliver(&self, room: &RoomId, seq: u64, frame: Utf8Bytes) {
        self.parts.hub.deliver_entries(room, seq, vec![frame], &mut AtOnce::default());
    }

    /// Hands over what is held and follows without a gap; a room of which nothing is missing is held no more.
    pub(super) fn release(&mut self, room: &RoomId) {
        let Some(mut held) = self.held.remove(room) else { return };
        while let Some((seq, frame)) = held.entries.pop_first() {
            if self.parts.hub.missing_before(room, seq).is_some() {
                held.entries.insert(seq, frame);
                break;
            }
            self.deliver(room, seq, frame);
        }
        if self.parts.hub.missing_before(room, held.head.saturating_add(1)).is_some() {
            self.held.insert(room.clone(), held);
        }
    }

    /// Reads what is missing before the first entry that is held.
    pub(super) fn read(&mut self, room: &RoomId) {
        let Some(held) = self.held.get_mut(room) else { return };
        held.read_at = None;
        let Some(after) = self.parts.hub.missing_before(room, held.head.saturating_add(1)) else {
            self.held.remove(room);
            return;
        };
        let (store, answers, room) = (Arc::clone(&self.parts.store), self.answers.clone(), room.clone());
        tokio::spawn(async move {
            let page = store.log(&room, after, PAGE).await;
            // Without a fan-out nobody is to be served.
            let _ = answers.send(Answer::Page(room, page)).await;
        });
    }

    /// Hands over what is held although something before it is missing: each session notices by itself.
    pub(super) fn let_go(&mut self, room: &RoomId) {
        let Some(held) = self.held.remove(room) else { return };
        for (seq, frame) in held.entries {
            self.deliver(room, seq, frame);
        }
        self.parts.hub.tell_room_head(room, held.head);
    }
}
