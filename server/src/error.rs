//! The one place that maps errors to `ERROR` frames and to problem+json.
//!
//! An [`Error`] is what a peer may know: a code, a sentence of detail, a time to wait. What lies behind an
//! `INTERNAL` or `UNAVAILABLE` one is logged where it is made, with the request's or session's span, and goes
//! no further.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tidings_protocol::data::ErrorMessage;
use tidings_protocol::{ClientId, Code, Event, FrameError, Problem, RoomId, ServerFrame, Timestamp};

use crate::store::{Refusal, StoreError};

/// Names the request in the answer, and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// When nothing better is known: come back after this time.
const RETRY: Duration = Duration::from_secs(1);

/// What a peer is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", code.as_str(), detail.as_deref().unwrap_or_else(|| code.sentence()))]
pub struct Error {
    code: Code,
    detail: Option<Cow<'static, str>>,
    field: Option<String>,
    retry_after: Option<Duration>,
    status: Option<StatusCode>,
}

impl Error {
    /// An error with the code's own sentence.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, field: None, retry_after: None, status: None }
    }

    /// Says what is wrong in this case.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when the same may succeed.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// An HTTP status that is closer than the code's own, such as 405.
    #[must_use]
    pub const fn status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Something broke here: the source is logged, the peer learns nothing of it.
    pub fn internal(source: &dyn std::error::Error) -> Self {
        tracing::error!(error = %Chain(source), "internal error");
        Self::new(Code::Internal)
    }

    /// Something that this server needs is away: the source is logged, the peer may come back.
    pub fn unavailable(source: &dyn std::error::Error) -> Self {
        tracing::warn!(error = %Chain(source), "unavailable");
        Self::new(Code::Unavailable).retry_after(RETRY)
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// How long to wait before the same may succeed; always something for a retryable code.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after.or_else(|| self.code.is_retryable().then_some(RETRY))
    }

    /// The `ERROR` frame, for the frame `id` and the room `room_id`.
    #[must_use]
    pub fn to_frame(&self, id: Option<ClientId>, room_id: Option<RoomId>, now: Timestamp) -> ServerFrame {
        let data = ErrorMessage {
            error: self.code.sentence().to_owned(),
            code: self.code,
            id,
            room_id,
            retry_after_ms: self.wait().map(millis),
            field: self.field.clone(),
            detail: self.detail.as_deref().map(str::to_owned),
        };
        ServerFrame { event: Event::Error(data), timestamp: now }
    }

    /// The body of an HTTP answer.
    #[must_use]
    pub fn to_problem(&self, request_id: Option<String>) -> Problem {
        let detail = match (&self.field, &self.detail) {
            (Some(field), Some(detail)) => Some(format!("{field}: {detail}")),
            (Some(field), None) => Some(field.clone()),
            (None, detail) => detail.as_deref().map(str::to_owned),
        };
        Problem {
            kind: "about:blank".to_owned(),
            title: self.code.sentence().to_owned(),
            status: self.http_status().as_u16(),
            detail,
            code: self.code,
            retry_after_ms: self.wait().map(millis),
            request_id,
        }
    }

    fn http_status(&self) -> StatusCode {
        self.status
            .or_else(|| StatusCode::from_u16(self.code.http_status()).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The HTTP answer of the request `request_id`.
    #[must_use]
    pub fn to_response(&self, request_id: Option<&str>) -> Response {
        let problem = self.to_problem(request_id.map(str::to_owned));
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.http_status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.wait() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The error itself travels with the response, so that [`crate::http`] can add the request's id.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.to_response(None);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        let FrameError { code, field, reason, .. } = error;
        Self { field, ..Self::new(code).detail(reason) }
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::NotAMember => Code::NotAMember,
            Refusal::Forbidden => Code::Forbidden,
            Refusal::NotFound => Code::NotFound,
            Refusal::Conflict => Code::Conflict,
            Refusal::Limit => Code::Limit,
        })
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::DiskFull => {
                Self::unavailable(&error).detail("storage_full: the server's disk is full")
            }
            StoreError::Unavailable(_) => Self::unavailable(&error),
            StoreError::Corrupt(_) => Self::internal(&error),
        }
    }
}

/// Whole seconds, rounded up: what `Retry-After` can say.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// An error with all its causes on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retryable_error_always_says_when() {
        for code in Code::ALL {
            let error = Error::new(code);
            assert_eq!(error.wait().is_some(), code.is_retryable(), "{code:?}");
        }
        let response =
            Error::new(Code::RateLimited).retry_after(Duration::from_millis(1_001)).to_response(None);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }

    #[test]
    fn what_lies_behind_an_internal_error_stays_here() {
        let source = std::io::Error::other("table users in /var/lib/tidings.db");
        let error = Error::internal(&source);
        let text = serde_json::to_string(&error.to_problem(None)).unwrap();
        assert!(!text.contains("users"), "{text}");
        let frame = error.to_frame(None, None, Timestamp::default());
        assert!(!serde_json::to_string(&frame).unwrap().contains("users"));
    }
}
