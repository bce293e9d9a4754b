//! What is served on the metrics listener and nowhere else.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use crate::error::Error;
use crate::metrics::{self, Metrics};

/// `GET /metrics`
pub async fn numbers(State(metrics): State<Arc<Metrics>>) -> Result<Response, Error> {
    let text = metrics.encode().map_err(|error| Error::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}
