//! Who types in one room: each entry ends by itself, and a short stop does not make the line flicker.

use std::collections::BTreeMap;

use tidings_protocol::UserId;

/// Without a refresh, somebody types for so long, in milliseconds.
const EXPIRY_MS: i64 = 6_000;
/// A stop is shown this much later, in milliseconds.
const SMOOTH_MS: i64 = 1_500;
/// More typers than anybody reads.
const MOST: usize = 50;

/// Who types in one room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typers {
    until: BTreeMap<UserId, i64>,
}

impl Typers {
    /// A user said that it types, or that it has stopped.
    pub fn told(&mut self, user: &UserId, typing: bool, now: i64) {
        if typing {
            if self.until.len() < MOST || self.until.contains_key(user) {
                self.until.insert(user.clone(), now + EXPIRY_MS);
            }
        } else if let Some(until) = self.until.get_mut(user) {
            *until = (*until).min(now + SMOOTH_MS);
        }
    }

    /// The user's message is here, or the user has gone.
    pub fn gone(&mut self, user: &UserId) {
        self.until.remove(user);
    }

    /// Drops who has stopped. True where that changed anything.
    pub fn expire(&mut self, now: i64) -> bool {
        let before = self.until.len();
        self.until.retain(|_, until| *until > now);
        before != self.until.len()
    }

    /// Who types.
    pub fn users(&self) -> impl Iterator<Item = &UserId> {
        self.until.keys()
    }

    /// Whether nobody types.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_ends_by_itself_and_a_short_stop_is_not_seen() {
        let ann = UserId::new("ann").unwrap();
        let mut typers = Typers::default();
        typers.told(&ann, true, 0);
        typers.told(&ann, false, 1_000);
        typers.told(&ann, true, 2_000);
        assert!(!typers.expire(7_999));
        assert!(typers.expire(8_000));
        typers.told(&ann, true, 9_000);
        typers.told(&ann, false, 9_100);
        assert!(!typers.expire(10_599));
        assert!(typers.expire(10_600));
        assert!(typers.is_empty());
    }
}
