//! Client frames on their way by posts: gathered into a body, one request at a time.

use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::limits::MAX_FRAMES_PER_BODY;

use crate::held::{Held, refusal};
use crate::input::ConnId;
use crate::json;
use crate::time::Instant;

/// Most bytes of frames in one body; the last frame may go beyond. A server takes four times that.
const MAX_BODY: usize = 64 * 1024;

/// The frames that wait for the next request, and the request that is on its way. The sessions' windows bound them.
#[derive(Debug, Default)]
pub(super) struct Post {
    waiting: Vec<String>,
    pub(super) request: Option<ConnId>,
    /// Entries that are not answered: nothing else is named by what follows it.
    pub(super) entries: Held,
    /// What the server has refused for now, and until when.
    held: Held,
    until: Instant,
}

impl Post {
    pub(super) fn push(&mut self, frame: String) {
        self.waiting.push(frame);
    }

    /// The server has refused an entry for now, and nothing may overtake it: the next request may go to another node.
    pub(super) fn hold(&mut self, id: String, until: Instant) {
        self.held.hold(id);
        self.until = self.until.max(until);
    }

    /// Gathers what waits into the frames of a body. Of what stands behind a refused frame the refusal is told.
    pub(super) fn take(&mut self, now: Instant, tell: &mut dyn FnMut(String)) -> Option<String> {
        let (mut frames, mut count) = (String::from("["), 0);
        while count < MAX_FRAMES_PER_BODY && frames.len() < MAX_BODY && !self.waiting.is_empty() {
            let frame = self.waiting.remove(0);
            let id = json::text_of(&frame, "id").unwrap_or_default();
            if json::text_of(&frame, "after").is_some_and(|after| self.held.contains(&after)) {
                tell(refusal(&id, self.until.max(now), now));
                self.held.hold(id);
                continue;
            }
            self.held.let_go(&id);
            if count > 0 {
                frames.push(',');
            }
            frames.push_str(&frame);
            count += 1;
        }
        frames.push(']');
        (count > 0).then_some(frames)
    }
}
