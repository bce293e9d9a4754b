//! WebSocket close codes: those of RFC 6455 §7.4.1 that a server uses, and Tidings' own.

/// Why a server closes a connection, and what the client is to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The client is done.
    Normal = 1000,
    /// The server goes away; come back after `retryAfterMs`.
    GoingAway = 1001,
    /// The peer broke the WebSocket protocol.
    Protocol = 1002,
    /// A binary frame came; frames are text.
    Unsupported = 1003,
    /// A text frame was not UTF-8.
    InvalidPayload = 1007,
    /// A frame was larger than the limit.
    TooBig = 1009,
    /// The server met an error of its own; come back.
    Internal = 1011,
    /// The server restarts; come back after `retryAfterMs`.
    Restart = 1012,
    /// The server is overloaded; come back later.
    Overloaded = 1013,
    /// Not authenticated, or the token has expired: fetch a new token, then reconnect.
    Unauthenticated = 4001,
    /// Forbidden: do not reconnect.
    Forbidden = 4003,
    /// The session was too slow: reconnect and resume.
    TooSlow = 4008,
    /// Replaced by a newer connection of the same client session: do not reconnect.
    Replaced = 4009,
    /// Rate limited: back off, then reconnect.
    RateLimited = 4029,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self as u16
    }

    /// The code of a number, where it is one of these.
    #[must_use]
    pub const fn from_u16(code: u16) -> Option<Self> {
        Some(match code {
            1000 => Self::Normal,
            1001 => Self::GoingAway,
            1002 => Self::Protocol,
            1003 => Self::Unsupported,
            1007 => Self::InvalidPayload,
            1009 => Self::TooBig,
            1011 => Self::Internal,
            1012 => Self::Restart,
            1013 => Self::Overloaded,
            4001 => Self::Unauthenticated,
            4003 => Self::Forbidden,
            4008 => Self::TooSlow,
            4009 => Self::Replaced,
            4029 => Self::RateLimited,
            _ => return None,
        })
    }

    /// Whether a client may come back after this close by itself.
    #[must_use]
    pub const fn may_reconnect(self) -> bool {
        !matches!(self, Self::Normal | Self::Forbidden | Self::Replaced)
    }

    /// The short reason that goes into the close frame.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "done",
            Self::GoingAway => "server goes away",
            Self::Protocol => "protocol error",
            Self::Unsupported => "binary frames are not supported",
            Self::InvalidPayload => "not valid UTF-8",
            Self::TooBig => "frame too large",
            Self::Internal => "internal error",
            Self::Restart => "server restarts",
            Self::Overloaded => "overloaded",
            Self::Unauthenticated => "not authenticated",
            Self::Forbidden => "forbidden",
            Self::TooSlow => "too slow, resume",
            Self::Replaced => "replaced by a newer connection",
            Self::RateLimited => "rate limited",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_number() {
        for n in 0..=u16::MAX {
            if let Some(code) = CloseCode::from_u16(n) {
                assert_eq!(code.as_u16(), n);
                assert!(code.reason().len() <= 123, "a close frame holds 125 bytes");
            }
        }
    }
}
