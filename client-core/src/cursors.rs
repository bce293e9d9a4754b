//! Positions: what of each log the app has seen. They drop what comes twice and notice what does not come.
//!
//! A position counts within one epoch only. When the server greets with another one, the old epoch is still named in
//! `RESUME`, so that the server answers with a `GAP`; only when every log has been answered for is the new one
//! adopted.

mod keep;
mod log;
mod seen;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::output::Gap;
use log::{Log, Moved, Step};
use seen::Seen;

/// The inbox's position and those of all rooms.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    epoch: Option<String>,
    /// The server's epoch, where it is not (yet) ours.
    next_epoch: Option<String>,
    inbox: Log,
    rooms: Vec<RoomLog>,
    notifications: Option<String>,
    seen: Seen,
    dirty: bool,
}

/// A room's log.
#[derive(Debug)]
struct RoomLog {
    room: String,
    log: Log,
    /// The app is in the room; without, the position was only kept from an earlier life.
    active: bool,
    /// The join is not yet answered on this connection.
    pending: bool,
    /// The newest entry when the join was answered.
    head: u64,
    /// The newest entry that came by the inbox while the room's own replay was still to bring it.
    skipped: u64,
}

/// What to do with an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next one.
    Show,
    /// It was there before, or will come another way.
    Drop,
    /// Entries before it are missing: resume.
    Resume,
    /// Entries before it are missing, and a resume did not bring them.
    ShowAfter(Gap),
}

impl Cursors {
    /// The server has greeted. The inbox is followed from here where it was not before.
    pub(crate) fn established(&mut self, epoch: Option<String>, inbox_seq: Option<u64>) {
        match (&self.epoch, epoch) {
            (None, epoch) => self.epoch = epoch,
            (Some(ours), Some(theirs)) if *ours != theirs => self.change_epoch(theirs),
            (Some(_), _) => self.next_epoch = None,
        }
        if self.inbox.seq.is_none() {
            self.inbox.seq = inbox_seq;
            self.inbox.moved = Moved::OnThisConnection;
            self.dirty = true;
        }
    }

    fn change_epoch(&mut self, theirs: String) {
        if self.next_epoch.as_ref() == Some(&theirs) {
            return;
        }
        self.next_epoch = Some(theirs);
        self.notifications = None;
        self.inbox.moved = Moved::No;
        while let Some(at) = self.rooms.iter().position(|r| !r.active) {
            self.rooms.remove(at);
        }
        for room in &mut self.rooms {
            room.log.moved = Moved::No;
        }
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&mut self) {
        for room in &mut self.rooms {
            room.pending = true;
            room.skipped = 0;
            room.log.disconnected();
        }
        self.inbox.disconnected();
    }

    /// The epoch to be named with all positions.
    pub(crate) fn epoch(&self) -> Option<&str> {
        self.epoch.as_deref()
    }

    /// The epoch that a room's position belongs to.
    pub(crate) fn epoch_of(&self, room: &str) -> Option<&str> {
        let moved = self.rooms.iter().any(|r| r.room == room && r.log.moved != Moved::No);
        self.next_epoch.as_deref().filter(|_| moved).or(self.epoch.as_deref())
    }

    pub(crate) const fn inbox(&self) -> Option<u64> {
        self.inbox.seq
    }

    pub(crate) fn notifications(&self) -> Option<&str> {
        self.notifications.as_deref()
    }

    pub(crate) fn room(&self, room: &str) -> Option<u64> {
        self.rooms.iter().find(|r| r.room == room)?.log.seq
    }

    /// The app wants to follow a room, after a position that it names or that is known.
    pub(crate) fn follow(&mut self, room: &str, after: Option<u64>) {
        let at = self.place(room);
        let log = &mut self.rooms[at];
        log.active = true;
        if after.is_some() {
            // The app has it from the server just now, so it belongs to the server's epoch.
            log.log = Log { seq: after, moved: Moved::Before, jumped_at: None };
        }
    }

    /// The app follows the room no longer.
    pub(crate) fn forget(&mut self, room: &str) {
        if let Some(at) = self.rooms.iter().position(|r| r.room == room) {
            self.rooms.remove(at);
        }
        self.dirty = true;
    }

