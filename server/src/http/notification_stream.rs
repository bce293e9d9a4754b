//! `GET /api/v1/notifications/stream/{userId}`: notifications and broadcasts as server-sent events, from a cursor
//! on, then live.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidings_protocol::http::{StreamConnected, StreamReset};
use tidings_protocol::limits::{SSE_COMMENT_MS, SSE_RETRY_MS};
use tidings_protocol::{Code, SessionId};
use tokio::time::{Instant, sleep_until};

use super::state::HttpState;
use crate::auth::{PageCaller, Principal};
use crate::connection::catch_up::PAGE;
use crate::connection::logs::{Phase, Step};
use crate::connection::notices::NoticeLog;
use crate::drain::Stage;
use crate::error::Error;
use crate::hub::Registration;
use crate::metrics::{Transport, TransportMetrics};
use crate::node::notices::BadCursor;
use crate::node::{Node, Outcome, events, new_uuid};
use crate::outbox::{Head, Item, Outbox, Standing};
use crate::store::Notice;

/// Bytes taken from the outbox at a time.
const TAKE_BYTES: usize = 64 * 1024;
/// How long a log that could not be read is left alone.
const READ_RETRY: Duration = Duration::from_secs(1);
/// Tells nginx not to hold events back.
const NO_BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The query of a stream.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    last_event_id: Option<String>,
}

/// Opens the caller's own stream.
///
/// # Errors
/// 401 and 403; 429 and 503 over a cap. Never for a cursor: that would end an `EventSource` for good.
pub async fn open(
    State(state): State<HttpState>,
    PageCaller(caller): PageCaller,
    Path(user): Path<String>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    if user != caller.principal.user_id.as_str() {
        return Err(Error::new(Code::Forbidden).detail("a stream is open to its own user only"));
    }
    if state.drain.stage() != Stage::Ready {
        return Err(Error::new(Code::Unavailable).detail("the server is going away"));
    }
    let permit = state.admit(&caller, None)?;
    let counted = (permit, state.drain.session(), state.metrics.sse.open());
    // Of header and query the header wins: EventSource keeps it up to date, the query is of the first request.
    let header = headers.get("last-event-id").and_then(|v| v.to_str().ok()).filter(|v| !v.is_empty());
    let cursor = header.map(str::to_owned).or(params.last_event_id).filter(|c| !c.is_empty());
    let feed = Feed::open(&state, caller.principal, cursor.as_deref()).await?;
    Ok(answer(events_of(feed, counted)))
}

/// An event stream's answer, with what proxies must know.
pub(super) fn answer(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let keep_alive = KeepAlive::new().interval(Duration::from_millis(SSE_COMMENT_MS)).text("keep-alive");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let (name, value) = NO_BUFFERING;
    response.headers_mut().insert(name, value);
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn events_of<T: Send + 'static>(
    feed: Feed,
    counted: T,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold((feed, counted), |(mut feed, counted)| async move {
        let event = feed.next().await?;
        Some((Ok(event), (feed, counted)))
    })
}

/// One user's notifications from a position on.
struct Feed {
    node: Arc<Node>,
    principal: Arc<Principal>,
    outbox: Arc<Outbox>,
    log: NoticeLog,
    ready: VecDeque<Event>,
    /// Up to where the transport has taken everything.
    handed: crate::store::NotificationPosition,
    token_end: Instant,
    metrics: TransportMetrics,
}

impl Feed {
    async fn open(state: &HttpState, principal: Arc<Principal>, cursor: Option<&str>) -> Outcome<Self> {
        let node = Arc::clone(&state.node);
        node.see(&principal).await?;
        let session_id = SessionId::new(new_uuid()).map_err(|error| Error::internal(&error))?;
        let user = principal.user_id.clone();
        let outbox = Arc::new(Outbox::new(session_id, user.clone(), state.session.outbox_bytes));
        outbox.set_token_id(principal.token_id);
        outbox.set_notices_catching_up(true);
        let registration = Registration {
            outbox: Arc::clone(&outbox),
            client_session: None,
            inbox: false,
            notices: true,
            transport: Transport::Sse,
            since: node.now(),
        };
        let opening = node.open_session(&principal, registration, false).await;
        let left = state.auth.counts_for(&principal);
        let mut feed = Self {
            node,
            principal,
            outbox,
            log: NoticeLog::from(Default::default()),
            ready: VecDeque::new(),
            handed: Default::default(),
            token_end: Instant::now() + left,
            metrics: state.metrics.sse.clone(),
        };
        opening.done();
        let heads = feed.node.notification_heads(&user).await?;
        feed.push(connected(heads.unread));
        let position = match cursor.map(|c| feed.node.position(&user, c, &heads)) {
            Some(Ok(position)) => position,
            Some(Err(bad)) => {
                // With an id of its own, so that a client which keeps the last one is healed by it.
                let healed = feed.node.cursor(&user, heads.handed);
                feed.push(reset(bad, healed.as_ref().map(|c| c.as_str())));
                heads.handed
            }
            None => heads.handed,
        };
        feed.log = NoticeLog::from(position);
        feed.handed = heads.handed;
        Ok(feed)
    }

