//! Frames that a transport writes next, in order.

use std::collections::VecDeque;

use axum::extract::ws::Utf8Bytes;

/// A drained queue larger than this gives its memory back: what an idle session keeps is 128 bytes.
const KEEP_CAPACITY: usize = 4;

/// Frames on their way to the transport.
#[derive(Debug, Default)]
pub struct Outgoing {
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
}

impl Outgoing {
    /// Adds a frame.
    pub fn push(&mut self, frame: Utf8Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Takes the first frame.
    pub fn pop(&mut self) -> Option<Utf8Bytes> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        if self.frames.is_empty() && self.frames.capacity() > KEEP_CAPACITY {
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Drops all but the first `frames`.
    pub fn truncate(&mut self, frames: usize) {
        self.frames.truncate(frames);
        self.bytes = self.frames.iter().map(|frame| frame.len()).sum();
    }

    /// How long the first frame is, in bytes.
    #[must_use]
    pub fn first_len(&self) -> Option<usize> {
        self.frames.front().map(|frame| frame.len())
    }

    /// All frames, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &Utf8Bytes> {
        self.frames.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How long they are, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}
