//! What may wait in an outbox, and what it counts for.

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::RoomId;

/// Which of a session's logs an entry belongs to: an index that the session gives out.
pub type Slot = u32;

/// Counted for each item beside its frame's bytes.
const ITEM_OVERHEAD: usize = 64;

/// One thing that waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An entry of a room's log.
    Entry {
        /// The room, as the session numbers it.
        slot: Slot,
        /// Its position.
        seq: u64,
        /// The frame.
        frame: Utf8Bytes,
    },
    /// An entry of the user's inbox.
    Inbox {
        /// Its position in the inbox.
        inbox_seq: u64,
        /// The direct room.
        room_id: RoomId,
        /// Its position there.
        seq: u64,
        /// The frame; `None` moves the position only.
        frame: Option<Utf8Bytes>,
    },
    /// A notification or broadcast.
    Notice {
        /// Its position among the user's own, or among the broadcasts.
        seq: u64,
        /// Which of the two it is.
        broadcast: bool,
        /// The object as JSON text.
        json: Utf8Bytes,
    },
    /// The read state of notifications changed: the `STATE` object as JSON text.
    NoticeState(Utf8Bytes),
    /// A frame that no log holds.
    Signal {
        /// The frame.
        frame: Utf8Bytes,
        /// Whether it may be dropped.
        droppable: bool,
    },
    /// The user is no longer let into this room.
    Evict {
        /// The room.
        room_id: RoomId,
        /// The client session has asked for it, so that nothing is left to be looked up.
        asked: bool,
    },
    /// A log is known to reach as far as this; the session may not have been told of all of it.
    Head(Head),
}

/// How far a log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// A room's, as the session numbers it.
    Room(Slot, u64),
    /// The inbox.
    Inbox(u64),
    /// The user's own notifications, and the broadcasts.
    Notices {
        /// The user's own.
        own: u64,
        /// All users'.
        broadcast: u64,
    },
}

impl Item {
    pub(super) fn cost(&self) -> usize {
        let frame = match self {
            Self::Entry { frame, .. } | Self::Signal { frame, .. } | Self::NoticeState(frame) => frame.len(),
            Self::Inbox { frame, .. } => frame.as_ref().map_or(0, |f| f.len()),
            Self::Notice { json, .. } => json.len(),
            Self::Evict { .. } | Self::Head(_) => 0,
        };
        frame + ITEM_OVERHEAD
    }

    pub(super) fn is_droppable(&self) -> bool {
        matches!(self, Self::Signal { droppable: true, .. })
    }
}
