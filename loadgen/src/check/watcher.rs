//! What one who reads live is shown, over every reconnect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidings_client_native::{Event, Events, Kind, parse};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// What was shown: of each room the position and the id of each message, in the order of their coming.
#[derive(Debug, Default)]
pub struct Seen {
    rooms: Mutex<HashMap<String, Vec<(u64, String)>>>,
    more: Notify,
}

/// Writes down what comes out of a client, until it is closed.
pub fn watch(mut events: Events) -> Arc<Seen> {
    let seen = Arc::new(Seen::default());
    let watching = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if let Event::Frame(frame) = event
                && frame.kind() == Kind::ChatMessage
                && let Ok(frame) = parse(&frame)
            {
                watching.frame(&frame.event);
            }
        }
    });
    seen
}

impl Seen {
    /// Adds what a frame shows, where it is a message of a room.
    pub fn frame(&self, event: &tidings_protocol::Event) {
        if let tidings_protocol::Event::ChatMessage(message) = event {
            let entry = (message.seq, message.message_id.to_string());
            self.lock().entry(message.room_id.to_string()).or_default().push(entry);
            self.more.notify_one();
        }
    }

    /// The position of the last message shown in a room.
    #[must_use]
    pub fn last(&self, room: &str) -> u64 {
        self.lock().get(room).and_then(|seen| seen.last()).map_or(0, |(seq, _)| *seq)
    }

    /// Returns when the message at `head` was shown. One caller at a time.
    pub async fn reach(&self, room: &str, head: u64) {
        while self.last(room) < head {
            self.more.notified().await;
        }
    }

    /// All that was shown, as soon as the message at `head` was, or at the deadline.
    pub async fn until(&self, room: &str, head: u64, deadline: Instant) -> Vec<(u64, String)> {
        // What is missing at the deadline, the comparison shows.
        let _ = timeout_at(deadline, self.reach(room, head)).await;
        self.lock().get(room).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<(u64, String)>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
