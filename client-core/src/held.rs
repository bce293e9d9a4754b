//! Entries that were refused for now. What names one of them as its `after` is refused alike, so that each lane keeps its
//! order.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::write::Object;
use crate::time::Instant;

/// Entries that are remembered. Past that the oldest is forgotten.
const MAX_HELD: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Held(Vec<String>);

impl Held {
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.0.iter().any(|held| held == id)
    }

    pub(crate) fn hold(&mut self, id: String) {
        self.let_go(&id);
        if self.0.len() >= MAX_HELD {
            self.0.remove(0);
        }
        self.0.push(id);
    }

    /// The entry goes out now, and what names it may follow. Whether it was held.
    pub(crate) fn let_go(&mut self, id: &str) -> bool {
        let at = self.0.iter().position(|held| held == id);
        at.map(|at| self.0.remove(at)).is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A refusal in the server's place, which says nothing of what the server has.
pub(crate) fn refusal(id: &str, until: Instant, now: Instant) -> String {
    let mut data = Object::new();
    data.text("error", "Not now");
    data.text("code", "UNAVAILABLE");
    data.text("id", id);
    data.flag("unsent", true);
    data.number("retryAfterMs", (until - now).as_millis());
    Object::event("ERROR", "MESSAGE", data, "")
}
