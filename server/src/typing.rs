//! How many typing indicators a large room is told: a bound a second, so that a crowd is no storm.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::RoomId;
use tidings_protocol::limits::LARGE_ROOM_TYPING_PER_SECOND;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(1);

/// Counts indicators of large rooms, a second at a time.
#[derive(Debug, Default)]
pub struct TypingLimit {
    rooms: Mutex<HashMap<RoomId, (Instant, u32)>>,
}

impl TypingLimit {
    /// Whether one more indicator may go out in this room now.
    #[must_use]
    pub fn admits(&self, room: &RoomId) -> bool {
        let now = Instant::now();
        let mut rooms = self.rooms.lock();
        let (since, count) = rooms.entry(room.clone()).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= LARGE_ROOM_TYPING_PER_SECOND
    }

    /// Forgets rooms in which nobody has typed for a while.
    pub fn forget_old(&self) {
        let now = Instant::now();
        self.rooms.lock().retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_indicators_a_second_pass() {
        let limit = TypingLimit::default();
        let room = RoomId::new("hall").unwrap();
        let passed = (0..50).filter(|_| limit.admits(&room)).count();
        assert_eq!(passed, 10);
        tokio::time::advance(WINDOW).await;
        assert!(limit.admits(&room));
    }
}
