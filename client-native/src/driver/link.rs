//! What a session has open at a time: a socket, stream or poll, a look at a better one, a post.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Incoming};
use tidings_client_core::{Closed, ConnId};

use super::decoder::Decoder;
use super::socket::{Heard, Socket};

/// One of them.
pub(super) enum Link {
    /// On its way to be one of the others, or to an answer.
    Coming(Coming),
    /// Answered, and not yet read.
    Answered(String),
    Socket(Box<Socket>),
    Stream(Incoming, Decoder),
}

pub(super) type Coming = Pin<Box<dyn Future<Output = Result<Come, Closed>> + Send>>;

/// What came of it.
pub(super) enum Come {
    Socket(Box<Socket>),
    Stream(Incoming),
    Answer(String),
}

/// All of them, with their numbers.
#[derive(Default)]
pub(super) struct Links(Vec<(ConnId, Link)>);

/// What one of them says.
pub(super) enum Said {
    Opened,
    Text(String),
    Chunk(String),
    Answer(String),
    Closed(Closed),
}

impl Links {
    pub(super) fn begin(&mut self, conn: ConnId, coming: Coming) {
        self.0.push((conn, Link::Coming(coming)));
    }

    pub(super) fn socket(&mut self, conn: ConnId) -> Option<&mut Socket> {
        self.0.iter_mut().find_map(|(id, link)| match link {
            Link::Socket(socket) if *id == conn => Some(&mut **socket),
            Link::Socket(_) | Link::Coming(_) | Link::Answered(_) | Link::Stream(..) => None,
        })
    }

    pub(super) fn end(&mut self, conn: ConnId) -> Option<Link> {
        let at = self.0.iter().position(|(id, _)| *id == conn)?;
        Some(self.0.swap_remove(at).1)
    }

    /// All of them, to be closed.
    pub(super) fn end_all(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.0).into_iter().map(|(_, link)| link).collect()
    }

    /// The next thing that one of them says. What has ended is here no longer.
    pub(super) fn poll(&mut self, may_read: bool, cx: &mut Context<'_>) -> Poll<(ConnId, Said)> {
        for at in 0..self.0.len() {
            let (conn, link) = &mut self.0[at];
            if let Poll::Ready(said) = link.poll(may_read, cx) {
                let conn = *conn;
                if matches!(said, Said::Closed(_) | Said::Answer(_)) {
                    self.0.swap_remove(at);
                }
                return Poll::Ready((conn, said));
            }
        }
        Poll::Pending
    }
}

impl Link {
    fn poll(&mut self, may_read: bool, cx: &mut Context<'_>) -> Poll<Said> {
        match self {
            Self::Coming(coming) => {
                let (link, said) = match ready!(coming.as_mut().poll(cx)) {
                    Ok(Come::Socket(socket)) => (Self::Socket(socket), Said::Opened),
                    Ok(Come::Stream(stream)) => (Self::Stream(stream, Decoder::default()), Said::Opened),
                    Ok(Come::Answer(text)) => {
                        *self = Self::Answered(text);
                        return self.poll(may_read, cx);
                    }
                    Err(closed) => return Poll::Ready(Said::Closed(closed)),
                };
                *self = link;
                Poll::Ready(said)
            }
            Self::Answered(_) | Self::Stream(..) if !may_read => Poll::Pending,
            Self::Answered(text) => Poll::Ready(Said::Answer(std::mem::take(text))),
            Self::Socket(socket) => match ready!(socket.poll(may_read, cx)) {
                Heard::Text(text) => Poll::Ready(Said::Text(text)),
                Heard::Closed(closed) => Poll::Ready(Said::Closed(closed)),
            },
            Self::Stream(stream, decoder) => loop {
                match ready!(Pin::new(&mut *stream).poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        if let Ok(chunk) = frame.into_data() {
                            return Poll::Ready(Said::Chunk(decoder.decode(&chunk)));
                        }
                    }
                    Some(Err(error)) => {
                        let reason = error.to_string();
                        return Poll::Ready(Said::Closed(Closed { reason, ..Closed::default() }));
                    }
                    None => return Poll::Ready(Said::Closed(Closed::default())),
                }
            },
        }
    }
}
