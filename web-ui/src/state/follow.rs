//! The end of the list: when it is followed, and what the "new messages" pill counts.

/// Nearer to the bottom than this, new messages are followed, in CSS pixels.
pub const NEAR_PX: f64 = 200.0;
/// Nearer than this, the reader sees the end, in CSS pixels.
pub const AT_END_PX: f64 = 24.0;
/// Nearer to the top than this, older messages are fetched, in CSS pixels.
pub const FETCH_PX: f64 = 400.0;

/// Where the reader is, and what came below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    near: bool,
    at_end: bool,
    missed: u64,
}

impl Default for Follow {
    fn default() -> Self {
        Self { near: true, at_end: true, missed: 0 }
    }
}

impl Follow {
    /// The list was scrolled: `below` is what is left under the visible part, and `latest` whether the newest message
    /// is loaded at all.
    pub fn scrolled(&mut self, below: f64, latest: bool) {
        self.near = latest && below <= NEAR_PX;
        self.at_end = latest && below <= AT_END_PX;
        if self.at_end {
            self.missed = 0;
        }
    }

    /// Messages arrived at the end. True: scroll to them.
    pub fn arrived(&mut self, count: u64, mine: bool) -> bool {
        if mine || self.near {
            return true;
        }
        self.missed += count;
        false
    }

    /// The pill was pressed, or the room was opened.
    pub fn to_latest(&mut self) {
        *self = Self::default();
    }

    /// Whether the end is in view.
    #[must_use]
    pub const fn at_end(self) -> bool {
        self.at_end
    }

    /// Whether growth of the list should keep its end in view.
    #[must_use]
    pub const fn near(self) -> bool {
        self.near
    }

    /// The pill's text, where there is one.
    #[must_use]
    pub fn pill(self) -> Option<String> {
        if self.near {
            return None;
        }
        Some(match self.missed {
            0 => "Jump to latest".to_owned(),
            1 => "1 new message".to_owned(),
            n => format!("{n} new messages"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_far_up_is_left_alone_and_told() {
        let mut follow = Follow::default();
        follow.scrolled(201.0, true);
        assert!(!follow.arrived(2, false));
        assert!(!follow.arrived(1, false));
        assert_eq!(follow.pill().as_deref(), Some("3 new messages"));
        assert!(follow.arrived(1, true), "one's own message is always followed");
        follow.scrolled(0.0, true);
        assert_eq!(follow.pill(), None);
    }

    #[test]
    fn near_the_end_is_followed_but_read_only_at_the_end() {
        let mut follow = Follow::default();
        follow.scrolled(200.0, true);
        assert!(follow.arrived(1, false));
        assert!(!follow.at_end());
        follow.scrolled(10.0, true);
        assert!(follow.at_end());
    }

    #[test]
    fn the_bottom_of_an_older_window_is_not_the_end() {
        let mut follow = Follow::default();
        follow.scrolled(0.0, false);
        assert!(!follow.at_end());
        assert_eq!(follow.pill().as_deref(), Some("Jump to latest"));
    }
}
