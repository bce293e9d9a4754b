//! Where a session stands, for whoever administers the server: asked for through its outbox, answered by its task.

use parking_lot::Mutex;
use tidings_protocol::RoomId;
use tokio::sync::oneshot;

/// Where a session stands at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The rooms that it follows, each with the position that was last given out.
    pub rooms: Vec<(RoomId, u64)>,
    /// The same of its inbox, where it follows that.
    pub inbox: Option<u64>,
    /// Bytes that it has given out and that its transport has not taken yet.
    pub unwritten_bytes: usize,
    /// Frames whose answers are still to come.
    pub unanswered: usize,
}

/// A question that waits for the session's task; a newer one takes its place.
#[derive(Debug, Default)]
pub(super) struct Question(Mutex<Option<oneshot::Sender<Standing>>>);

impl Question {
    pub(super) fn ask(&self) -> oneshot::Receiver<Standing> {
        let (answer, answered) = oneshot::channel();
        *self.0.lock() = Some(answer);
        answered
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.lock().is_some()
    }

    pub(super) fn answer(&self, stands: impl FnOnce() -> Standing) {
        let asked = self.0.lock().take();
        if let Some(asked) = asked {
            // Who has asked may have gone.
            let _ = asked.send(stands());
        }
    }
}
