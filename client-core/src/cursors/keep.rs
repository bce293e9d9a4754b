//! Positions as text, to be kept beyond this life of the client.

use alloc::string::String;

use super::{Cursors, Log, RoomLog};
use crate::json::scan::{self, Scanner};
use crate::json::write::Object;

/// Whether any driver keeps them.
const ARE_KEPT: bool = cfg!(feature = "positions");

impl Cursors {
    /// The positions as they are to be kept, where they changed since the last time and belong to one epoch.
    pub(crate) fn keep(&mut self) -> Option<String> {
        if !self.is_dirty() {
            return None;
        }
        self.dirty = false;
        let mut object = Object::new();
        object.text("epoch", self.epoch.as_deref()?);
        if let Some(seq) = self.inbox.seq {
            object.number("inbox", seq);
        }
        if let Some(cursor) = &self.notifications {
            object.text("notifications", cursor);
        }
        let mut rooms = Object::new();
        for (room, seq) in self.rooms.iter().filter_map(|r| Some((&r.room, r.log.seq?))) {
            rooms.number_under(room, seq);
        }
        object.raw("rooms", &rooms.end());
        Some(object.end())
    }

    /// Whether there is something to keep.
    pub(crate) const fn is_dirty(&self) -> bool {
        ARE_KEPT && self.dirty && self.next_epoch.is_none() && self.epoch.is_some()
    }

    /// Takes over kept positions. What cannot be read is no position.
    pub(crate) fn restore(&mut self, text: &str) {
        let mut scanner = Scanner::new(text);
        if !ARE_KEPT || scanner.enter().is_none() {
            return;
        }
        while let Some(Some((key, value))) = scanner.field() {
            let raw = value.of(text);
            match key {
                b"epoch" => self.epoch = scan::text(raw),
                b"inbox" => self.inbox.seq = scan::number(raw),
                b"notifications" => self.notifications = scan::text(raw),
                b"rooms" => self.restore_rooms(raw),
                _ => {}
            }
        }
        if self.epoch.is_none() {
            *self = Self::default();
        }
    }

    fn restore_rooms(&mut self, text: &str) {
        let mut scanner = Scanner::new(text);
        if scanner.enter().is_none() {
            return;
        }
        while let Some(Some((key, value))) = scanner.field() {
            let quoted = core::str::from_utf8(key).ok().and_then(scan::unquoted);
            let (Some(room), Some(seq)) = (quoted, scan::number(value.of(text))) else { continue };
            if let Some(followed) = self.rooms.iter_mut().find(|r| r.room == *room) {
                followed.log.seq.get_or_insert(seq);
                continue;
            }
            self.rooms.push(RoomLog {
                room: room.into(),
                log: Log { seq: Some(seq), ..Log::default() },
                active: false,
                pending: true,
                head: 0,
                skipped: 0,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn kept_positions_come_back() {
        let mut cursors = Cursors::default();
        cursors.established(Some("e1".into()), Some(7));
        cursors.joined("a\"b", 4, 3);
        cursors.notification(Some("n1"), Some("c-1".into()));
        let text = cursors.keep().unwrap();
        assert_eq!(cursors.keep(), None, "nothing changed");

        let mut restored = Cursors::default();
        restored.restore(&text);
        assert_eq!((restored.epoch(), restored.inbox()), (Some("e1"), Some(7)));
        assert_eq!((restored.room("a\"b"), restored.notifications()), (Some(3), Some("c-1")));
    }

    #[test]
    fn positions_without_an_epoch_are_none() {
        for text in ["", "{", "[]", r#"{"inbox":3}"#, r#"{"inbox":3,"epoch":1}"#] {
            let mut cursors = Cursors::default();
            cursors.restore(text);
            assert_eq!(cursors.inbox(), None, "{text}");
        }
    }
}
