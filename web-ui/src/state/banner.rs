//! The connection banner: what it says, and when it keeps still.

/// A blip shorter than this is not shown, in milliseconds.
pub const QUIET_MS: i64 = 2_000;

/// How the connection stands, as far as the banner is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// All is well, or nothing is wanted.
    Fine,
    /// An attempt is under way.
    Connecting,
    /// The next attempt comes at this moment (milliseconds since 1970).
    Waiting(i64),
    /// The browser says that there is no network.
    Offline,
    /// The client has given up.
    Closed,
}

/// What the banner shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banner {
    /// "You're offline".
    Offline,
    /// "Reconnecting in N s".
    Waiting {
        /// Whole seconds, rounded up.
        seconds: i64,
    },
    /// "Connecting…".
    Connecting,
    /// "Disconnected".
    Closed,
}

impl Banner {
    /// The banner for a link that has not been fine since `since`.
    #[must_use]
    pub fn of(link: Link, since: i64, now: i64) -> Option<Self> {
        match link {
            Link::Fine => None,
            Link::Closed => Some(Self::Closed),
            Link::Offline | Link::Connecting | Link::Waiting(_) if now - since < QUIET_MS => None,
            Link::Offline => Some(Self::Offline),
            Link::Connecting => Some(Self::Connecting),
            Link::Waiting(at) if at <= now => Some(Self::Connecting),
            Link::Waiting(at) => Some(Self::Waiting { seconds: (at - now + 999) / 1_000 }),
        }
    }

    /// The sentence.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Offline => "You're offline. Messages wait here until you are back.".to_owned(),
            Self::Waiting { seconds } => format!("Reconnecting in {seconds} s"),
            Self::Connecting => "Connecting…".to_owned(),
            Self::Closed => "Disconnected.".to_owned(),
        }
    }

    /// Whether "Retry now" makes sense.
    #[must_use]
    pub const fn can_retry(self) -> bool {
        match self {
            Self::Waiting { .. } | Self::Closed | Self::Offline => true,
            Self::Connecting => false,
        }
    }
}

/// What is lost with the page, where the browser keeps nothing for it.
pub const AT_RISK: &str =
    "This browser keeps nothing for this page. Messages that wait here are lost when you close the tab.";

/// Whether to say [`AT_RISK`]: something waits here that will not go by itself in a moment.
#[must_use]
pub const fn is_at_risk(link: Link, is_kept: bool, waiting: usize, refused: usize) -> bool {
    !is_kept && (refused > 0 || (waiting > 0 && !matches!(link, Link::Fine)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blip_is_not_shown() {
        assert_eq!(Banner::of(Link::Connecting, 0, 1_999), None);
        assert_eq!(Banner::of(Link::Connecting, 0, 2_000), Some(Banner::Connecting));
    }

    #[test]
    fn the_countdown_rounds_up_and_ends_in_an_attempt() {
        assert_eq!(Banner::of(Link::Waiting(10_000), 0, 7_001), Some(Banner::Waiting { seconds: 3 }));
        assert_eq!(Banner::of(Link::Waiting(10_000), 0, 9_999), Some(Banner::Waiting { seconds: 1 }));
        assert_eq!(Banner::of(Link::Waiting(10_000), 0, 10_000), Some(Banner::Connecting));
    }

    #[test]
    fn what_would_be_lost_is_told_only_while_something_waits() {
        assert!(is_at_risk(Link::Connecting, false, 1, 0));
        assert!(is_at_risk(Link::Fine, false, 0, 1), "a refused message waits for its author");
        assert!(!is_at_risk(Link::Fine, false, 1, 0), "on its way");
        assert!(!is_at_risk(Link::Offline, false, 0, 0));
        assert!(!is_at_risk(Link::Offline, true, 5, 5));
    }

    #[test]
    fn recovery_hides_it_at_once() {
        assert_eq!(Banner::of(Link::Fine, 0, 60_000), None);
    }
}
