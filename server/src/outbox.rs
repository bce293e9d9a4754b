//! What waits to be written to one session: bounded in bytes. What may be dropped goes first, then what a log holds is left
//! to the log; a session that takes nothing meanwhile is closed as too slow and resumes.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tidings_protocol::{CloseCode, SessionId, UserId};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::store::TokenId;

mod item;
mod parked;
mod run;
mod spill;
mod standing;

pub use self::item::{Head, Item, Slot};
use self::parked::Taken;
pub use self::parked::{LivePosition, Parked};
pub use self::run::Run;
pub use self::standing::Standing;

/// A drained queue larger than this gives its memory back.
const KEEP_CAPACITY: usize = 32;
/// From this part of the limit on it is looked at how long nothing has been taken.
const PRESSED: usize = 4;
/// A session whose outbox is full and that has taken nothing for this long is too slow; before, it was only much at once.
const STALLED: Duration = Duration::from_millis(50);

/// The outbox of one session. Whoever has something for the session pushes; the session's own task takes.
#[derive(Debug)]
pub struct Outbox {
    session_id: SessionId,
    user_id: UserId,
    limit: usize,
    inner: Mutex<Inner>,
    question: standing::Question,
    waker: AtomicWaker,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Item>,
    bytes: usize,
    /// Since when much waits and nothing of it has been taken.
    pressed: Option<Instant>,
    /// Logs that are being read at present: their live entries would be read anyway.
    catching_up: Vec<Slot>,
    inbox_catching_up: bool,
    notices_catching_up: bool,
    dropped: u64,
    close: Option<CloseCode>,
    lease: Option<Instant>,
    /// The token that the session stands on.
    token: Option<TokenId>,
    /// What the session has lent, while its task sleeps.
    parked: Option<Parked>,
}

impl Outbox {
    /// An empty outbox for a session, of at most `limit` bytes.
    #[must_use]
    pub fn new(session_id: SessionId, user_id: UserId, limit: usize) -> Self {
        let (inner, question, waker) = (Mutex::default(), standing::Question::default(), AtomicWaker::new());
        Self { session_id, user_id, limit, inner, question, waker }
    }

    /// Whose outbox it is.
    #[must_use]
    pub fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    /// Whose session it is.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Adds an item. Over the limit, droppable items go, and where that is not enough, entries are left to their logs. A session
    /// that has taken nothing for a while is closed with [`CloseCode::TooSlow`].
    pub fn push(&self, item: Item) {
        let wakes = self.inner.lock().add(item, self.limit);
        if wakes {
            self.waker.wake();
        }
    }

    /// Hands a run over: what sleeps with nothing else to write is written to, where the run says so, and the rest is
    /// added. `slot` is the session's number of the room. Returns how many frames were written.
    pub fn hand(&self, slot: Slot, run: &Run) -> usize {
        let mut inner = self.inner.lock();
        let taken = match (run.whole(), inner.free()) {
            (Some(whole), Some(parked)) => parked.write(slot, run, whole),
            _ => Taken::default(),
        };
        let mut wakes = taken.begun;
        for item in run.items(slot).skip(taken.frames + usize::from(taken.begun)) {
            wakes |= inner.add(item, self.limit);
        }
        drop(inner);
        if wakes {
            self.waker.wake();
        }
        taken.frames
    }

    /// The session's task goes to sleep with nothing to write.
    pub fn park(&self, parked: Parked) {
        self.inner.lock().parked = Some(parked);
    }

    /// The session's task is awake, or at its end.
    pub fn unpark(&self) -> Option<Parked> {
        self.inner.lock().parked.take()
    }

    /// The session is one of many short ones, between which its client counts as connected until then.
    pub fn set_lease(&self, until: Instant) {
        self.inner.lock().lease = Some(until);
    }

    /// Until when the client of a session that is one of many short ones counts as connected.
    #[must_use]
    pub fn lease(&self) -> Option<Instant> {
        let inner = self.inner.lock();
        // A newer one of the client stands already.
        inner.lease.filter(|_| inner.close != Some(CloseCode::Replaced))
    }

    /// Asks the session to close. What waits is still written first, unless the code says that the session is cut.
    pub fn close(&self, code: CloseCode) {
        let mut inner = self.inner.lock();
        if inner.close.is_none_or(|before| is_cut(code) && !is_cut(before)) {
            inner.close = Some(code);
            if is_cut(code) {
                inner.queue = VecDeque::new();
                inner.bytes = 0;
            }
        }
        drop(inner);
        self.waker.wake();
    }

