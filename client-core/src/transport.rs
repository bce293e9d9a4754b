//! The ways to the server.

/// A way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transport {
    /// A WebSocket at `/ws/chat`.
    #[default]
    WebSocket,
}

impl Transport {
    /// The transport's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
        }
    }
}
