//! One session: frames in, frames out. A transport feeds it with text, asks it for work, and writes what it has.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::TokenExpiring;
use tidings_protocol::{CloseCode, Event, RoomId, Timestamp};

use super::catch_up::{CatchUp, Page};
use super::deadlines::{Deadlines, Due};
use super::incoming::Unanswered;
use super::logs::{LogId, Logs, Phase};
use super::notices::NoticeLog;
use super::outgoing::Outgoing;
use super::tally::Tally;
use crate::auth::{Authenticator, Principal};
use crate::limits::{SessionRate, Strikes};
use crate::metrics::{Dropped, Transport, TransportMetrics};
use crate::node::parts::Parts;
use crate::node::{Gate, Node, Outcome};
use crate::outbox::{Item, LivePosition, Outbox, Standing};
use crate::store::{NotificationPosition, StoreError, Written};

/// Frames of one session whose answers are still to come; past that, its next frame waits.
const MAX_PENDING: usize = 256;
/// Bytes of answers that may wait for a peer that does not read; past that, its next frame waits.
const MAX_OUT_BYTES: usize = 256 * 1024;
/// A client is told of its token's end this long before, or a third of the token's life before.
const TOKEN_WARNING: Duration = Duration::from_secs(60);

/// What every session needs.
#[derive(Clone, Debug)]
pub struct SessionServices {
    /// The node.
    pub node: Arc<Node>,
    /// Checks tokens that come in frames.
    pub auth: Arc<Authenticator>,
}

/// What a session is set to.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How often an idle peer is pinged.
    pub heartbeat: Duration,
    /// What may wait for the session, in bytes.
    pub outbox_bytes: usize,
    /// Frames a second that a client is told to keep to.
    pub frames_per_second: u32,
    /// Frames that a client is told may come at once.
    pub frame_burst: u32,
    /// Longest WebSocket frame, in bytes.
    pub max_frame_bytes: usize,
}

/// Something for [`Session::on_work`].
#[derive(Debug)]
pub enum Work {
    /// The oldest unanswered frame has its answer.
    Answer(Outcome<Written>),
    /// A page of a log was read.
    Page(LogId, Result<Page, StoreError>),
    /// The outbox has something.
    Items,
    /// Time has passed.
    Due(Due),
    /// The session was asked to close.
    Closed(CloseCode),
}

/// What a transport does after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Goes on.
    Continue,
    /// Asks the peer whether it lives.
    Ping,
    /// Closes.
    Close(CloseCode),
}

/// One session.
#[derive(Debug)]
pub struct Session {
    pub(crate) services: SessionServices,
    pub(crate) principal: Arc<Principal>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) logs: Logs,
    pub(crate) notices: Option<NoticeLog>,
    pub(crate) catch_up: CatchUp,
    /// Nobody is shown by it, and nobody becomes a member.
    pub(crate) is_aside: bool,
    pub(crate) deadlines: Deadlines,
    pub(super) rate: SessionRate,
    pub(super) strikes: Strikes,
    pub(super) taken: VecDeque<Item>,
    /// What was lent last, for its memory.
    pub(super) places: Vec<LivePosition>,
    pub(super) unanswered: VecDeque<Unanswered>,
    pub(super) outgoing: Outgoing,
    /// Positions of the inbox that were given out and are not told as delivered yet.
    pub(super) handed: Parts,
    /// Everything that was given out has been written.
    pub(super) is_written: bool,
    notices_handed: NotificationPosition,
    transport: Transport,
    tally: Tally,
    /// The session was asked to close: it reads no more of its peer.
    pub(super) is_closing: bool,
}

