//! `GET /ws/chat`: turns WebSocket messages into frames and back, and knows nothing else.
//!
//! One task per connection. Everything that waits goes out with one flush; while that is on its way, the peer's
//! own frames are still read.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use futures_util::{Sink, Stream};
use http::StatusCode;
use tidings_protocol::limits::SUBPROTOCOL;
use tidings_protocol::{ClientSession, CloseCode, Code};
use tokio_tungstenite::tungstenite;

use super::state::HttpState;
use crate::auth::PageCaller;
use crate::connection::{Flow, Session, Wish, Work};
use crate::drain::Stage;
use crate::error::Error;
use crate::metrics::Transport;

/// What one read of the socket takes. Idle connections own one of these each.
const READ_BUFFER: usize = 1024;
/// Bytes of frames that go into one flush.
const FLUSH_BYTES: usize = 64 * 1024;
/// What the library may hold beyond that: one more frame, whose size history bounds.
const MAX_WRITE_BUFFER: usize = 4 * FLUSH_BYTES;
/// How long the last frames and the closing handshake may take.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// The query of the upgrade request.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    client_session: Option<String>,
    notifications: Option<bool>,
}

/// Checks the caller, then upgrades.
///
/// # Errors
/// 401 or 403 before the upgrade; 429 and 503 over a cap; 400 for what is no upgrade request.
pub async fn upgrade(
    State(state): State<HttpState>,
    PageCaller(caller): PageCaller,
    params: Result<Query<Params>, axum::extract::rejection::QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Error> {
    let wish = wish(params)?;
    let upgrade = upgrade.map_err(|rejection| {
        Error::new(Code::InvalidFrame).detail(rejection.body_text()).status(StatusCode::UPGRADE_REQUIRED)
    })?;
    if state.drain.stage() != Stage::Ready {
        return Err(Error::new(Code::Unavailable).detail("the server is going away"));
    }
    let permit = state
        .connections
        .admit_session(&caller.principal.user_id, &caller.client)
        .inspect_err(|refused| state.metrics.refused(*refused))?;
    let counted = (permit, state.drain.session(), state.metrics.websocket.open());
    let rate = state.rates.session();
    let limit = state.session.max_frame_bytes;
    let upgraded = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(FLUSH_BYTES)
        .max_write_buffer_size(MAX_WRITE_BUFFER.max(2 * limit))
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| async move {
            let services = state.services();
            let opening =
                Session::open(services, &state.session, caller.principal, rate, wish, Transport::WebSocket);
            match Box::pin(opening).await {
                Ok(session) => {
                    if state.drain.stage() == Stage::Draining {
                        state.node.say_goodbye_to(session.outbox(), state.drain.turn());
                    }
                    drop(state);
                    run(socket, session).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "a session could not begin");
                    close(socket, CloseCode::Overloaded).await;
                }
            }
            drop(counted);
        });
    Ok(upgraded)
}

fn wish(params: Result<Query<Params>, axum::extract::rejection::QueryRejection>) -> Result<Wish, Error> {
    let Query(params) =
        params.map_err(|rejection| Error::new(Code::InvalidFrame).detail(rejection.body_text()))?;
    let client_session = match params.client_session.filter(|s| !s.is_empty()) {
        Some(text) => Some(ClientSession::new(text).map_err(|error| {
            Error::new(Code::InvalidFrame).field("clientSession").detail(error.to_string())
        })?),
        None => None,
    };
    Ok(Wish { client_session, notifications: params.notifications.unwrap_or(false) })
}

/// How long a peer has to see that its frame was too large.
const UNREAD_GRACE: Duration = Duration::from_secs(1);

/// What the task is woken by.
enum Wake {
    Message(Message),
    Broken(CloseCode),
    Gone,
    Flushed,
    Work(Work),
}

/// How far the task has come.
struct Progress {
    /// Frames are on their way to the socket.
    writing: bool,
    /// Nothing has been done since the task was woken.
    fresh: bool,
}

/// Carries frames between the socket and the session until one of them ends.
async fn run(mut socket: WebSocket, mut session: Session) {
    let mut progress = Progress { writing: false, fresh: true };
    let code = loop {
        let flow = match poll_fn(|cx| poll(&mut socket, &mut session, &mut progress, cx)).await {
            Wake::Message(Message::Text(text)) => session.on_text(&text).await,
            Wake::Message(Message::Binary(_)) => Flow::Close(CloseCode::Unsupported),
            Wake::Message(Message::Ping(_) | Message::Pong(_)) => {
                session.heard();
                Flow::Continue
            }
            Wake::Message(Message::Close(_)) => {
                answer_close(&mut socket).await;
                break None;
            }
            Wake::Gone => break None,
            Wake::Broken(code) => Flow::Close(code),
            Wake::Flushed => {
                session.flushed();
                Flow::Continue
            }
            Wake::Work(work) => session.on_work(work).await,
        };
        match flow {
            Flow::Continue => {}
            // While a flush waits for the peer, a ping would wait behind it; the silence is judged all the same.
            Flow::Ping if progress.writing => {}
            Flow::Ping => {
                if write(&mut socket, Message::Ping(bytes::Bytes::new())).await.is_err() {
                    break None;
                }
                progress.writing = true;
            }
            Flow::Close(code) => break Some(code),
        }
    };
    let finish = async {
        let Some(code) = code else { return };
        // A session that was cut is not sent more; the others get what they are owed.
        if !session.outbox().is_cut() {
            session.settle().await;
            while let Some(frame) = session.next_frame() {
                if write(&mut socket, Message::Text(frame)).await.is_err() {
                    return;
                }
            }
        }
        close(socket, code).await;
    };
    let _ = tokio::time::timeout(CLOSE_GRACE, finish).await;
}

