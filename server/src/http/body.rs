//! Request bodies: read whole before a handler runs, so that none is longer or slower than allowed.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tidings_protocol::Code;

use crate::error::Error;

/// How much may come, and how slowly.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Most bytes.
    pub max_bytes: usize,
    /// The whole body must be here by then.
    pub timeout: Duration,
}

/// The layer.
pub async fn read(State(limits): State<BodyLimits>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match collect(body, limits).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(error) => error.into_response(),
    }
}

async fn collect(body: Body, limits: BodyLimits) -> Result<bytes::Bytes, Error> {
    let whole = Limited::new(body, limits.max_bytes).collect();
    let whole = tokio::time::timeout(limits.timeout, whole).await.map_err(|_| {
        Error::new(Code::InvalidFrame).status(StatusCode::REQUEST_TIMEOUT).detail("the body took too long")
    })?;
    whole.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            Error::new(Code::TooLarge).detail(format!("a body may have {} bytes", limits.max_bytes))
        } else {
            Error::new(Code::InvalidFrame).detail("the body ended too soon")
        }
    })
}
