//! Why no stream could be opened, and whether another attempt makes sense.

use tidings_client_core::{Duration, json};

use crate::http::HttpError;

/// Why no stream could be opened.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) error: HttpError,
    /// What the server asked for.
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    /// An answer other than the one that was asked for.
    pub(super) fn of(status: u16, text: &str) -> Self {
        let wait = json::field(text, "retryAfterMs").and_then(json::number);
        Self { error: HttpError::Status(status), retry_after: wait.map(Duration::from_millis) }
    }

    /// Whether the same request would be refused for ever.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self.error, HttpError::Status(401 | 403))
    }
}

impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        Self { error, retry_after: None }
    }
}
