//! One session: frames in, frames out. A transport feeds it with text, asks it for work, and writes what it has.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::TokenExpiring;
use tidings_protocol::{ClientFrame, ClientId, CloseCode, Code, Event, RoomId, Timestamp};

use tokio::time::Instant;

use super::catch_up::{CatchUp, Page, Reader};
use super::deadlines::{Deadlines, Due};
use super::logs::{LogId, Logs, Step};
use super::notices::NoticeLog;
use super::tally::Tally;
use crate::auth::{Admission, Authenticator, Principal};
use crate::clock::until;
use crate::command::{self, Answer};
use crate::error::Error;
use crate::frames;
use crate::limits::{SessionRate, Strikes};
use crate::metrics::{Dropped, Transport, TransportMetrics};
use crate::node::{Gate, Node, Outcome, Pending};
use crate::outbox::{Item, Outbox};
use crate::store::{NotificationPosition, StoreError, Written};

/// Frames of one session whose answers are still to come; past that, its next frame waits.
const MAX_PENDING: usize = 256;
/// Bytes taken from the outbox at a time.
const TAKE_BYTES: usize = 64 * 1024;
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

/// A frame whose answer is still to come.
#[derive(Debug)]
struct Unanswered {
    id: Option<ClientId>,
    room_id: Option<RoomId>,
    pending: Pending,
    since: Instant,
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
    pub(crate) deadlines: Deadlines,
    pub(crate) is_resumable: bool,
    rate: SessionRate,
    strikes: Strikes,
    taken: VecDeque<Item>,
    unanswered: VecDeque<Unanswered>,
    out: VecDeque<Utf8Bytes>,
    out_bytes: usize,
    pub(crate) inbox_delivered: u64,
    notices_handed: NotificationPosition,
    transport: Transport,
    tally: Tally,
    /// The session was asked to close: it reads no more of its peer.
    is_closing: bool,
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
        let logs_at = logs.inbox.last;
        Self {
            services,
            principal,
            outbox,
            gate: Arc::default(),
            logs,
            notices: None,
            catch_up: CatchUp::default(),
            deadlines: Deadlines::new(heartbeat),
            is_resumable: false,
            rate,
            strikes: Strikes::default(),
            taken: VecDeque::new(),
            unanswered: VecDeque::new(),
            out: VecDeque::new(),
            out_bytes: 0,
            inbox_delivered: logs_at,
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
        self.is_closing || self.unanswered.len() >= MAX_PENDING || self.out_bytes > MAX_OUT_BYTES
    }

    /// The next frame to write.
    pub fn next_frame(&mut self) -> Option<Utf8Bytes> {
        let frame = self.out.pop_front();
        match &frame {
            Some(frame) => self.out_bytes -= frame.len(),
            None => self.out = VecDeque::new(),
        }
        frame
    }

    /// Whether a frame waits to be written.
    #[must_use]
    pub fn has_frames(&self) -> bool {
        !self.out.is_empty()
    }

    /// Whether all that was accepted has been answered and taken: nothing is owed to the peer.
    #[must_use]
    pub fn owes_nothing(&self) -> bool {
        self.unanswered.is_empty() && self.out.is_empty() && self.outbox.waiting_bytes() == 0
    }

    /// Whether every log comes live: nothing is left to read.
    #[must_use]
    pub fn has_caught_up(&mut self) -> bool {
        self.catch_up.is_done()
    }

    /// Everything that was given out has been written.
    pub fn flushed(&mut self) {
        self.tally.report(self.services.node.metrics().of(self.transport));
        let user = &self.principal.user_id;
        if self.logs.inbox.last > self.inbox_delivered {
            self.inbox_delivered = self.logs.inbox.last;
            self.services.node.inbox_delivered(user, self.inbox_delivered);
        }
        if let Some(notices) = &self.notices
            && notices.last != self.notices_handed
        {
            self.notices_handed = notices.last;
            self.services.node.notices_handed(user, notices.last);
        }
    }

    /// Reads one frame of the peer and does what it asks for.
    pub async fn on_text(&mut self, text: &str) -> Flow {
        self.deadlines.heard();
        match ClientFrame::parse(text) {
            Ok(frame) => Box::pin(self.on_frame(frame)).await,
            Err(error) => {
                self.metrics().received("INVALID");
                let (id, room_id) = (error.id.clone(), error.room_id.clone());
                self.refuse(&Error::from(error), id, room_id)
            }
        }
    }

