//! One connection's task: carries frames between its socket and its session until one of them ends.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tidings_protocol::CloseCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::socket::Socket;
use crate::connection::{Flow, Outgoing, Session, Work};
use crate::lend::Lend;

/// How long the last frames and the closing handshake may take.
const CLOSE_GRACE: Duration = Duration::from_secs(2);
/// How long a peer that is behind has to come to the close frame, which says why. Nothing else is kept for it, and a write
/// that makes no progress ends it sooner.
const SLOW_GRACE: Duration = Duration::from_secs(10);
/// How long a peer has to see that its frame was too large.
const UNREAD_GRACE: Duration = Duration::from_secs(1);

/// What the task does next.
enum Next {
    Message(Message),
    Broken(CloseCode),
    Gone,
    /// The peer has taken nothing for too long.
    Stalled,
    Flushed,
    Work(Work),
}

/// How far the task has come.
struct Progress {
    /// Frames are on their way to the socket.
    writing: bool,
    /// Nothing has been done since the task was woken.
    fresh: bool,
    /// The peer has taken nothing for as long as is borne.
    stalled: bool,
}

/// A connection's socket and its session.
#[derive(Debug)]
pub(super) struct Connection<S> {
    pub(super) socket: Socket<S>,
    pub(super) session: Session,
}

/// Runs until the peer, the session or the connection ends. Borrowed: a future keeps what it is given twice.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Lend + Unpin>(connection: &mut Connection<S>) {
    let Connection { socket, session } = connection;
    let mut progress = Progress { writing: false, fresh: true, stalled: false };
    let code = loop {
        let flow = match poll_fn(|cx| poll(socket, session, &mut progress, cx)).await {
            Next::Message(Message::Text(text)) => session.on_text(&text).await,
            Next::Message(Message::Binary(_)) => Flow::Close(CloseCode::Unsupported),
            Next::Message(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {
                session.heard();
                Flow::Continue
            }
            Next::Message(Message::Close(_)) => {
                socket.answer_close();
                session.outgoing().truncate(usize::from(socket.is_mid_frame()));
                let flushed = flush(socket, session.outgoing());
                let _ = tokio::time::timeout(CLOSE_GRACE, flushed).await;
                break None;
            }
            Next::Gone => break None,
            Next::Stalled => {
                progress.stalled = true;
                session.outbox().close(CloseCode::TooSlow);
                Flow::Continue
            }
            Next::Broken(code) => Flow::Close(code),
            Next::Flushed => {
                session.flushed();
                Flow::Continue
            }
            Next::Work(work) => session.on_work(work).await,
        };
        match flow {
            Flow::Continue => {}
            // While a frame waits for the peer, a ping would wait behind it; the silence is judged all the same.
            Flow::Ping if progress.writing => {}
            Flow::Ping => socket.ping(),
            Flow::Close(code) => break Some(code),
        }
    };
    if let Some(code) = code {
        let is_behind = code == CloseCode::TooSlow && !progress.stalled;
        let grace = if is_behind { SLOW_GRACE } else { CLOSE_GRACE };
        let _ = tokio::time::timeout(grace, finish(socket, session, code)).await;
    }
}

/// Takes back what was lent, looks for something to do, and lends it again where there is nothing.
fn poll<S: AsyncRead + AsyncWrite + Lend + Unpin>(
    socket: &mut Socket<S>,
    session: &mut Session,
    progress: &mut Progress,
    cx: &mut Context<'_>,
) -> Poll<Next> {
    if let Some((writer, written)) = session.unpark() {
        socket.take_back(writer, written);
    }
    let next = look(socket, session, progress, cx);
    if next.is_pending()
        && session.may_park()
        && !socket.has_control()
        && let Some(writer) = socket.lend()
    {
        session.park(writer);
    }
    next
}

/// Writes what waits, then waits for the peer, the flush, or the session.
fn look<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    session: &mut Session,
    progress: &mut Progress,
    cx: &mut Context<'_>,
) -> Poll<Next> {
    loop {
        if session.has_frames() || socket.has_control() {
            match socket.poll_write(session.outgoing(), cx) {
                Poll::Ready(Ok(())) => {
                    progress.writing = false;
                    return Poll::Ready(Next::Flushed);
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                    return Poll::Ready(Next::Stalled);
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Next::Gone),
                Poll::Pending => progress.writing = true,
            }
        }
        let idle = !progress.writing;
        // What most often wakes the task: an entry. It is written before the rest is looked at.
        if std::mem::take(&mut progress.fresh) && idle && session.has_items() {
            return Poll::Ready(Next::Work(Work::Items));
        }
        if !session.is_backed_up()
            && let Poll::Ready(message) = socket.poll_read(cx)
        {
            return Poll::Ready(message.map_or_else(|error| broken(&error), Next::Message));
        }
        if idle && socket.has_control() {
            continue;
        }
        let work = session.poll_work(idle, cx).map(Next::Work);
        progress.fresh = work.is_pending();
        return work;
    }
}

/// How a connection that cannot be read is closed (RFC 6455 §7.4.1).
fn broken(error: &Error) -> Next {
    match error {
        Error::Capacity(_) => Next::Broken(CloseCode::TooBig),
        Error::Utf8(_) => Next::Broken(CloseCode::InvalidPayload),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Next::Gone,
        Error::Protocol(_) => Next::Broken(CloseCode::Protocol),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => Next::Gone,
    }
}

/// Gives the peer what it is owed, and closes.
async fn finish<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    session: &mut Session,
    code: CloseCode,
) {
    if session.outbox().is_cut() {
        // It is not sent more than the rest of what has been begun.
        session.outgoing().truncate(usize::from(socket.is_mid_frame()));
    } else {
        session.settle().await;
    }
    if flush(socket, session.outgoing()).await.is_ok() {
        handshake(socket, code).await;
    }
}

/// Closes a connection that has nothing in flight.
pub(super) async fn close<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>, code: CloseCode) {
    let _ = tokio::time::timeout(CLOSE_GRACE, handshake(socket, code)).await;
}

/// Says why, and reads on until the peer's answer, so that the close frame is not lost with a reset.
async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>, code: CloseCode) {
    socket.close(code);
    if flush(socket, &mut Outgoing::default()).await.is_err() {
        return;
    }
    while poll_fn(|cx| socket.poll_read(cx)).await.is_ok() {}
    if code == CloseCode::TooBig {
        // The rest of the frame cannot be read any more, and a socket that is dropped with unread bytes is reset: the
        // peer is given the time to see why.
        tokio::time::sleep(UNREAD_GRACE).await;
    }
}

async fn flush<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    frames: &mut Outgoing,
) -> io::Result<()> {
    poll_fn(|cx| socket.poll_write(frames, cx)).await
}

#[cfg(test)]
mod conformance;
