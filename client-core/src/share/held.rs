//! What the server has refused for now: until that is over, whatever else is for the same room is refused alike, so that
//! each link's messages keep their order.
//!
//! The server does so for the session, which to it is one; but what it refuses shortly before the end of that time, and
//! what it takes shortly after, may be of one link and meet nowhere on their way.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::write::Object;
use crate::time::Instant;

/// Rooms with the end of their time: no more than there were refusals within it.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<(String, Instant)>);

impl Held {
    pub(super) fn hold(&mut self, lane: String, until: Instant) {
        self.0.push((lane, until));
    }

    /// Until when the room is held, where it is.
    pub(super) fn until(&mut self, lane: &str, now: Instant) -> Option<Instant> {
        self.0.retain(|(_, until)| *until > now);
        self.0.iter().filter(|(held, _)| held == lane).map(|(_, until)| *until).max()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The data of a refusal in the server's place.
pub(super) fn refusal(id: &str, until: Instant, now: Instant) -> String {
    let mut data = Object::new();
    data.text("error", "Not now");
    data.text("code", "UNAVAILABLE");
    data.text("id", id);
    data.number("retryAfterMs", (until - now).as_millis());
    data.end()
}
