//! The ways to the server, and which of them a session may take.

/// A way to the server. All carry the same frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transport {
    /// A WebSocket at `/ws/chat`.
    #[default]
    WebSocket,
    /// Server frames by an event stream from `POST /api/v1/realtime/stream`, client frames by `POST …/frames`.
    Stream,
    /// Server frames by one `POST /api/v1/realtime/poll` after another, client frames by `POST …/frames`.
    Poll,
}

impl Transport {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Stream, Self::Poll];

    /// The transport of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|transport| transport.as_str() == name).copied()
    }

    /// The transport's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Stream => "stream",
            Self::Poll => "poll",
        }
    }

    /// Where its requests go.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::WebSocket => "/ws/chat",
            Self::Stream => "/api/v1/realtime/stream",
            Self::Poll => "/api/v1/realtime/poll",
        }
    }

    /// Where the client frames of a session without a WebSocket go.
    pub const FRAMES: &'static str = "/api/v1/realtime/frames";
}

/// The transports that a session may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports(u8);

impl Transports {
    /// All of them.
    pub const ALL: Self = Self(0b111);
    /// None yet: to be made more by [`with`](Self::with). A session takes it for all.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, transport: Transport) -> Self {
        Self(self.0 | 1 << transport as u8)
    }

    /// Whether a session may use it.
    #[must_use]
    pub const fn allow(self, transport: Transport) -> bool {
        self.0 == 0 || self.0 & (1 << transport as u8) != 0
    }
}
