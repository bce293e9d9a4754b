//! One WebSocket: reads and writes at the same time, and writes all that waits with one flush.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, SinkExt, StreamExt};
use tidings_client_core::Closed;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a closing handshake may take.
const CLOSING: Duration = Duration::from_secs(1);

/// An open socket.
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Message>,
    unflushed: bool,
}

/// What came from it.
pub(super) enum Heard {
    Text(String),
    Closed(Closed),
}

impl Socket {
    pub(super) const fn new(stream: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { stream, waiting: VecDeque::new(), unflushed: false }
    }

    /// Puts a frame behind those that wait; [`poll`](Self::poll) writes them. The session's pace bounds them.
    pub(super) fn send(&mut self, text: String) {
        self.waiting.push_back(Message::Text(text.into()));
    }

    /// Closes with a handshake, as far as the peer takes part.
    pub(super) async fn close(mut self: Box<Self>, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let closing = async {
            while let Some(message) = self.waiting.pop_front() {
                self.stream.feed(message).await?;
            }
            self.stream.close(Some(frame)).await?;
            while self.stream.next().await.transpose()?.is_some() {}
            Ok::<(), Error>(())
        };
        // A peer that does not take part is left alone.
        let _ = timeout(CLOSING, closing).await;
    }

    /// Writes what waits, and reads, where it may, until something comes.
    pub(super) fn poll(&mut self, may_read: bool, cx: &mut Context<'_>) -> Poll<Heard> {
        if let Err(error) = self.write(cx) {
            return Poll::Ready(Heard::Closed(broken(&error)));
        }
        if !may_read {
            return Poll::Pending;
        }
        loop {
            match self.stream.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    return Poll::Ready(Heard::Text(text.as_str().to_owned()));
                }
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    // The answer to the close frame is written on the way; the connection is over either way.
                    return Poll::Ready(Heard::Closed(frame.map_or_else(Closed::default, closed)));
                }
                Poll::Ready(Some(Ok(_))) => {
                    // A ping has its pong queued by the library.
                    self.unflushed = true;
                    if let Err(error) = self.write(cx) {
                        return Poll::Ready(Heard::Closed(broken(&error)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Heard::Closed(broken(&error))),
                Poll::Ready(None) => return Poll::Ready(Heard::Closed(Closed::default())),
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        let mut stream = std::pin::Pin::new(&mut self.stream);
        while !self.waiting.is_empty() {
            match stream.as_mut().poll_ready(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready?,
            }
            if let Some(message) = self.waiting.pop_front() {
                stream.as_mut().start_send(message)?;
                self.unflushed = true;
            }
        }
        if self.unflushed
            && let Poll::Ready(flushed) = stream.poll_flush(cx)
        {
            flushed?;
            self.unflushed = false;
        }
        Ok(())
    }
}

fn closed(frame: CloseFrame) -> Closed {
    Closed { code: Some(frame.code.into()), reason: frame.reason.as_str().to_owned(), ..Closed::default() }
}

fn broken(error: &Error) -> Closed {
    Closed { reason: error.to_string(), ..Closed::default() }
}
