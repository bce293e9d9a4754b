//! Client frames on their way by requests: gathered into a body, one request at a time.

use alloc::string::String;

use tidings_protocol::limits::MAX_FRAMES_PER_BODY;

use crate::input::ConnId;

/// Most bytes of frames in one body; the last frame may go beyond. A server takes four times that.
const MAX_BODY: usize = 64 * 1024;

/// The frames that wait for the next request, and the request that is on its way.
#[derive(Debug, Default)]
pub(crate) struct Post {
    frames: String,
    count: usize,
    on_its_way: Option<ConnId>,
}

impl Post {
    /// Puts a frame into the next body.
    pub(crate) fn push(&mut self, frame: &str) {
        if self.count > 0 {
            self.frames.push(',');
        }
        self.frames.push_str(frame);
        self.count += 1;
    }

    /// Whether the next body takes no more.
    pub(crate) const fn is_full(&self) -> bool {
        self.count >= MAX_FRAMES_PER_BODY || self.frames.len() >= MAX_BODY
    }

    /// Whether a request is on its way. What it holds may still be refused for now, so nothing may follow it.
    pub(crate) const fn is_busy(&self) -> bool {
        self.on_its_way.is_some()
    }

    /// Whether a request is to be sent.
    pub(crate) const fn is_due(&self) -> bool {
        self.count > 0 && !self.is_busy()
    }

    /// The frames of the next request, as a JSON array; `None` where there are none, or where one is on its way.
    pub(crate) fn take(&mut self, conn: ConnId) -> Option<String> {
        if !self.is_due() {
            return None;
        }
        self.on_its_way = Some(conn);
        self.count = 0;
        let mut body = core::mem::take(&mut self.frames);
        body.insert(0, '[');
        body.push(']');
        Some(body)
    }

    /// A request has ended; whether it was the one on its way.
    pub(crate) fn ended(&mut self, conn: ConnId) -> bool {
        self.on_its_way.take_if(|id| *id == conn).is_some()
    }

    /// Nothing waits any more. The request that is on its way, where there is one.
    pub(crate) fn clear(&mut self) -> Option<ConnId> {
        self.frames.clear();
        self.count = 0;
        self.on_its_way.take()
    }
}
