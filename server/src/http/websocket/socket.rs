//! A WebSocket of which the library reads and this file writes.
//!
//! Frames to a client are not masked (RFC 6455 §5.1), so that the bytes of an event are the same for every receiver:
//! they go from the one encoded frame into the socket, with a head of their own and without a buffer between.
//! What the library wants to write while it reads, which is answers to pings and the closing handshake, goes out
//! between two frames.

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tidings_protocol::CloseCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::connection::Outgoing;
use crate::lend::{Lend, Writer};
use crate::wake::Source;
use crate::wire::{MAX_HEAD, head};

/// What one read takes at most. Idle connections own one of these each.
const READ_BUFFER: usize = 1024;
/// Control frames that wait, in bytes: the longest has 127, and a peer that takes none gets no more.
const MAX_CONTROL: usize = 512;
/// Frames that go into one system call.
const MAX_FRAMES: usize = 32;
/// Up to this length, in bytes, a frame and its head are joined first.
const JOINED: usize = 1024;
/// An unmasked ping without content.
const PING: [u8; 2] = [0x89, 0x00];

/// One side of a WebSocket connection: the server's.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    reader: WebSocketContext,
    readable: Source,
    /// Control frames that wait for the end of the frame that is being written.
    control: Vec<u8>,
    /// How much of the first frame, its head included, has been written.
    written: usize,
    /// The peer has begun a frame that is too long: where the next one would begin is not known.
    is_lost: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Takes over a connection after its handshake. `read` is what the peer has sent since; frames may be up to
    /// `max_frame_bytes` long.
    #[must_use]
    pub(super) fn new(stream: S, read: Vec<u8>, max_frame_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_CONTROL)
            .max_message_size(Some(max_frame_bytes))
            .max_frame_size(Some(max_frame_bytes));
        let reader = WebSocketContext::from_partially_read(read, Role::Server, Some(config));
        Self { stream, reader, readable: Source::default(), control: Vec::new(), written: 0, is_lost: false }
    }

    /// The peer's next message.
    ///
    /// # Errors
    /// The connection has ended, or the peer has broken the protocol.
    pub(super) fn poll_read(&mut self, cx: &Context<'_>) -> Poll<Result<Message, Error>> {
        if self.is_lost {
            return Poll::Ready(Err(Error::AlreadyClosed));
        }
        if !self.readable.rang(cx) {
            return Poll::Pending;
        }
        let mut wire = Wire {
            stream: &mut self.stream,
            control: &mut self.control,
            cx: &mut Context::from_waker(self.readable.waker()),
        };
        match self.reader.read(&mut wire) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            message => {
                self.is_lost = matches!(message, Err(Error::Capacity(_)));
                self.readable.ring();
                Poll::Ready(message)
            }
        }
    }

    /// Writes what waits: all of `frames`, and control frames.
    ///
    /// # Errors
    /// The connection has ended.
    pub(super) fn poll_write(&mut self, frames: &mut Outgoing, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.written == 0 && !self.control.is_empty() {
                let stream = Pin::new(&mut self.stream);
                let taken = some(ready!(stream.poll_write(cx, &self.control))?)?;
                self.control.drain(..taken);
                if self.control.is_empty() {
                    self.control = Vec::new();
                }
            } else if frames.is_empty() {
                return Poll::Ready(Ok(()));
            } else {
                let taken = some(ready!(self.poll_write_frames(frames, cx))?)?;
                self.advance(taken, frames);
            }
        }
    }

    /// Whether control frames wait.
    #[must_use]
    pub(super) fn has_control(&self) -> bool {
        !self.control.is_empty()
    }

    /// Whether the first frame has been written in part, and so must be written to its end.
    #[must_use]
    pub(super) const fn is_mid_frame(&self) -> bool {
        self.written > 0
    }

    /// Asks the peer whether it lives.
    pub(super) fn ping(&mut self) {
        if self.control.len() + PING.len() <= MAX_CONTROL {
            self.control.extend(PING);
        }
    }

    /// The connection itself.
    #[cfg(test)]
    pub(super) const fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Begins the closing handshake.
    pub(super) fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code: code.as_u16().into(), reason: Utf8Bytes::from_static(code.reason()) };
        self.with_wire(|reader, wire| reader.close(wire, Some(frame)));
    }

    /// Takes the library's answer to the peer's close frame out of it (RFC 6455 §5.5.1).
    pub(super) fn answer_close(&mut self) {
        self.with_wire(|reader, wire| reader.flush(wire));
    }

    /// That the connection has ended is what the next write or read says.
    fn with_wire(
        &mut self,
        f: impl FnOnce(&mut WebSocketContext, &mut Wire<'_, '_, S>) -> Result<(), Error>,
    ) {
        let mut wire = Wire {
            stream: &mut self.stream,
            control: &mut self.control,
            cx: &mut Context::from_waker(self.readable.waker()),
        };
        if let Err(error) = f(&mut self.reader, &mut wire) {
            tracing::trace!(%error, "the closing handshake goes on no further");
        }
    }

    fn poll_write_frames(&mut self, frames: &Outgoing, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut waiting = frames.iter();
        let stream = Pin::new(&mut self.stream);
        // An answer that waits comes after this frame, not after all of them.
        if frames.len() == 1 || !self.control.is_empty() {
            let Some(frame) = waiting.next() else { return Poll::Ready(Ok(0)) };
            let (head, length) = head(frame.len());
            let [head, content] = rest(&head[..length], frame.as_bytes(), self.written);
            // Putting a short frame behind its head costs less than two slices cost the system.
            let mut joined = [0; JOINED];
            if let Some(joined) = joined.get_mut(..head.len() + content.len()) {
                let (first, second) = joined.split_at_mut(head.len());
                first.copy_from_slice(head);
                second.copy_from_slice(content);
                return stream.poll_write(cx, joined);
            }
            return stream.poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(content)]);
        }
        let mut heads = [([0; MAX_HEAD], 0); MAX_FRAMES];
        for (slot, frame) in heads.iter_mut().zip(frames.iter()) {
            *slot = head(frame.len());
        }
        let mut slices = [IoSlice::new(&[]); 2 * MAX_FRAMES];
        let mut written = self.written;
        let mut count = 0;
        for ((slot, (head, length)), frame) in slices.chunks_exact_mut(2).zip(&heads).zip(waiting) {
            let parts = rest(&head[..*length], frame.as_bytes(), written);
            for (slice, part) in slot.iter_mut().zip(parts) {
                *slice = IoSlice::new(part);
            }
            written = 0;
            count += 2;
        }
        stream.poll_write_vectored(cx, &slices[..count])
    }

    /// Takes out what has been written whole.
    fn advance(&mut self, taken: usize, frames: &mut Outgoing) {
        self.written += taken;
        while let Some(length) = frames.first_len() {
            let whole = head(length).1 + length;
            if self.written < whole {
                break;
            }
            self.written -= whole;
            frames.pop();
        }
    }
}

