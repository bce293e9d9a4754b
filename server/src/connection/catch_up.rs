//! Reading logs for a session, page by page as its transport has room, until the reading has met what is live.
//!
//! While a log is read, its live entries are not queued at all. When a page comes back short, queueing begins
//! again, and one more page is read for what was appended in between; then the log is live. So nothing is held
//! in memory, and nothing is left out or sent twice. Where a page will hold all that lies ahead, queueing begins before
//! it, and it is the only one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use parking_lot::Mutex;
use tidings_protocol::UserId;

use super::logs::{LogId, Logs, Phase};
use super::notices::NoticeLog;
use crate::frames;
use crate::node::parts::Parts;
use crate::node::{Node, events};
use crate::outbox::Outbox;
use crate::store::{Entry, InboxEntry, Notice, StoreError};

/// Entries read at once: with the longest messages one page is a MiB.
pub const PAGE: u32 = 64;
/// Entries that a session is given as fast as they can be read: what a replay of a room holds by default. Past that, pages
/// are small and it rests after each for a multiple of the time that the page took: what is delivered to others waits for
/// a small page at most, and seldom.
const AT_ONCE: usize = 1_024;
/// Entries of a small page.
const SMALL_PAGE: u32 = 16;
/// Rests in terms of readings: a long replay reads a quarter of the time, while a page takes less than a third of the
/// longest rest.
const RESTS: u32 = 3;
/// The shortest and the longest rest.
const REST: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

type PageFuture = Pin<Box<dyn Future<Output = Result<Page, StoreError>> + Send>>;

/// What was read.
#[derive(Debug)]
pub enum Page {
    /// Of a room's log.
    Room(Arc<Vec<Entry>>),
    /// Of a direct room's log.
    Direct(Vec<InboxEntry>),
    /// Of the inbox.
    Inbox(Vec<InboxEntry>),
    /// Of notifications and broadcasts.
    Notices(Vec<Notice>),
}

/// The logs that are to be read, one page at a time, in turns.
#[derive(Default)]
pub struct CatchUp {
    to_read: VecDeque<LogId>,
    /// Those of them in which less than a page lies ahead.
    near: Vec<LogId>,
    /// Never locked: the mutex only makes a session `Sync`, which its futures need.
    reading: Mutex<Option<(LogId, PageFuture)>>,
    /// When the present page was begun.
    begun: Option<Instant>,
    /// Entries that the present page may hold.
    size: u32,
    /// Entries since there was last nothing to read.
    read: usize,
}

impl std::fmt::Debug for CatchUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatchUp").field("to_read", &self.to_read).finish_non_exhaustive()
    }
}

/// What a session follows, for a reading.
pub struct Reader<'a> {
    /// The node whose store is read.
    pub node: &'a Arc<Node>,
    /// Whose session it is.
    pub user: &'a UserId,
    /// The session's outbox.
    pub outbox: &'a Outbox,
    /// Rooms and inbox.
    pub logs: &'a mut Logs,
    /// What of the inbox was given out.
    pub handed: &'a mut Parts,
    /// Notifications, where they are wanted.
    pub notices: Option<&'a mut NoticeLog>,
}

impl CatchUp {
    /// Begins to read a log from its position; how much lies ahead, where that is known. A page that is on its way is of
    /// another one, and is let go.
    pub fn begin(&mut self, reader: &mut Reader<'_>, log: LogId, ahead: Option<u64>) {
        set_phase(reader, log, Phase::Reading);
        self.forget(log);
        self.to_read.push_back(log);
        if ahead.is_some_and(|ahead| ahead < u64::from(PAGE)) {
            self.near.push(log);
        }
    }

    /// Forgets a log that is followed no more.
    pub fn forget(&mut self, log: LogId) {
        self.to_read.retain(|l| *l != log);
        self.near.retain(|l| *l != log);
        self.reading.get_mut().take_if(|(l, _)| *l == log);
    }

    /// Whether anything is still to be read.
    #[must_use]
    pub fn is_done(&mut self) -> bool {
        self.to_read.is_empty() && self.reading.get_mut().is_none()
    }

