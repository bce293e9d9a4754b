//! The registry of error codes: one for WebSocket frames, HTTP problems and the fallback, with the sentence,
//! the HTTP status and the retry rule of each.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, RoomId};

/// What went wrong, in one word that programs may match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Code {
    /// The frame or body could not be read.
    InvalidFrame,
    /// The frame's `type` is not known.
    UnknownType,
    /// The user is not a member of the room, whether it exists or not.
    NotAMember,
    /// The user may not do this.
    Forbidden,
    /// What was named does not exist, or is not to be seen.
    NotFound,
    /// The same id was used for something else, or the thing stands already.
    Conflict,
    /// A bound of the contract was met, such as rooms a session.
    Limit,
    /// Content, frame or body is too large.
    TooLarge,
    /// Too many frames or requests; wait `retryAfterMs`.
    RateLimited,
    /// No token, or one that does not count.
    Unauthenticated,
    /// The server cannot do this now; the same frame may be sent again after `retryAfterMs`.
    Unavailable,
    /// The server met an error of its own.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::InvalidFrame,
        Self::UnknownType,
        Self::NotAMember,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Limit,
        Self::TooLarge,
        Self::RateLimited,
        Self::Unauthenticated,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFrame => "INVALID_FRAME",
            Self::UnknownType => "UNKNOWN_TYPE",
            Self::NotAMember => "NOT_A_MEMBER",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Limit => "LIMIT",
            Self::TooLarge => "TOO_LARGE",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The sentence that is shown to people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::InvalidFrame => "Invalid message format",
            Self::UnknownType => "Unknown message type",
            Self::NotAMember => "You are not a member of this room",
            Self::Forbidden => "You are not allowed to do this",
            Self::NotFound => "Not found",
            Self::Conflict => "This conflicts with what stands already",
            Self::Limit => "A limit was reached",
            Self::TooLarge => "This is too large",
            Self::RateLimited => "Too many requests, slow down",
            Self::Unauthenticated => "Sign in first: the token is missing, wrong or expired",
            Self::Unavailable => "The server cannot do this right now, try again",
            Self::Internal => "Something went wrong on the server",
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::InvalidFrame | Self::UnknownType => 400,
            Self::Unauthenticated => 401,
            Self::NotAMember | Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Limit => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// Whether the same frame may succeed when it is sent again later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}

/// A client frame that could not be read. It names the field where one is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{reason}", field.as_deref().unwrap_or_default(), if field.is_some() { ": " } else { "" })]
pub struct FrameError {
    /// `INVALID_FRAME`, `UNKNOWN_TYPE` or `TOO_LARGE`.
    pub code: Code,
    /// The field at fault, as a path (`rooms[0].roomId`).
    pub field: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// The frame's own id, where that could be read: the error goes back with it.
    pub id: Option<ClientId>,
    /// The frame's room, where that could be read.
    pub room_id: Option<RoomId>,
}

/// An HTTP error: RFC 9457 `application/problem+json`, with `code` from [`Code`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`: the code says more than a URI would.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's sentence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong in this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The code.
    pub code: Code,
    /// Milliseconds to wait before the same request may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Names this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codes_name_is_its_serde_name() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
