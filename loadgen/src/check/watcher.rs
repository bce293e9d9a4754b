//! What one who reads live is shown, over every reconnect.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidings_client_native::{Event, Events, Kind, parse};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// What was shown: of each room the position and the id of each message, in the order of their coming.
#[derive(Debug, Default)]
pub struct Seen {
    rooms: Mutex<HashMap<String, Vec<(u64, String)>>>,
    /// When a server that goes wants to be asked again.
    invited: Mutex<Option<Instant>>,
    more: Notify,
}

/// Writes down what comes out of a client, until it is closed.
pub fn watch(mut events: Events) -> Arc<Seen> {
    let seen = Arc::new(Seen::default());
    let watching = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if let Event::Frame(frame) = event
                && matches!(frame.kind(), Kind::ChatMessage | Kind::GoingAway)
                && let Ok(frame) = parse(&frame)
            {
                watching.frame(&frame.event);
            }
        }
    });
    seen
}

/// Returns when nothing was shown to any of them for a time, or, after such a time at least, at the deadline: what is
/// shown once too often is shown behind the head.
pub async fn settle(all: &[&Seen], quiet: Duration, deadline: Instant) {
    let count = || all.iter().map(|seen| seen.count()).sum::<usize>();
    let mut before = count();
    loop {
        sleep(quiet).await;
        let now = count();
        if now == before || Instant::now() >= deadline {
            return;
        }
        before = now;
    }
}

impl Seen {
    /// Adds what a frame shows, where it is a message of a room, or the word of a server that goes.
    pub fn frame(&self, event: &tidings_protocol::Event) {
        if let tidings_protocol::Event::ChatMessage(message) = event {
            let entry = (message.seq, message.message_id.to_string());
            self.lock().entry(message.room_id.to_string()).or_default().push(entry);
            self.more.notify_one();
        }
        if let tidings_protocol::Event::GoingAway(going) = event {
            let then = Instant::now() + Duration::from_millis(going.retry_after_ms);
            *self.invited.lock().unwrap_or_else(PoisonError::into_inner) = Some(then);
        }
    }

    /// When the server that has gone wanted to be asked again, since this was last asked.
    #[must_use]
    pub fn take_invited(&self) -> Option<Instant> {
        self.invited.lock().unwrap_or_else(PoisonError::into_inner).take()
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

    /// All that was shown in a room so far.
    #[must_use]
    pub fn shown(&self, room: &str) -> Vec<(u64, String)> {
        self.lock().get(room).cloned().unwrap_or_default()
    }

    /// How much was shown so far, in all rooms.
    fn count(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<(u64, String)>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64) -> tidings_protocol::Event {
        let frame = serde_json::json!({
            "id": "f",
            "timestamp": "2026-11-24T12:00:00.000Z",
            "category": "CHAT",
            "type": "MESSAGE",
            "data": {
                "messageId": format!("m{seq}"), "id": "c", "roomId": "r", "seq": seq, "content": "x",
                "senderId": "ann", "senderName": "Ann", "timestamp": "2026-11-24T12:00:00.000Z"
            },
        });
        serde_json::from_value::<tidings_protocol::ServerFrame>(frame).unwrap().event
    }

    #[tokio::test]
    async fn what_is_shown_again_behind_the_head_is_seen() {
        let seen = Arc::new(Seen::default());
        seen.frame(&message(1));
        seen.reach("r", 1).await;
        let (late, quiet) = (Arc::clone(&seen), Duration::from_millis(300));
        let showing = tokio::spawn(async move {
            sleep(quiet / 6).await;
            late.frame(&message(1));
        });
        settle(&[&seen], quiet, Instant::now() + 100 * quiet).await;
        showing.await.unwrap();
        assert_eq!(seen.shown("r").len(), 2);
    }
}
