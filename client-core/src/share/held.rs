//! Entries that the hub has refused for now. What names one of them as its `after` is refused alike, so that each link's
//! messages keep their order; what the server has refused, it holds itself.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::write::Object;
use crate::time::Instant;

/// Entries that are remembered. Past that the oldest is forgotten.
const MAX_HELD: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Held(Vec<String>);

impl Held {
    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.iter().any(|held| held == id)
    }

    pub(super) fn hold(&mut self, id: String) {
        self.let_go(&id);
        if self.0.len() >= MAX_HELD {
            self.0.remove(0);
        }
        self.0.push(id);
    }

    /// The entry goes out now, and what names it may follow.
    pub(super) fn let_go(&mut self, id: &str) {
        if let Some(at) = self.0.iter().position(|held| held == id) {
            self.0.remove(at);
        }
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
