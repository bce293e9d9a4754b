//! Everything that can happen to a session.

use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::ClientId;

use crate::command::Command;
use crate::output::Stored;

/// Numbers a connection, so that what an old socket still says is told from the new one's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u32);

impl ConnId {
    /// The requests of a [`Relay`](crate::Relay) are numbered from here on, beyond the connections of any session.
    const FIRST_REQUEST: u32 = 1 << 31;

    /// Whether it is that of a request.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.0 >= Self::FIRST_REQUEST
    }

    pub(crate) const fn of_request(number: u32) -> Self {
        Self(Self::FIRST_REQUEST | number)
    }
}

/// One thing that happened. After each, [`Session::poll_output`](crate::Session::poll_output) is drained.
///
/// Only [`Input::Timer`] lets time pass for the session's timers: a driver that wakes from a sleep first hands over
/// what has arrived.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The app asks for something.
    Command(Command),
    /// The transport is open.
    Opened(ConnId),
    /// A server frame arrived.
    Frame(ConnId, String),
    /// The transport is closed, or did not open.
    Closed(ConnId, Closed),
    /// The moment of [`Output::WaitUntil`](crate::Output::WaitUntil) has come.
    Timer,
    /// The machine has a network again.
    Online,
    /// The machine has lost its network.
    Offline,
    /// The page can be seen again.
    Visible,
    /// The page is hidden.
    Hidden,
    /// What was kept by [`Output::Persist`](crate::Output::Persist) in an earlier life, or, after a
    /// [`Command::Close`], what is still there of this one.
    StorageLoaded(Storage),
    /// An entry of [`Persist::Put`](crate::Persist::Put) would outlive the page now, or could not be kept: it may be
    /// sent either way.
    Saved {
        /// The entry.
        id: ClientId,
        /// Whether it is kept. One that could not be may be kept later.
        kept: bool,
    },
    /// Whether what is to be kept is kept: false where storage is denied or full.
    Kept(bool),
    /// Outbox entries of another page of the same user, which is gone. They are kept already.
    Adopted(Vec<Stored>),
    /// The token asked for by [`Output::RefreshToken`](crate::Output::RefreshToken).
    TokenReady(String),
}

/// How a connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The close code; `None` where there was none. A refused upgrade is mapped by the driver: 401 to 4001, 403 to
    /// 4003, 429 to 4029, 503 to 1013; a poll or stream refused with 409 to 4009.
    pub code: Option<u16>,
    /// The reason in the close frame.
    pub reason: String,
    /// `Retry-After` of a refused upgrade, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Something answered, though not as one in front of a server that is down: then it is the transport that does not
    /// get through, and another one may.
    pub is_reachable: bool,
    /// For a link to another page's connection: the attempts that this page has made, counted as the session's own.
    pub attempts: Option<u32>,
    /// For a link: what was sent by it may still reach the server, after what is sent next.
    pub is_astray: bool,
}

/// What storage held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// Outbox entries in any order.
    pub outbox: Vec<Stored>,
    /// The text of the last [`Persist::Positions`](crate::Persist::Positions), where positions are to be kept.
    pub positions: Option<String>,
}

impl Stored {
    /// Reads an entry that was kept as its parts.
    #[must_use]
    pub const fn new(id: ClientId, order: u64, frame: String, failed: Option<String>) -> Self {
        Self { id, order, frame, failed }
    }
}