    /// Whether nothing more is to be written to the session, not even what it has taken already.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.inner.lock().close.is_some_and(is_cut)
    }

    /// The token that the session stands on, where the token has an id.
    #[must_use]
    pub fn token_id(&self) -> Option<TokenId> {
        self.inner.lock().token
    }

    /// The session stands on another token.
    pub fn set_token_id(&self, token: Option<TokenId>) {
        self.inner.lock().token = token;
    }

    /// Asks the session's task where it stands. It answers as soon as it is woken, or never where it has ended.
    pub fn ask(&self) -> oneshot::Receiver<Standing> {
        let answered = self.question.ask();
        self.waker.wake();
        answered
    }

    /// Answers whoever has asked.
    pub fn answer(&self, stands: impl FnOnce() -> Standing) {
        self.question.answer(stands);
    }

    /// Whether the session was asked to close.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().close.is_some()
    }

    /// How the session was asked to close.
    #[must_use]
    pub fn close_code(&self) -> Option<CloseCode> {
        self.inner.lock().close
    }

    /// Whether something waits, and the session was not asked to close.
    #[must_use]
    pub fn has_items(&self) -> bool {
        let inner = self.inner.lock();
        inner.close.is_none() && !inner.queue.is_empty()
    }

    /// Bytes that wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.inner.lock().bytes
    }

    /// While a room's log is being read for the session, its live entries are not queued: the reading goes on
    /// until it has met them.
    pub fn set_catching_up(&self, slot: Slot, catching_up: bool) {
        let mut inner = self.inner.lock();
        inner.catching_up.retain(|s| *s != slot);
        if catching_up {
            inner.catching_up.push(slot);
        } else if inner.catching_up.is_empty() {
            inner.catching_up = Vec::new();
        }
    }

    /// The same for the inbox.
    pub fn set_inbox_catching_up(&self, catching_up: bool) {
        self.inner.lock().inbox_catching_up = catching_up;
    }

    /// The same for notifications.
    pub fn set_notices_catching_up(&self, catching_up: bool) {
        self.inner.lock().notices_catching_up = catching_up;
    }

    /// Ready as soon as there is something to take, or the session was asked to close.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        let inner = self.inner.lock();
        let idle = inner.queue.is_empty() && inner.close.is_none() && !self.question.is_asked();
        if idle { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Moves waiting items to the end of `into`, at least one and then up to `max_bytes` in all. Returns how many
    /// droppable items have been dropped since the last call.
    pub fn take(&self, max_bytes: usize, into: &mut VecDeque<Item>) -> u64 {
        let mut inner = self.inner.lock();
        let mut taken = 0;
        inner.pressed = None;
        while taken < max_bytes {
            let Some(item) = inner.queue.pop_front() else { break };
            let cost = item.cost();
            inner.bytes -= cost;
            taken += cost;
            into.push_back(item);
        }
        if inner.queue.is_empty() && inner.queue.capacity() > KEEP_CAPACITY {
            inner.queue = VecDeque::new();
        }
        std::mem::take(&mut inner.dropped)
    }
}

/// A session that is too slow reads on from the log; one that was replaced or whose word counts no more is told
/// nothing more.
const fn is_cut(code: CloseCode) -> bool {
    matches!(
        code,
        CloseCode::TooSlow | CloseCode::Replaced | CloseCode::Unauthenticated | CloseCode::Forbidden
    )
}

impl Inner {
    /// Whether the item need not wait, since the session will read it from the log.
    fn is_read_from_log(&self, item: &Item) -> bool {
        match item {
            Item::Entry { slot, .. } => self.catching_up.contains(slot),
            Item::Inbox { .. } => self.inbox_catching_up,
            Item::Notice { .. } => self.notices_catching_up,
            Item::NoticeState(_) | Item::Signal { .. } | Item::Evict { .. } | Item::Head(_) => false,
        }
    }

    /// Adds an item. Returns whether the session's task is to be woken: one that has not taken the last item yet will
    /// find this one too.
    fn add(&mut self, item: Item, limit: usize) -> bool {
        if self.close.is_some() || self.is_read_from_log(&item) {
            return false;
        }
        let was_empty = self.queue.is_empty();
        self.bytes += item.cost();
        self.queue.push_back(item);
        if self.bytes > limit / PRESSED {
            self.press(limit);
        }
        was_empty || self.close.is_some()
    }

    /// What the session has lent, where nothing is to be written before what comes now.
    fn free(&mut self) -> Option<&mut Parked> {
        self.parked.as_mut().filter(|_| self.close.is_none() && self.queue.is_empty())
    }

    /// Much waits: sees to it that it does not become more than the limit.
    fn press(&mut self, limit: usize) {
        let since = *self.pressed.get_or_insert_with(Instant::now);
        if self.bytes <= limit {
            return;
        }
        self.shed();
        if self.bytes > limit && since.elapsed() < STALLED {
            self.queue = spill::spill(std::mem::take(&mut self.queue));
            self.bytes = self.queue.iter().map(Item::cost).sum();
        }
        if self.bytes > limit {
            self.queue = VecDeque::new();
            self.bytes = 0;
            self.close = Some(CloseCode::TooSlow);
        }
    }

    fn shed(&mut self) {
        let before = self.queue.len();
        let mut freed = 0;
        self.queue.retain(|item| {
            let drop = item.is_droppable();
            if drop {
                freed += item.cost();
            }
            !drop
        });
        self.bytes -= freed;
        self.dropped += (before - self.queue.len()) as u64;
    }
}

#[cfg(test)]
mod tests;