impl<S: Lend> Socket<S> {
    /// Lends the writing side while nothing is to be written.
    pub(super) fn lend(&mut self) -> Option<Writer> {
        self.stream.lend()
    }

    /// Takes the writing side back. Of the first frame, `written` bytes are out.
    pub(super) fn take_back(&mut self, writer: Writer, written: usize) {
        self.stream.take_back(writer);
        self.written = written;
    }
}

/// A write that takes nothing would be tried for ever.
fn some(taken: usize) -> io::Result<usize> {
    if taken == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(taken) }
}

/// What is left of a frame of which `written` bytes are out.
fn rest<'a>(head: &'a [u8], content: &'a [u8], written: usize) -> [&'a [u8]; 2] {
    let of_content = written.saturating_sub(head.len());
    [head.get(written..).unwrap_or_default(), content.get(of_content..).unwrap_or_default()]
}

/// The stream as the library sees it: it reads from the socket, and what it writes waits for its turn.
struct Wire<'a, 'c, S> {
    stream: &'a mut S,
    control: &'a mut Vec<u8>,
    cx: &'a mut Context<'c>,
}

impl<S: AsyncRead + Unpin> Read for Wire<'_, '_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.stream).poll_read(self.cx, &mut buffer) {
            Poll::Ready(Ok(())) => Ok(buffer.filled().len()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S> Write for Wire<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.control.len() + bytes.len() > MAX_CONTROL {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.control.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
