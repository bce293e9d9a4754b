//! A refused upgrade or request as the close that means the same.

use std::io::ErrorKind;

use hyper::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use hyper::{Response, StatusCode};
use tidings_client_core::Closed;
use tidings_protocol::CloseCode;

/// What a refusal means.
pub(super) fn refusal<B>(response: &Response<B>) -> Closed {
    let status = response.status();
    let code = match status {
        StatusCode::UNAUTHORIZED => Some(CloseCode::Unauthenticated),
        // What is not the server's own refusal is that of something on the way.
        StatusCode::FORBIDDEN if is_problem(response.headers()) => Some(CloseCode::Forbidden),
        StatusCode::CONFLICT => Some(CloseCode::Replaced),
        StatusCode::TOO_MANY_REQUESTS => Some(CloseCode::RateLimited),
        StatusCode::SERVICE_UNAVAILABLE => Some(CloseCode::Overloaded),
        _ => None,
    };
    let seconds = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let retry_after_ms = seconds.map(|s| s.saturating_mul(1_000));
    // A gateway answers so for a server that is down.
    let is_reachable = !status.is_server_error();
    Closed { retry_after_ms, is_reachable, ..refused(code, status.to_string()) }
}

/// A connection that did not come about.
pub(super) fn refused(code: Option<CloseCode>, reason: String) -> Closed {
    Closed { code: code.map(CloseCode::as_u16), reason, ..Closed::default() }
}

/// What went wrong on the way. Where somebody took the connection and then broke it off, another transport may get
/// through.
pub(super) fn broken_off(error: &(dyn std::error::Error + 'static)) -> Closed {
    let mut source = Some(error);
    let mut kind = None;
    while let Some(error) = source {
        kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(kind);
        source = error.source();
    }
    let is_reachable = matches!(
        kind,
        Some(
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::UnexpectedEof
                | ErrorKind::BrokenPipe
        )
    );
    Closed { is_reachable, ..refused(None, error.to_string()) }
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/problem+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_upgrade_means_what_its_close_code_means() {
        for (status, kind, code, is_reachable) in [
            (401, "text/plain", Some(4001), true),
            (403, "application/problem+json", Some(4003), true),
            (403, "text/html", None, true),
            (409, "application/problem+json", Some(4009), true),
            (429, "text/plain", Some(4029), true),
            (503, "text/plain", Some(1013), false),
            (502, "text/html", None, false),
            (400, "text/html", None, true),
        ] {
            let response =
                Response::builder().status(status).header(RETRY_AFTER, "3").header(CONTENT_TYPE, kind);
            let closed = refusal(&response.body(()).unwrap());
            let expected = Closed {
                code,
                reason: closed.reason.clone(),
                retry_after_ms: Some(3_000),
                is_reachable,
                ..Closed::default()
            };
            assert_eq!(closed, expected, "{status}");
        }
    }
}