    /// The next page, as soon as it has been read.
    pub fn poll_page(
        &mut self,
        reader: &mut Reader<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<(LogId, Result<Page, StoreError>)> {
        if self.reading.get_mut().is_none() {
            let Some(log) = self.next_log(reader.logs) else { return Poll::Pending };
            self.size = if self.is_long() { SMALL_PAGE } else { PAGE };
            if let Some(at) = self.near.iter().position(|near| *near == log) {
                self.near.swap_remove(at);
                if self.size == PAGE {
                    set_phase(reader, log, Phase::Closing);
                }
            }
            let Some(future) = page_of(reader, log, self.size) else { return Poll::Pending };
            *self.reading.get_mut() = Some((log, future));
            self.begun = Some(Instant::now());
        }
        let Some((log, future)) = self.reading.get_mut() else { return Poll::Pending };
        let log = *log;
        future.as_mut().poll(cx).map(|page| {
            *self.reading.get_mut() = None;
            (log, page)
        })
    }

    /// Turns a page into frames and decides how the log goes on.
    pub fn on_page(&mut self, reader: &mut Reader<'_>, log: LogId, page: Page, out: &mut Vec<Utf8Bytes>) {
        let was_short = match page {
            Page::Room(entries) => {
                let short = self.note(entries.len());
                if let Some(position) = reader.logs.position(log) {
                    out.extend(entries.iter().filter(|e| position.on_read(e.seq)).map(frames::entry));
                }
                short
            }
            Page::Direct(entries) => {
                let mut short = self.note(entries.len());
                let inbox = reader.logs.inbox;
                for InboxEntry { inbox_seq, entry } in &entries {
                    // The rest comes by the inbox, which then has no holes.
                    if inbox.phase != Phase::Paused && *inbox_seq > inbox.last {
                        short = true;
                        break;
                    }
                    if reader.logs.position(log).is_some_and(|p| p.on_read(entry.seq)) {
                        reader.handed.add_one(*inbox_seq);
                        out.push(frames::inbox_entry(entry, *inbox_seq));
                    }
                }
                short
            }
            Page::Inbox(entries) => {
                let short = self.note(entries.len());
                for InboxEntry { inbox_seq, entry } in &entries {
                    let new = reader.logs.inbox.on_read(*inbox_seq);
                    // What a subscribed direct room has been sent from its own log is not sent again.
                    let unseen =
                        reader.logs.direct(&entry.room_id).is_none_or(|r| r.position.on_read(entry.seq));
                    if new {
                        reader.handed.add_one(*inbox_seq);
                    }
                    if new && (unseen || reader.logs.is_again(*inbox_seq)) {
                        out.push(frames::inbox_entry(entry, *inbox_seq));
                    }
                }
                short
            }
            Page::Notices(notices) => {
                let short = self.note(notices.len());
                if let Some(log) = &mut reader.notices {
                    for notice in notices {
                        if log.on_read(&notice)
                            && let Some(cursor) = reader.node.cursor(reader.user, log.last)
                        {
                            out.push(notice_frame(reader.node, &notice, cursor.as_str()));
                        }
                    }
                }
                short
            }
        };
        match (phase(reader, log), was_short) {
            (Some(Phase::Reading), true) => {
                set_phase(reader, log, Phase::Closing);
                self.to_read.push_front(log);
            }
            (Some(Phase::Reading), false) => self.to_read.push_back(log),
            (Some(Phase::Closing), true) => set_phase(reader, log, Phase::Live),
            (Some(Phase::Closing), false) => {
                // More has come than was thought, and nothing is held while it is read.
                set_phase(reader, log, Phase::Reading);
                self.to_read.push_back(log);
            }
            (Some(Phase::Live | Phase::Paused) | None, _) => {}
        }
    }

    /// How long the session is to rest before the next page, when this one has been turned into frames.
    pub fn rest(&mut self) -> Option<Duration> {
        let took = self.begun.take()?.elapsed();
        if self.is_done() {
            self.read = 0;
            return None;
        }
        self.is_long().then(|| (took * RESTS).clamp(REST.0, REST.1))
    }

    /// A page could not be read: the log is read again later.
    pub fn on_failure(&mut self, reader: &mut Reader<'_>, log: LogId) {
        if phase(reader, log) == Some(Phase::Closing) {
            set_phase(reader, log, Phase::Reading);
        }
        self.to_read.push_back(log);
    }

    /// Notes how much a page held; whether it has come to the end of its log.
    const fn note(&mut self, len: usize) -> bool {
        self.read = self.read.saturating_add(len);
        len < self.size as usize
    }

    /// Whether others are to be spared.
    const fn is_long(&self) -> bool {
        self.read >= AT_ONCE
    }

    /// The log whose turn it is. The inbox comes after the direct rooms that are being read.
    fn next_log(&mut self, logs: &Logs) -> Option<LogId> {
        let inbox_waits = logs.direct_is_read();
        let at = self.to_read.iter().position(|log| *log != LogId::Inbox || !inbox_waits)?;
        self.to_read.remove(at)
    }
}

fn page_of(reader: &mut Reader<'_>, log: LogId, size: u32) -> Option<PageFuture> {
    let node = Arc::clone(reader.node);
    Some(match log {
        LogId::Room(slot) => {
            let room = reader.logs.slot(slot)?;
            let (room_id, after) = (room.room_id.clone(), room.position.last);
            if room.direct {
                let user = reader.user.clone();
                return Some(Box::pin(async move {
                    node.store().direct_log(&room_id, &user, after, size).await.map(Page::Direct)
                }));
            }
            Box::pin(async move { node.readings().log(&room_id, after, size).await.map(Page::Room) })
        }
        LogId::Inbox => {
            let (user, after) = (reader.user.clone(), reader.logs.inbox.last);
            Box::pin(async move { node.store().inbox(&user, after, size).await.map(Page::Inbox) })
        }
        LogId::Notices => {
            let (user, after) = (reader.user.clone(), reader.notices.as_ref()?.last);
            Box::pin(async move { node.store().notices(&user, after, size).await.map(Page::Notices) })
        }
    })
}

fn phase(reader: &mut Reader<'_>, log: LogId) -> Option<Phase> {
    match log {
        LogId::Notices => reader.notices.as_ref().map(|n| n.phase),
        LogId::Room(_) | LogId::Inbox => reader.logs.position(log).map(|p| p.phase),
    }
}

/// Sets a log's phase, and whether its live entries are queued.
fn set_phase(reader: &mut Reader<'_>, log: LogId, phase: Phase) {
    let reading = matches!(phase, Phase::Reading | Phase::Paused);
    match log {
        LogId::Room(slot) => {
            if let Some(room) = reader.logs.slot(slot) {
                room.position.phase = phase;
                reader.outbox.set_catching_up(slot, reading);
            }
        }
        LogId::Inbox => {
            reader.logs.inbox.phase = phase;
            reader.outbox.set_inbox_catching_up(reading);
        }
        LogId::Notices => {
            if let Some(notices) = &mut reader.notices {
                notices.phase = phase;
                reader.outbox.set_notices_catching_up(reading);
            }
        }
    }
}

fn notice_frame(node: &Node, notice: &Notice, cursor: &str) -> Utf8Bytes {
    match notice {
        Notice::Own(_, item) => frames::notice(false, &events::json(&**item), cursor, node.now()),
        Notice::Broadcast(_, item) => frames::notice(true, &events::json(&**item), cursor, node.now()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One page that held this much, with more to read: the rest behind it.
    fn rest_behind(catch_up: &mut CatchUp, held: u32) -> Option<Duration> {
        catch_up.size = PAGE;
        catch_up.begun = Some(Instant::now());
        catch_up.to_read = [LogId::Inbox].into();
        catch_up.note(held as usize);
        catch_up.rest()
    }

    #[test]
    fn a_little_of_many_logs_is_read_without_a_rest() {
        let mut catch_up = CatchUp::default();
        for _ in 0..200 {
            assert_eq!((rest_behind(&mut catch_up, 1), rest_behind(&mut catch_up, 0)), (None, None));
        }
    }

    #[test]
    fn much_of_one_log_is_read_with_rests_until_all_is_read() {
        let mut catch_up = CatchUp::default();
        for _ in 1..AT_ONCE / PAGE as usize {
            assert_eq!(rest_behind(&mut catch_up, PAGE), None);
        }
        let rest = rest_behind(&mut catch_up, PAGE).unwrap();
        assert!((REST.0..=REST.1).contains(&rest), "{rest:?}");
        catch_up.to_read.clear();
        catch_up.begun = Some(Instant::now());
        assert_eq!(catch_up.rest(), None);
        assert_eq!(rest_behind(&mut catch_up, PAGE), None, "it begins anew");
    }
}
