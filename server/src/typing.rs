//! How many typing indicators a large room is told: a bound a second, so that a crowd is no storm. And when typing
//! ends that was told of by a request, behind which no session stands.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::limits::{LARGE_ROOM_TYPING_PER_SECOND, TYPING_EXPIRY_MS};
use tidings_protocol::{RoomId, UserId};
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

/// Users and rooms of which this is remembered at most.
const MAX_TYPING: usize = 50_000;

/// Who types by requests to this node, and until when, without another word.
#[derive(Debug, Default)]
pub struct TypingOver {
    until: Mutex<HashMap<(UserId, RoomId), Instant>>,
}

impl TypingOver {
    /// The user types. Returns when [`TypingOver::take`] is to be asked; `None` where as many type as are remembered.
    pub fn typed(&self, user: &UserId, room: &RoomId) -> Option<Instant> {
        let until = Instant::now() + Duration::from_millis(TYPING_EXPIRY_MS);
        let mut all = self.until.lock();
        let key = (user.clone(), room.clone());
        if all.len() >= MAX_TYPING && !all.contains_key(&key) {
            return None;
        }
        all.insert(key, until);
        Some(until)
    }

    /// The user has stopped, or types on by a request to another node.
    pub fn forget(&self, user: &UserId, room: &RoomId) {
        self.until.lock().remove(&(user.clone(), room.clone()));
    }

    /// Whether the user's typing is over by now; it is told once.
    #[must_use]
    pub fn take(&self, user: &UserId, room: &RoomId) -> bool {
        let key = (user.clone(), room.clone());
        let mut all = self.until.lock();
        let over = all.get(&key).is_some_and(|until| *until <= Instant::now());
        if over {
            all.remove(&key);
        }
        over
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
