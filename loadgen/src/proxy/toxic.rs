//! What can happen to one direction of a connection.

use std::time::Duration;

/// One thing that happens to one direction. Positions count bytes of that direction, from the connection's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toxic {
    /// Everything comes later: by `base`, give or take up to `jitter`. The order stays.
    Delay {
        /// How much later.
        base: Duration,
        /// How much more or less, evenly drawn for each piece.
        jitter: Duration,
    },
    /// No more than so many bytes pass in a second.
    Throttle {
        /// How many.
        bytes_per_second: u32,
    },
    /// The bytes pass in pieces of 1 to `largest` bytes, each in a packet of its own.
    Fragment {
        /// Bytes of the largest piece.
        largest: usize,
    },
    /// The connection is reset, both ways, behind this byte.
    Cut {
        /// How many bytes pass before.
        after: u64,
    },
    /// The receiver sees the end behind this byte, and the sender notices nothing: the rest is thrown away.
    HalfClose {
        /// How many bytes pass before.
        after: u64,
    },
    /// Behind this byte nothing is taken for a while; then it goes on.
    Stall {
        /// How many bytes pass before.
        after: u64,
        /// How long.
        lasts: Duration,
    },
    /// Behind this byte all is taken and nothing passed on, not even the end.
    Blackhole {
        /// How many bytes pass before.
        after: u64,
    },
}

impl Toxic {
    /// The names, in the order of the tally.
    pub const NAMES: [&'static str; 7] =
        ["delay", "throttle", "fragment", "cut", "half-close", "stall", "blackhole"];

    /// Its place in [`NAMES`](Self::NAMES).
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Self::Delay { .. } => 0,
            Self::Throttle { .. } => 1,
            Self::Fragment { .. } => 2,
            Self::Cut { .. } => 3,
            Self::HalfClose { .. } => 4,
            Self::Stall { .. } => 5,
            Self::Blackhole { .. } => 6,
        }
    }

    /// Behind which byte it happens; `None` for what lasts all the time.
    #[must_use]
    pub const fn after(&self) -> Option<u64> {
        match self {
            Self::Delay { .. } | Self::Throttle { .. } | Self::Fragment { .. } => None,
            Self::Cut { after }
            | Self::HalfClose { after }
            | Self::Stall { after, .. }
            | Self::Blackhole { after } => Some(*after),
        }
    }
}

/// What one connection meets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// From the client to the server.
    pub up: Vec<Toxic>,
    /// From the server to the client.
    pub down: Vec<Toxic>,
}

impl Course {
    /// Nothing.
    #[must_use]
    pub const fn clear() -> Self {
        Self { up: Vec::new(), down: Vec::new() }
    }
}