    /// The next event; `None` at the end of the token, of the server, or of a session that was too slow.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.outbox.is_cut() {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.log.last != self.handed {
                self.handed = self.log.last;
                self.node.notices_handed(&self.principal.user_id, self.handed);
            }
            if Instant::now() >= self.token_end {
                return None;
            }
            match self.log.phase {
                Phase::Live => self.wait().await?,
                Phase::Reading | Phase::Closing | Phase::Paused => self.read().await?,
            }
        }
    }

    async fn read(&mut self) -> Option<()> {
        let user = self.principal.user_id.clone();
        match self.node.store().notices(&user, self.log.last, PAGE).await {
            Ok(notices) => {
                let short = notices.len() < PAGE as usize;
                for notice in &notices {
                    if self.log.on_read(notice) {
                        match notice {
                            Notice::Own(_, item) => self.push_notice(false, &events::json(&**item)),
                            Notice::Broadcast(_, item) => self.push_notice(true, &events::json(&**item)),
                        }
                    }
                }
                match self.log.phase {
                    Phase::Closing if short => self.log.phase = Phase::Live,
                    Phase::Live | Phase::Closing => {}
                    Phase::Reading | Phase::Paused if short => {
                        self.outbox.set_notices_catching_up(false);
                        self.log.phase = Phase::Closing;
                    }
                    Phase::Reading | Phase::Paused => {}
                }
                Some(())
            }
            Err(error) => {
                tracing::warn!(%error, "notifications could not be read, they are tried again");
                tokio::time::sleep(READ_RETRY).await;
                (!self.outbox.is_closed()).then_some(())
            }
        }
    }

    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            () = poll_fn(|cx| self.outbox.poll_ready(cx)) => {}
            () = sleep_until(self.token_end) => return None,
        }
        self.outbox.answer(Standing::default);
        let mut items = VecDeque::new();
        self.outbox.take(TAKE_BYTES, &mut items);
        if items.is_empty() {
            return (!self.outbox.is_closed()).then_some(());
        }
        for item in items {
            match item {
                Item::Notice { seq, broadcast, json } => match self.log.on_live(broadcast, seq) {
                    Step::Send => self.push_notice(broadcast, &json),
                    Step::Drop => {}
                    Step::Read => {
                        self.outbox.set_notices_catching_up(true);
                        self.log.phase = Phase::Reading;
                    }
                },
                Item::NoticeState(json) => {
                    self.metrics.sent("STATE", 1);
                    self.push(Event::default().event("state").data(json.as_str()));
                }
                Item::Head(Head::Notices { own, broadcast }) => {
                    let behind = self.log.last.own < own || self.log.last.broadcast < broadcast;
                    if behind && self.log.phase == Phase::Live {
                        self.outbox.set_notices_catching_up(true);
                        self.log.phase = Phase::Reading;
                    }
                }
                Item::Entry { .. }
                | Item::Inbox { .. }
                | Item::Signal { .. }
                | Item::Evict { .. }
                | Item::Head(Head::Room(..) | Head::Inbox(_)) => {}
            }
        }
        Some(())
    }

    fn push_notice(&mut self, broadcast: bool, json: &str) {
        let (name, kind) =
            if broadcast { ("broadcast", "BROADCAST") } else { ("notification", "NOTIFICATION") };
        self.metrics.sent(kind, 1);
        let event = Event::default().event(name).data(json);
        let cursor = self.node.cursor(&self.principal.user_id, self.log.last);
        self.push(match cursor {
            Some(cursor) => event.id(cursor.as_str()),
            None => event,
        });
    }

    fn push(&mut self, event: Event) {
        self.ready.push_back(event);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let (node, principal, outbox) =
            (Arc::clone(&self.node), Arc::clone(&self.principal), Arc::clone(&self.outbox));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { node.close_session(&principal, &outbox, &[]).await });
        }
    }
}

fn connected(unread_count: u64) -> Event {
    let data = StreamConnected { message: "Connected to notification stream".to_owned(), unread_count };
    Event::default()
        .event("connected")
        .retry(Duration::from_millis(SSE_RETRY_MS))
        .data(events::json(&data).as_str())
}

fn reset(bad: BadCursor, cursor: Option<&str>) -> Event {
    let data = StreamReset { reason: bad.as_str().to_owned() };
    let event = Event::default().event("reset").data(events::json(&data).as_str());
    match cursor {
        Some(cursor) => event.id(cursor),
        None => event,
    }
}
