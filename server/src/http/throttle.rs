//! Requests without a token that counts: so many a second from one address. Who has a token is held to the bounds
//! of its user instead (`auth/extract`).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::auth::extract::carries_credential;
use crate::error::Error;
use crate::limits::{Client, Throttle};

/// What whoever watches over the server asks for all the time.
const WATCHED: [&str; 2] = ["/healthz", "/readyz"];

/// The layer.
pub async fn hold(State(throttle): State<Arc<Throttle>>, request: Request, next: Next) -> Response {
    if WATCHED.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let Some(client) = request.extensions().get::<Client>().copied() else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let judged_later = carries_credential(&parts);
    if !judged_later && let Err(error) = throttle.anonymous(client.ip) {
        return error.into_response();
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    // Guessing tokens is a request without one.
    match judged_later && response.status() == StatusCode::UNAUTHORIZED {
        true => throttle.anonymous(client.ip).map_or_else(Error::into_response, |()| response),
        false => response,
    }
}
