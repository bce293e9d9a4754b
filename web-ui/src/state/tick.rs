//! The state of one's own message: clock, check, double check, coloured double check. It never goes back.

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    /// Refused, or given up.
    Failed,
    /// On its way.
    Sending,
    /// The server has it, durably.
    Sent,
    /// Another one's device has it.
    Delivered,
    /// Somebody else has read it.
    Read,
}

impl Tick {
    /// The tick of a message that stands at `seq`, with the others' markers as (delivered, read).
    #[must_use]
    pub fn of(seq: u64, others: impl IntoIterator<Item = (u64, u64)>) -> Self {
        others.into_iter().fold(Self::Sent, |tick, (delivered, read)| {
            let theirs = if read >= seq {
                Self::Read
            } else if delivered >= seq {
                Self::Delivered
            } else {
                Self::Sent
            };
            tick.max(theirs)
        })
    }

    /// What it is called.
    #[must_use]
    pub fn label(self, readers: usize) -> String {
        match self {
            Self::Failed => "Not sent".to_owned(),
            Self::Sending => "Sending".to_owned(),
            Self::Sent => "Sent".to_owned(),
            Self::Delivered => "Delivered".to_owned(),
            Self::Read if readers > 1 => format!("Read by {readers}"),
            Self::Read => "Read".to_owned(),
        }
    }
}

/// How many of the others have read up to `seq`.
#[must_use]
pub fn readers(seq: u64, others: impl IntoIterator<Item = (u64, u64)>) -> usize {
    others.into_iter().filter(|(_, read)| *read >= seq).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_of_the_others_counts() {
        assert_eq!(Tick::of(5, []), Tick::Sent);
        assert_eq!(Tick::of(5, [(4, 4)]), Tick::Sent);
        assert_eq!(Tick::of(5, [(5, 4), (0, 0)]), Tick::Delivered);
        assert_eq!(Tick::of(5, [(0, 5), (9, 1)]), Tick::Read, "read without delivered is still read");
        assert_eq!(readers(5, [(0, 5), (9, 9), (5, 4)]), 2);
    }
}