/// Writes what waits, then waits for the peer, the flush, or the session.
fn poll(
    socket: &mut WebSocket,
    session: &mut Session,
    progress: &mut Progress,
    cx: &mut Context<'_>,
) -> Poll<Wake> {
    match poll_write(socket, session, &mut progress.writing, cx) {
        Poll::Ready(Ok(true)) => return Poll::Ready(Wake::Flushed),
        Poll::Ready(Err(_)) => return Poll::Ready(Wake::Gone),
        Poll::Ready(Ok(false)) | Poll::Pending => {}
    }
    let idle = !progress.writing && !session.has_frames();
    // What most often wakes the task: an entry. It is written first, and the rest is looked at once, after that.
    if std::mem::take(&mut progress.fresh) && idle && session.has_items() {
        return Poll::Ready(Wake::Work(Work::Items));
    }
    if !session.is_backed_up()
        && let Poll::Ready(message) = Pin::new(&mut *socket).poll_next(cx)
    {
        return Poll::Ready(match message {
            Some(Ok(message)) => Wake::Message(message),
            Some(Err(error)) => broken(&error),
            None => Wake::Gone,
        });
    }
    let work = session.poll_work(idle, cx).map(Wake::Work);
    progress.fresh = work.is_pending();
    work
}

/// Puts waiting frames into the socket's buffer and flushes it. `true` when a flush has been completed.
fn poll_write(
    socket: &mut WebSocket,
    session: &mut Session,
    writing: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<Result<bool, axum::Error>> {
    if !*writing {
        let mut bytes = 0;
        while bytes < FLUSH_BYTES && session.has_frames() {
            std::task::ready!(Pin::new(&mut *socket).poll_ready(cx))?;
            let Some(frame) = session.next_frame() else { break };
            bytes += frame.len();
            Pin::new(&mut *socket).start_send(Message::Text(frame))?;
            *writing = true;
        }
    }
    if !*writing {
        return Poll::Ready(Ok(false));
    }
    std::task::ready!(Pin::new(&mut *socket).poll_flush(cx))?;
    *writing = false;
    Poll::Ready(Ok(true))
}

/// How a connection that cannot be read is closed (RFC 6455 §7.4.1).
fn broken(error: &axum::Error) -> Wake {
    let source = std::error::Error::source(error).and_then(|e| e.downcast_ref::<tungstenite::Error>());
    match source {
        Some(tungstenite::Error::Capacity(_)) => Wake::Broken(CloseCode::TooBig),
        Some(tungstenite::Error::Utf8(_)) => Wake::Broken(CloseCode::InvalidPayload),
        Some(tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => Wake::Gone,
        Some(tungstenite::Error::Protocol(_)) => Wake::Broken(CloseCode::Protocol),
        Some(_) | None => Wake::Gone,
    }
}

async fn write(socket: &mut WebSocket, message: Message) -> Result<(), axum::Error> {
    poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await?;
    Pin::new(&mut *socket).start_send(message)
}

/// The library has put the answer to the peer's close frame aside; the flush sends it (RFC 6455 §5.5.1).
async fn answer_close(socket: &mut WebSocket) {
    let flushed = poll_fn(|cx| Pin::new(&mut *socket).poll_flush(cx));
    let _ = tokio::time::timeout(CLOSE_GRACE, flushed).await;
}

/// Sends the close frame and reads on until the peer's answer, so that the frame is not lost with a reset.
async fn close(mut socket: WebSocket, code: CloseCode) {
    let frame = CloseFrame { code: code.as_u16(), reason: Utf8Bytes::from_static(code.reason()) };
    let handshake = async {
        write(&mut socket, Message::Close(Some(frame))).await?;
        poll_fn(|cx| Pin::new(&mut socket).poll_flush(cx)).await?;
        while poll_fn(|cx| Pin::new(&mut socket).poll_next(cx)).await.is_some_and(|m| m.is_ok()) {}
        if code == CloseCode::TooBig {
            // The rest of the frame cannot be read any more, and a socket that is dropped with unread bytes is
            // reset: the peer is given the time to see why.
            tokio::time::sleep(UNREAD_GRACE).await;
        }
        Ok::<_, axum::Error>(())
    };
    let _ = tokio::time::timeout(CLOSE_GRACE, handshake).await;
}
