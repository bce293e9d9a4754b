//! A connection that cannot be held open by taking nothing: a write that makes no progress for too long ends
//! it. It also keeps the connection's permit, through an upgrade too, until the socket is closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::lend::{Lend, Stream, Writer};
use crate::limits::Permit;

/// A stream with its permit and its patience. Every connection is one of these, also after an upgrade.
#[derive(Debug)]
pub struct Guarded<S = Stream> {
    stream: S,
    patience: Duration,
    /// Runs while a write waits; none is kept by a connection that is idle.
    stalled: Option<Pin<Box<Sleep>>>,
    _permit: Option<Permit>,
}

impl Guarded {
    /// Guards a stream: a write that makes no progress for `patience` fails.
    #[must_use]
    pub fn new(stream: Stream, patience: Duration, permit: Permit) -> Self {
        Self { stream, patience, stalled: None, _permit: Some(permit) }
    }

    /// As [`Stream::bound_unsent`].
    pub fn bound_unsent(&self) {
        self.stream.bound_unsent();
    }
}

impl<S> Guarded<S> {
    fn watch<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled = None;
            return poll;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        // Who writes on all the same, such as a closing handshake, has a time of its own.
        self.stalled = None;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing")))
    }
}

impl<S: Lend> Lend for Guarded<S> {
    fn lend(&mut self) -> Option<Writer> {
        self.stream.lend()
    }

    fn take_back(&mut self, writer: Writer) {
        self.stream.take_back(writer);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_peer_that_takes_nothing_is_given_up() {
        let (near, mut far) = tokio::io::duplex(8);
        let patience = Duration::from_secs(15);
        let mut near = Guarded { stream: near, patience, stalled: None, _permit: None };
        let reader = tokio::spawn(async move {
            let mut some = [0; 8];
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(14)).await;
                far.read_exact(&mut some).await.unwrap();
            }
            far
        });
        near.write_all(&[0; 32]).await.unwrap();
        let _far = reader.await.unwrap();
        let began = tokio::time::Instant::now();
        let ended = near.write_all(&[0; 32]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= patience);
    }
}
