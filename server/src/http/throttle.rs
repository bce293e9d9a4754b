//! Requests without a token that counts: so many a second from one address. Who has a token is held to the bounds
//! of its user instead (`auth/extract`), which notes that on the request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::auth::extract::{Vouched, carries_credential};
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
    let (mut parts, body) = request.into_parts();
    if !carries_credential(&parts) {
        if let Err(error) = throttle.anonymous(client.ip) {
            return error.into_response();
        }
        return next.run(Request::from_parts(parts, body)).await;
    }
    let vouched = Vouched::default();
    parts.extensions.insert(vouched.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    // A token that is wrong, or that nobody has looked at, is none.
    if vouched.is_set() {
        return response;
    }
    throttle.anonymous(client.ip).map_or_else(Error::into_response, |()| response)
}
