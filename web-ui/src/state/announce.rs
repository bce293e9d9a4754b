//! What a screen reader is told: polite, at most one sentence a second, many messages in one.

/// The least time between two announcements, in milliseconds.
pub const EVERY_MS: i64 = 1_000;
/// Longest text of a message that is read out whole, in characters.
const LONGEST: usize = 160;

/// Collects what arrived until it may be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcer {
    waiting: Vec<String>,
    more: usize,
    said_at: Option<i64>,
    odd: bool,
}

impl Announcer {
    /// A message of somebody else arrived in the open room.
    pub fn message(&mut self, from: &str, text: &str) {
        // Past the first, only the number is told, so one sentence is all that has to be kept.
        if self.waiting.is_empty() {
            self.waiting.push(format!("{from}: {}", shorten(text)));
        } else {
            self.more += 1;
        }
    }

    /// When to call [`Announcer::say`] again, if anything waits.
    #[must_use]
    pub fn due_at(&self) -> Option<i64> {
        if self.waiting.is_empty() {
            return None;
        }
        Some(self.said_at.map_or(i64::MIN, |at| at + EVERY_MS))
    }

    /// The sentence to say now, if one is due.
    pub fn say(&mut self, now: i64) -> Option<String> {
        if self.due_at()? > now {
            return None;
        }
        let first = self.waiting.pop()?;
        let mut text = if self.more == 0 { first } else { format!("{} new messages", self.more + 1) };
        self.more = 0;
        self.said_at = Some(now);
        // The same text twice is silence to some screen readers: every other one ends in a zero-width space.
        self.odd = !self.odd;
        if self.odd {
            text.push('\u{200b}');
        }
        Some(text)
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_read_out_and_many_are_counted() {
        let mut announcer = Announcer::default();
        announcer.message("Ann", "hello");
        assert_eq!(announcer.say(0).as_deref(), Some("Ann: hello\u{200b}"));
        for _ in 0..3 {
            announcer.message("Bo", "hi");
        }
        assert_eq!(announcer.say(500), None, "not within a second");
        assert_eq!(announcer.say(1_000).as_deref(), Some("3 new messages"));
        assert_eq!(announcer.due_at(), None);
    }

    #[test]
    fn the_same_sentence_twice_is_two_different_texts() {
        let mut announcer = Announcer::default();
        announcer.message("Ann", "ok");
        let first = announcer.say(0);
        announcer.message("Ann", "ok");
        assert_ne!(first, announcer.say(2_000));
    }
}