    /// Does what a frame asks for.
    pub async fn on_frame(&mut self, frame: ClientFrame) -> Flow {
        let ClientFrame { id, command } = frame;
        let room_id = command::room_of(&command).cloned();
        self.metrics().received(command.type_name());
        if let Err(error) = command::admit(&self.rate, &self.gate, &command) {
            return self.refuse(&error, id, room_id);
        }
        match command::dispatch(self, id.as_ref(), command).await {
            Ok(Answer::Sent) => {}
            Ok(Answer::Frame(frame)) => self.send(frame),
            Ok(Answer::Done) => {
                if let Some(id) = id {
                    let frame = frames::done(id, room_id, self.now());
                    self.send(frame);
                }
            }
            Ok(Answer::Later(pending)) => {
                self.unanswered.push_back(Unanswered { id, room_id, pending, since: Instant::now() });
            }
            Err(error) => return self.refuse(&error, id, room_id),
        }
        Flow::Continue
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
            if let Some(code) = self.outbox.close_code() {
                self.is_closing = true;
                if code == CloseCode::TooSlow || (idle && self.owes_nothing()) {
                    return Poll::Ready(Work::Closed(code));
                }
            }
            if idle && !self.logs.is_closing() && self.outbox.waiting_bytes() > 0 {
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
                    self.services.node.metrics().dropped(Dropped::SlowSession, self.out.len() as u64);
                }
                Flow::Close(code)
            }
        }
    }

    /// Waits for the answers to all frames that were accepted, so that they can still be written before a close.
    pub async fn settle(&mut self) {
        while let Some(first) = self.unanswered.front_mut() {
            let answer = (&mut first.pending).await;
            let _ = self.on_answer(answer);
        }
    }

    fn on_answer(&mut self, answer: Outcome<Written>) -> Flow {
        let Some(Unanswered { id, room_id, since, .. }) = self.unanswered.pop_front() else {
            return Flow::Continue;
        };
        self.services.node.metrics().acknowledged(since.elapsed());
        if self.unanswered.is_empty() {
            self.unanswered = VecDeque::new();
        }
        match (answer, id) {
            (Ok(Written::Appended(appended)), Some(id)) => {
                let frame = frames::appended(id, appended, self.now());
                self.send(frame);
            }
            (Ok(_), Some(id)) => {
                let frame = frames::done(id, room_id, self.now());
                self.send(frame);
            }
            (Ok(_), None) => {}
            (Err(error), id) => return self.refuse(&error, id, room_id),
        }
        Flow::Continue
    }

    fn on_page(&mut self, log: LogId, page: Result<Page, StoreError>) {
        match page {
            Ok(page) => {
                let mut out = Vec::new();
                let (catch_up, mut reader) = self.reader();
                catch_up.on_page(&mut reader, log, page, &mut out);
                self.services.node.metrics().replayed(out.len() as u64);
                out.into_iter().for_each(|frame| self.send(frame));
                self.deadlines.delivered();
            }
            Err(error) => {
                tracing::warn!(%error, "a log could not be read, it is tried again");
                self.catch_up.on_failure(log);
                self.deadlines.read_failed();
            }
        }
    }

    /// Takes what waits. Returns the rooms that the user was put out of.
    fn on_items(&mut self) -> Vec<RoomId> {
        let dropped = self.outbox.take(TAKE_BYTES, &mut self.taken);
        if dropped > 0 {
            self.services.node.metrics().dropped(Dropped::Ephemeral, dropped);
        }
        let mut evicted = Vec::new();
        while let Some(item) = self.taken.pop_front() {
            if let Item::Evict(room_id) = item {
                evicted.push(room_id);
            } else {
                self.on_item(item);
            }
        }
        self.taken = VecDeque::new();
        evicted
    }

    async fn leave_evicted(&mut self, rooms: Vec<RoomId>) {
        for room_id in rooms {
            if self.forget_room(&room_id).await {
                let node = Arc::clone(&self.services.node);
                node.evicted(&self.principal, &room_id).await;
            }
        }
    }

    fn on_item(&mut self, item: Item) {
        match item {
            Item::Entry { slot, seq, frame } => {
                let Some(room) = self.logs.slot(slot) else { return };
                match room.position.on_live(seq) {
                    Step::Send => {
                        self.send(frame);
                        self.deadlines.delivered();
                    }
                    Step::Drop => {}
                    Step::Read => self.read_log(LogId::Room(slot)),
                }
            }
            Item::Inbox { inbox_seq, room_id, seq, frame } => match self.logs.inbox.on_live(inbox_seq) {
                Step::Send => {
                    let unseen = self.logs.direct(&room_id).is_none_or(|r| r.position.on_read(seq));
                    if let Some(frame) = frame
                        && unseen
                    {
                        self.send(frame);
                    }
                }
                Step::Drop => {}
                Step::Read => self.read_log(LogId::Inbox),
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
                    Step::Read => self.read_log(LogId::Notices),
                }
            }
            Item::NoticeState(json) => {
                let Some(notices) = &self.notices else { return };
                if let Some(cursor) = self.services.node.cursor(&self.principal.user_id, notices.last) {
                    let frame = frames::notice_state(&json, cursor.as_str(), self.now());
                    self.send(frame);
                }
            }
            Item::Signal { frame, .. } => self.send(frame),
            Item::Evict(_) => {}
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
            Due::Delivered => self.report_delivered(),
            Due::TypingOver(_) | Due::Read => {}
        }
        Flow::Continue
    }

    /// Adds a frame to what the transport writes next.
    pub(crate) fn send(&mut self, frame: Utf8Bytes) {
        self.tally.count(&frame);
        self.out_bytes += frame.len();
        self.out.push_back(frame);
    }

    /// Reads a log from the session's position on.
    pub(crate) fn read_log(&mut self, log: LogId) {
        let (catch_up, mut reader) = self.reader();
        catch_up.begin(&mut reader, log);
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
        let rooms = self.logs.room_ids().into_iter().filter(beyond).collect();
        self.leave_evicted(rooms).await;
    }

    /// The token that now stands for the session.
    pub(crate) fn set_token(&mut self, principal: Arc<Principal>) {
        let (now, leeway) = (self.now(), self.services.auth.leeway());
        let left = until(now, principal.expires_at);
        // A token that was taken within the leeway after its end counts until the leeway is over.
        let counts_for = if left.is_zero() { leeway } else { left };
        self.deadlines.set_token(counts_for, TOKEN_WARNING.min(counts_for / 3));
        self.principal = principal;
    }

    fn metrics(&self) -> &TransportMetrics {
        self.services.node.metrics().of(self.transport)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.services.node.now()
    }

    fn reader(&mut self) -> (&mut CatchUp, Reader<'_>) {
        let reader = Reader {
            node: &self.services.node,
            user: &self.principal.user_id,
            outbox: &self.outbox,
            logs: &mut self.logs,
            notices: self.notices.as_mut(),
        };
        (&mut self.catch_up, reader)
    }

    fn refuse(&mut self, error: &Error, id: Option<ClientId>, room_id: Option<RoomId>) -> Flow {
        self.metrics().error(error.code());
        if error.code() == Code::RateLimited {
            self.services.node.metrics().rate_limited();
        }
        let frame = frames::error(error, id, room_id, self.now());
        self.send(frame);
        if self.strikes.strike() { Flow::Close(CloseCode::RateLimited) } else { Flow::Continue }
    }

    async fn tell_typing_over(&self, room: &RoomId) {
        if let Err(error) = self.services.node.typing(&self.principal.user_id, room, false).await {
            tracing::debug!(%error, "the end of typing was not told");
        }
    }

    fn report_delivered(&mut self) {
        for room in self.logs.rooms_mut() {
            if !room.direct && room.position.last > room.delivered {
                room.delivered = room.position.last;
                self.services.node.room_delivered(&room.room_id, &self.principal.user_id, room.delivered);
            }
        }
    }
}

/// However a session ends, also by a panic of its task: subscriptions, presence and markers are put in order.
impl Drop for Session {
    fn drop(&mut self) {
        self.report_delivered();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (node, principal) = (Arc::clone(&self.services.node), Arc::clone(&self.principal));
        let (outbox, rooms, typing) =
            (Arc::clone(&self.outbox), self.logs.room_ids(), self.deadlines.typing_rooms());
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
