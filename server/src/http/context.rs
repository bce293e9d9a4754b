//! What surrounds every request: the client behind it, its id, its line in the log and its numbers. An error
//! gets the request's id here, and a handler that panics ends this one request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use http::HeaderValue;
use tidings_protocol::Code;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::security::Security;
use crate::error::{Error, REQUEST_ID};
use crate::limits::{Peer, TrustedProxies};
use crate::metrics::Metrics;
use crate::telemetry;

/// What the layer needs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The proxies whose word counts.
    pub trusted: Arc<TrustedProxies>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The headers that every answer gets.
    pub security: Security,
}

/// The outermost layer.
pub async fn surround(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = uuid::Uuid::now_v7().to_string();
    let Some(peer) = request.extensions().get::<Peer>().copied() else {
        tracing::error!("a request without its peer");
        return Error::new(Code::Internal).to_response(Some(&id));
    };
    let client = context.trusted.client(peer, request.headers());
    request.extensions_mut().insert(client);

    let method = request.method().clone();
    let shown = telemetry::loggable(request.uri());
    let span = tracing::info_span!("request", id = %id);
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let response = handled.unwrap_or_else(|_| panicked());

    let mut response = match response.extensions().get::<Error>() {
        Some(error) => with_id(error, &response, &id),
        None => response,
    };
    let headers = response.headers_mut();
    context.security.apply(headers, client.scheme);
    if let Ok(id) = HeaderValue::try_from(&id) {
        headers.insert(REQUEST_ID, id);
    }
    let status = response.status();
    let took = began.elapsed();
    context.metrics.http_request(status, took);
    let _in = span.enter();
    if status.is_server_error() {
        tracing::warn!(%method, uri = ?shown, status = status.as_u16(), ms = took.as_millis(), "answered");
    } else {
        tracing::debug!(%method, uri = ?shown, status = status.as_u16(), ms = took.as_millis(), "answered");
    }
    response
}

/// The error's answer again, now with the request's id; what inner layers have added stays.
fn with_id(error: &Error, before: &Response, id: &str) -> Response {
    let mut response = error.to_response(Some(id));
    for (name, value) in before.headers() {
        if !response.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// The hook has logged the panic; here the peer gets an answer.
fn panicked() -> Response {
    let error = Error::new(Code::Internal);
    let mut response = error.to_response(None);
    response.extensions_mut().insert(error);
    response
}
