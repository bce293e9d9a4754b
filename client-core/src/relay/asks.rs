//! What was asked of the stream or poll and is not answered: a `RESUME` or a `JOIN_ROOM`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{self, write::Object};

/// How far an ask has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// A join whose post is not answered.
    Posted,
    /// The next stream or poll is to stand where it asks.
    Due,
    /// The one in use does, and its answer is waited for.
    Open,
}

#[derive(Debug)]
pub(super) struct Ask {
    pub(super) id: String,
    pub(super) is_join: bool,
    /// Rooms, with the positions in them that somebody has.
    pub(super) rooms: Vec<(String, Option<u64>)>,
    pub(super) inbox: Option<u64>,
    pub(super) cursor: Option<String>,
    /// Its positions are those of another log: what is in the present one all comes.
    is_strange: bool,
    pub(super) stage: Stage,
}

impl Ask {
    /// Reads a `RESUME` or `JOIN_ROOM`; `epoch` is that of the log.
    pub(super) fn read(text: &str, epoch: Option<&str>) -> Option<Self> {
        let strange = json::text_of(text, "epoch");
        let is_strange = strange.is_some() && strange.as_deref() != epoch;
        let rooms = json::field(text, "rooms").map(json::items);
        let is_join = rooms.is_none();
        let mut ask = Self {
            id: json::text_of(text, "id")?,
            is_join,
            rooms: Vec::new(),
            inbox: json::number_of(text, "inboxAfter"),
            cursor: json::text_of(text, "notificationsAfter"),
            is_strange,
            stage: if is_join { Stage::Posted } else { Stage::Due },
        };
        for room in &rooms.unwrap_or_else(|| Some([text].into())).unwrap_or_default() {
            if let Some(name) = json::text_of(room, "roomId") {
                ask.rooms.push((name, json::number_of(room, "afterSeq")));
            }
        }
        if is_strange {
            ask.cursor = None;
            for (_, at) in &mut ask.rooms {
                *at = at.map(|_| 0);
            }
            ask.inbox = ask.inbox.map(|_| 0);
        }
        Some(ask)
    }

    pub(super) fn names(&self, room: &str) -> bool {
        self.rooms.iter().any(|(name, _)| name == room)
    }

    /// Tells that it is done, and, where its positions said nothing, that all begins anew.
    pub(super) fn answer(&self, tell: &mut dyn FnMut(String)) {
        let mut data = Object::new();
        data.text("id", &self.id);
        data.flag("duplicate", false);
        tell(Object::event("SYSTEM", "ACK", data, ""));
        if self.is_strange {
            for (room, _) in self.rooms.iter().filter(|(_, at)| at.is_some()) {
                tell(gap(|gap| gap.text("roomId", room)));
            }
            if self.inbox.is_some() {
                tell(gap(|gap| gap.flag("inbox", true)));
            }
        }
    }
}

/// Says that a log is another one.
fn gap(of: impl FnOnce(&mut Object)) -> String {
    let mut gap = Object::new();
    of(&mut gap);
    gap.number("from", 1);
    gap.number("to", 0);
    gap.text("reason", "EPOCH");
    Object::event("SYSTEM", "GAP", gap, "")
}
