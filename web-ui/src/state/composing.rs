//! Typing, both ways: when to tell the others, and what to say of them.

/// A start is repeated at most this often, in milliseconds.
const REPEAT_MS: i64 = 3_000;
/// Nothing typed for so long is a stop, in milliseconds.
pub const IDLE_MS: i64 = 5_000;

/// What the others were told of this user's typing in one room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    told_at: Option<i64>,
    input_at: i64,
}

impl Telling {
    /// The text changed; the answer is what to send, if anything.
    pub fn input(&mut self, now: i64, empty: bool) -> Option<bool> {
        self.input_at = now;
        if empty {
            return self.stop();
        }
        if self.told_at.is_some_and(|at| now - at < REPEAT_MS) {
            return None;
        }
        self.told_at = Some(now);
        Some(true)
    }

    /// Sent, left or emptied.
    pub fn stop(&mut self) -> Option<bool> {
        self.told_at.take().map(|_| false)
    }

    /// Time passed.
    pub fn tick(&mut self, now: i64) -> Option<bool> {
        if self.told_at.is_some() && now - self.input_at >= IDLE_MS { self.stop() } else { None }
    }
}

/// The line under the messages; empty for nobody.
#[must_use]
pub fn sentence(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [a] => format!("{a} is typing…"),
        [a, b] => format!("{a} and {b} are typing…"),
        [a, b, c] => format!("{a}, {b} and {c} are typing…"),
        _ => "Several people are typing…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_at_most_every_three_seconds() {
        let mut telling = Telling::default();
        assert_eq!(telling.input(0, false), Some(true));
        assert_eq!(telling.input(2_999, false), None);
        assert_eq!(telling.input(3_000, false), Some(true));
    }

    #[test]
    fn emptying_sending_and_idling_stop_it_once() {
        let mut telling = Telling::default();
        assert_eq!(telling.stop(), None, "never started");
        telling.input(0, false);
        assert_eq!(telling.input(100, true), Some(false));
        assert_eq!(telling.stop(), None);
        telling.input(5_000, false);
        assert_eq!(telling.tick(9_999), None);
        assert_eq!(telling.tick(10_000), Some(false));
        assert_eq!(telling.tick(20_000), None);
    }

    #[test]
    fn four_are_several() {
        let names: Vec<String> = ["Ana", "Bo", "Cy", "Di"].map(String::from).to_vec();
        assert_eq!(sentence(&names[..1]), "Ana is typing…");
        assert_eq!(sentence(&names[..2]), "Ana and Bo are typing…");
        assert_eq!(sentence(&names[..3]), "Ana, Bo and Cy are typing…");
        assert_eq!(sentence(&names), "Several people are typing…");
        assert_eq!(sentence(&[]), "");
    }
}