impl Session {
    pub(super) fn new(
        services: SessionServices,
        principal: Arc<Principal>,
        outbox: Arc<Outbox>,
        rate: SessionRate,
        logs: Logs,
        heartbeat: Duration,
        transport: Transport,
    ) -> Self {
        Self {
            services,
            principal,
            outbox,
            gate: Arc::default(),
            logs,
            notices: None,
            catch_up: CatchUp::default(),
            is_aside: false,
            deadlines: Deadlines::new(heartbeat),
            rate,
            strikes: Strikes::default(),
            taken: VecDeque::new(),
            places: Vec::new(),
            unanswered: VecDeque::new(),
            outgoing: Outgoing::default(),
            handed: Parts::default(),
            is_written: false,
            notices_handed: NotificationPosition::default(),
            transport,
            tally: Tally::default(),
            is_closing: false,
        }
    }

    /// The node that the session is on.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.services.node
    }

    /// Who the session speaks for.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The session's outbox.
    #[must_use]
    pub const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The peer lives.
    pub fn heard(&mut self) {
        self.deadlines.heard();
    }

    /// Whether the peer's next frame waits: its answers do, or the session is about to close.
    #[must_use]
    pub fn is_backed_up(&self) -> bool {
        self.is_closing
            || self.outbox.is_closed()
            || self.unanswered.len() >= MAX_PENDING
            || self.outgoing.bytes() > MAX_OUT_BYTES
    }

    /// The next frame to write.
    pub fn next_frame(&mut self) -> Option<Utf8Bytes> {
        self.outgoing.pop()
    }

    /// All frames that wait to be written, for a transport that takes them itself.
    pub const fn outgoing(&mut self) -> &mut Outgoing {
        &mut self.outgoing
    }

    /// Whether a frame waits to be written.
    #[must_use]
    pub fn has_frames(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether all that was accepted has been answered and taken: nothing is owed to the peer.
    #[must_use]
    pub fn owes_nothing(&self) -> bool {
        self.unanswered.is_empty() && self.outgoing.is_empty() && self.outbox.waiting_bytes() == 0
    }

    /// Whether every log comes live: nothing is left to read.
    #[must_use]
    pub fn has_caught_up(&mut self) -> bool {
        self.catch_up.is_done()
    }

    /// Adds what was given out to the transport's numbers.
    pub fn count_sent(&mut self) {
        self.tally.report(self.services.node.metrics().of(self.transport));
    }

    /// Everything that was given out has been written.
    pub fn flushed(&mut self) {
        self.count_sent();
        let user = &self.principal.user_id;
        self.is_written = true;
        for (after, inbox_seq) in self.handed.take() {
            self.services.node.inbox_delivered(user, after, inbox_seq);
        }
        if let Some(notices) = &self.notices
            && notices.last != self.notices_handed
        {
            self.notices_handed = notices.last;
            self.services.node.notices_handed(user, notices.last);
        }
    }

    /// Whether the outbox has something that may be taken now.
    #[must_use]
    pub fn has_items(&self) -> bool {
        !self.is_closing_a_log() && self.outbox.has_items()
    }

    /// Whether a log is about to go live: what is queued waits for its last page.
    pub(super) fn is_closing_a_log(&self) -> bool {
        self.logs.is_closing() || self.notices.as_ref().is_some_and(|notices| notices.phase == Phase::Closing)
    }

    /// What there is to do, as soon as there is something. `idle` says that the transport has written all it
    /// was given: only then is more taken for it.
    pub fn poll_work(&mut self, idle: bool, cx: &mut Context<'_>) -> Poll<Work> {
        if let Some(first) = self.unanswered.front_mut()
            && let Poll::Ready(answer) = Pin::new(&mut first.pending).poll(cx)
        {
            return Poll::Ready(Work::Answer(answer));
        }
        if let Poll::Ready(due) = self.deadlines.poll_due(cx) {
            return Poll::Ready(Work::Due(due));
        }
        if self.outbox.poll_ready(cx).is_ready() {
            self.outbox.answer(|| self.stands());
            if let Some(code) = self.outbox.close_code() {
                self.is_closing = true;
                if self.outbox.is_cut() || (idle && self.owes_nothing()) {
                    return Poll::Ready(Work::Closed(code));
                }
            }
            if idle && !self.is_closing_a_log() && self.outbox.waiting_bytes() > 0 {
                return Poll::Ready(Work::Items);
            }
        }
        if idle && !self.deadlines.read_waits() {
            let (catch_up, mut reader) = self.reader();
            if let Poll::Ready((log, page)) = catch_up.poll_page(&mut reader, cx) {
                return Poll::Ready(Work::Page(log, page));
            }
        }
        Poll::Pending
    }

    fn stands(&self) -> Standing {
        Standing {
            rooms: self.logs.positions(),
            inbox: Some(self.logs.inbox.last),
            unwritten_bytes: self.outgoing.bytes(),
            unanswered: self.unanswered.len(),
        }
    }

    /// Does it. What is rare is boxed, so that an idle session's task stays small.
    pub async fn on_work(&mut self, work: Work) -> Flow {
        match work {
            Work::Answer(answer) => self.on_answer(answer),
            Work::Page(log, page) => {
                self.on_page(log, page);
                Flow::Continue
            }
            Work::Items => {
                let evicted = self.on_items();
                if !evicted.is_empty() {
                    Box::pin(self.leave_evicted(evicted)).await;
                }
                Flow::Continue
            }
            Work::Due(Due::TypingOver(room)) => {
                Box::pin(self.tell_typing_over(&room)).await;
                Flow::Continue
            }
            Work::Due(due) => self.on_due(&due),
            Work::Closed(code) => {
                if code == CloseCode::TooSlow {
                    self.services.node.metrics().dropped(Dropped::SlowSession, self.outgoing.len() as u64);
                }
                Flow::Close(code)
            }
        }
    }

    fn on_due(&mut self, due: &Due) -> Flow {
        match due {
            Due::Ping => return Flow::Ping,
            Due::Dead => return Flow::Close(CloseCode::GoingAway),
            Due::WarnToken => {
                let event = Event::TokenExpiring(TokenExpiring { expires_at: self.principal.expires_at });
                let frame = self.services.node.frame(event);
                self.send(frame);
            }
            Due::TokenExpired => return Flow::Close(CloseCode::Unauthenticated),
            Due::NoResume => return Flow::Close(CloseCode::TooSlow),
            Due::Delivered if self.is_written => self.report_delivered(),
            Due::Delivered => self.deadlines.delivered(),
            Due::TypingOver(_) | Due::Read => {}
        }
        Flow::Continue
    }

    /// Adds a frame to what the transport writes next.
    pub(crate) fn send(&mut self, frame: Utf8Bytes) {
        self.tally.count(&frame);
        self.outgoing.push(frame);
        self.is_written = false;
    }

    /// The token that now stands for the session.
    pub(crate) fn set_token(&mut self, principal: Arc<Principal>) {
        let counts_for = self.services.auth.counts_for(&principal);
        self.deadlines.set_token(counts_for, TOKEN_WARNING.min(counts_for / 3));
        self.outbox.set_token_id(principal.token_id);
        self.services.node.hold_to_revocations(&self.outbox);
        self.principal = principal;
    }

    pub(super) fn metrics(&self) -> &TransportMetrics {
        self.services.node.metrics().of(self.transport)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.services.node.now()
    }

    pub(crate) async fn tell_typing_over(&self, room: &RoomId) {
        if let Err(error) = self.services.node.typing(&self.principal.user_id, room, false).await {
            tracing::debug!(%error, "the end of typing was not told");
        }
    }
}

/// However a session ends, also by a panic of its task: subscriptions, presence and markers are put in order.
impl Drop for Session {
    fn drop(&mut self) {
        self.unpark();
        if self.is_written {
            self.report_delivered();
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (node, principal) = (Arc::clone(&self.services.node), Arc::clone(&self.principal));
        let (outbox, rooms, typing) =
            (Arc::clone(&self.outbox), self.logs.subscribed(), self.deadlines.typing_rooms());
        runtime.spawn(async move {
            for room in &typing {
                if let Err(error) = node.typing(&principal.user_id, room, false).await {
                    tracing::debug!(%error, "the end of typing was not told");
                }
            }
            node.close_session(&principal, &outbox, &rooms).await;
        });
    }
}