    /// The answer to a join. False where entries that came by the inbox will not come by the room.
    pub(crate) fn joined(&mut self, room: &str, replay_from: u64, head: u64) -> bool {
        let changing = self.next_epoch.is_some();
        let at = self.place(room);
        let r = &mut self.rooms[at];
        if r.log.seq.is_none() || (changing && r.log.moved == Moved::No) {
            r.log.seq = Some(replay_from.saturating_sub(1));
            r.log.moved = Moved::OnThisConnection;
            self.dirty = true;
        }
        r.pending = false;
        r.head = head;
        let whole = r.skipped <= head;
        r.skipped = 0;
        self.adopt_epoch();
        whole
    }

    /// A `GAP` frame. The gap that the app is to hear of.
    pub(crate) fn gap(&mut self, gap: Gap) -> Option<Gap> {
        let changing = self.next_epoch.is_some();
        let told = match gap.room.as_deref() {
            None => self.inbox.gap(gap, changing),
            Some(room) => {
                let at = self.place(room);
                self.rooms[at].log.gap(gap, changing)
            }
        };
        self.dirty = true;
        self.adopt_epoch();
        told
    }

    /// An entry came, by a room that the app follows, by the inbox, or by both.
    pub(crate) fn entry(&mut self, room: &str, seq: u64, inbox_seq: Option<u64>, followed: bool) -> Verdict {
        self.dirty = true;
        let mut inbox_gap = None;
        let mut by_inbox = None;
        if let Some(inbox_seq) = inbox_seq {
            let stale = self.next_epoch.is_some() && self.inbox.moved == Moved::No;
            match if stale { Step::Next } else { self.inbox.step(inbox_seq) } {
                Step::Next => by_inbox = Some(true),
                Step::Old => by_inbox = Some(false),
                Step::Jump(at) => match self.inbox.jump(at, inbox_seq, None) {
                    None => return Verdict::Resume,
                    Some(gap) => {
                        inbox_gap = Some(gap);
                        by_inbox = Some(true);
                    }
                },
            }
            if by_inbox == Some(true) {
                self.inbox.seq = Some(inbox_seq);
                if stale {
                    self.inbox.moved = Moved::OnThisConnection;
                    self.adopt_epoch();
                }
            }
        }
        let by_room = if followed { self.rooms.iter_mut().find(|r| r.room == room) } else { None };
        let shown = match (by_room, by_inbox) {
            (None, new) => new == Some(true),
            (Some(r), new) => match r.log.step(seq) {
                Step::Next => {
                    r.log.seq = Some(seq);
                    true
                }
                Step::Old => false,
                Step::Jump(_) if new.is_some() && (r.pending || r.log.seq < Some(r.head)) => {
                    r.skipped = r.skipped.max(seq);
                    false
                }
                Step::Jump(at) => match r.log.jump(at, seq, Some(room)) {
                    None => return Verdict::Resume,
                    Some(gap) => return Verdict::ShowAfter(gap),
                },
            },
        };
        match (inbox_gap, shown) {
            (Some(gap), _) => Verdict::ShowAfter(gap),
            (None, true) => Verdict::Show,
            (None, false) => Verdict::Drop,
        }
    }

    /// A notification or broadcast came; whether it is new.
    pub(crate) fn notification(&mut self, id: Option<&str>, cursor: Option<String>) -> bool {
        if cursor.is_some() {
            self.notifications = cursor;
            self.dirty = true;
        }
        id.is_none_or(|id| self.seen.insert(id))
    }

    fn place(&mut self, room: &str) -> usize {
        if let Some(at) = self.rooms.iter().position(|r| r.room == room) {
            return at;
        }
        self.rooms.push(RoomLog {
            room: room.to_owned(),
            log: Log::default(),
            active: true,
            pending: true,
            head: 0,
            skipped: 0,
        });
        self.rooms.len() - 1
    }

    /// Every log has been answered for: the new epoch is ours.
    fn adopt_epoch(&mut self) {
        let moved = |log: &Log| log.moved != Moved::No;
        if self.next_epoch.is_some() && moved(&self.inbox) && self.rooms.iter().all(|r| moved(&r.log)) {
            self.epoch = self.next_epoch.take();
            self.dirty = true;
        }
    }
}
