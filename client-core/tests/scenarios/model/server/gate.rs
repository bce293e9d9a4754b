//! Order under refusal: what is held behind a frame that was refused for now.

use std::collections::{BTreeMap, BTreeSet};

/// How long a log is refused after one refusal for now: shorter than frames can be apart on their way, so that most are
/// held for what they name alone.
const REFUSAL_MS: u64 = 60;

#[derive(Debug, Default)]
pub(super) struct Gate {
    until: BTreeMap<String, u64>,
    refused: BTreeSet<String>,
}

impl Gate {
    /// How long a frame is refused for now; `None` where it is taken.
    pub(super) fn refusal(
        &mut self,
        (room, id, after): (&str, &str, Option<&str>),
        is_unavailable: bool,
        now: u64,
    ) -> Option<u64> {
        let until = self.until.entry(room.to_owned()).or_default();
        if is_unavailable {
            *until = now + REFUSAL_MS;
        }
        if now < *until || after.is_some_and(|after| self.refused.contains(after)) {
            self.refused.insert(id.to_owned());
            return Some(until.saturating_sub(now).max(1));
        }
        self.refused.remove(id);
        None
    }
}
