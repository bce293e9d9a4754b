//! What a session follows: live entries judged by its positions, pages that were read, rooms that it leaves.

use std::collections::VecDeque;
use std::sync::Arc;

use tidings_protocol::RoomId;

use super::catch_up::{CatchUp, Page, Reader};
use super::logs::{LogId, Phase, Step};
use super::notices::NoticeLog;
use super::session::Session;
use crate::auth::Admission;
use crate::frames;
use crate::metrics::Dropped;
use crate::outbox::{Head, Item};
use crate::store::StoreError;

/// Bytes taken from the outbox at a time.
const TAKE_BYTES: usize = 64 * 1024;

impl Session {
    pub(super) fn on_page(&mut self, log: LogId, page: Result<Page, StoreError>) {
        match page {
            Ok(page) => {
                let mut out = Vec::new();
                let (catch_up, mut reader) = self.reader();
                catch_up.on_page(&mut reader, log, page, &mut out);
                self.services.node.metrics().replayed(out.len() as u64);
                out.into_iter().for_each(|frame| self.send(frame));
                self.deadlines.delivered();
                if let Some(pause) = self.catch_up.rest() {
                    self.deadlines.rest(pause);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a log could not be read, it is tried again");
                let (catch_up, mut reader) = self.reader();
                catch_up.on_failure(&mut reader, log);
                self.deadlines.read_failed();
            }
        }
    }

    /// Takes what waits. Returns the rooms that the user was put out of, and whether the client has asked for that.
    pub(super) fn on_items(&mut self) -> Vec<(RoomId, bool)> {
        let dropped = self.outbox.take(TAKE_BYTES, &mut self.taken);
        if dropped > 0 {
            self.services.node.metrics().dropped(Dropped::Ephemeral, dropped);
        }
        let mut evicted = Vec::new();
        while let Some(item) = self.taken.pop_front() {
            if let Item::Evict { room_id, asked } = item {
                evicted.push((room_id, asked));
            } else {
                self.on_item(item);
            }
        }
        self.taken = VecDeque::new();
        evicted
    }

    /// Leaves rooms that the user was put out of. Word of it may come late: who has been let in again stays.
    pub(super) async fn leave_evicted(&mut self, rooms: Vec<(RoomId, bool)>) {
        for (room_id, asked) in rooms {
            if self.logs.find(&room_id).is_some() && (asked || !self.is_member(&room_id).await) {
                self.leave(&room_id).await;
            }
        }
    }

    async fn is_member(&self, room_id: &RoomId) -> bool {
        let found = self.services.node.store().room(room_id, &self.principal.user_id).await;
        // While nobody knows, nothing more is told.
        found.is_ok_and(|room| room.is_some_and(|(_, member)| member.is_some()))
    }

    async fn leave(&mut self, room_id: &RoomId) {
        if self.forget_room(room_id).await {
            let node = Arc::clone(&self.services.node);
            node.evicted(&self.principal, room_id, self.outbox.session_id()).await;
        }
    }

    pub(super) fn on_item(&mut self, item: Item) {
        match item {
            Item::Entry { slot, seq, frame } => {
                let Some(room) = self.logs.slot(slot) else { return };
                match room.position.on_live(seq) {
                    Step::Send => {
                        self.send(frame);
                        self.deadlines.delivered();
                    }
                    Step::Drop => {}
                    Step::Read => self.read_log(LogId::Room(slot), None),
                }
            }
            Item::Inbox { inbox_seq, room_id, seq, frame } => match self.logs.inbox.on_live(inbox_seq) {
                Step::Send => {
                    self.handed.add_one(inbox_seq);
                    let unseen = self.logs.direct(&room_id).is_none_or(|r| r.position.on_read(seq));
                    if let Some(frame) = frame
                        && unseen
                    {
                        self.send(frame);
                    }
                }
                Step::Drop => {}
                Step::Read => self.read_log(LogId::Inbox, None),
            },
            Item::Notice { seq, broadcast, json } => {
                let Some(notices) = &mut self.notices else { return };
                match notices.on_live(broadcast, seq) {
                    Step::Send => {
                        let last = notices.last;
                        if let Some(cursor) = self.services.node.cursor(&self.principal.user_id, last) {
                            let frame = frames::notice(broadcast, &json, cursor.as_str(), self.now());
                            self.send(frame);
                        }
                    }
                    Step::Drop => {}
                    Step::Read => self.read_log(LogId::Notices, None),
                }
            }
            Item::NoticeState(json) => {
                let Some(notices) = self.notices.as_ref().filter(|n| n.phase != Phase::Paused) else {
                    return;
                };
                if let Some(cursor) = self.services.node.cursor(&self.principal.user_id, notices.last) {
                    let frame = frames::notice_state(&json, cursor.as_str(), self.now());
                    self.send(frame);
                }
            }
            Item::Signal { frame, .. } => self.send(frame),
            Item::Evict { .. } => {}
            Item::Head(head) => self.on_head(head),
        }
    }

    /// Reads on where a live log is known to reach further than the session was sent.
    fn on_head(&mut self, head: Head) {
        let behind = |phase, last: u64, head: u64| phase == Phase::Live && last < head;
        match head {
            Head::Room(slot, head) => {
                let Some(room) = self.logs.slot(slot) else { return };
                if behind(room.position.phase, room.position.last, head) {
                    self.read_log(LogId::Room(slot), None);
                }
            }
            Head::Inbox(head) => {
                if behind(self.logs.inbox.phase, self.logs.inbox.last, head) {
                    self.read_log(LogId::Inbox, None);
                }
            }
            Head::Notices { own, broadcast } => {
                let Some(NoticeLog { last, phase }) = self.notices else { return };
                if behind(phase, last.own, own) || behind(phase, last.broadcast, broadcast) {
                    self.read_log(LogId::Notices, None);
                }
            }
        }
    }

    /// Reads a log from the session's position on; how much lies ahead, where that is known.
    pub(crate) fn read_log(&mut self, log: LogId, ahead: Option<u64>) {
        let (catch_up, mut reader) = self.reader();
        catch_up.begin(&mut reader, log, ahead);
    }

    /// Takes the session out of a room in the hub. False where it was not in it.
    pub(crate) async fn forget_room(&mut self, room_id: &RoomId) -> bool {
        let Some(room) = self.logs.remove(room_id) else { return false };
        self.catch_up.forget(LogId::Room(room.slot));
        self.outbox.set_catching_up(room.slot, false);
        self.services.node.unsubscribe(room_id, self.outbox.session_id()).await;
        true
    }

    /// Takes the session out of rooms that its token does not reach any more.
    pub(crate) async fn leave_unreachable(&mut self) {
        let beyond = |room: &RoomId| self.principal.may_join(room) == Admission::Refused;
        let rooms: Vec<RoomId> = self.logs.room_ids().into_iter().filter(beyond).collect();
        for room_id in rooms {
            self.leave(&room_id).await;
        }
    }

    pub(super) fn reader(&mut self) -> (&mut CatchUp, Reader<'_>) {
        let reader = Reader {
            node: &self.services.node,
            user: &self.principal.user_id,
            outbox: &self.outbox,
            logs: &mut self.logs,
            handed: &mut self.handed,
            notices: self.notices.as_mut(),
        };
        (&mut self.catch_up, reader)
    }

    pub(super) fn report_delivered(&mut self) {
        for room in self.logs.rooms_mut() {
            if !room.direct && room.position.last > room.delivered {
                room.delivered = room.position.last;
                self.services.node.room_delivered(&room.room_id, &self.principal.user_id, room.delivered);
            }
        }
    }
}
