//! Every route, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tidings_protocol::Code;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::BodyLimits;
use super::context::Context;
use super::{
    HttpState, admin, assets, auth, body, context, health, internal, notification_stream, openapi, realtime,
    rest, security, throttle, websocket,
};
use crate::error::Error;

/// The routes of the API, and the document that describes them.
pub(super) fn api() -> (Router<HttpState>, OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(openapi::document())
        .route("/ws/chat", get(websocket::upgrade))
        .route("/api/v1/notifications/stream/{userId}", get(notification_stream::open))
        .route("/api/v1/realtime/frames", post(realtime::frames::post))
        .route("/api/v1/realtime/stream", post(realtime::stream::post))
        .route("/api/v1/realtime/poll", post(realtime::poll::post))
        .merge(rest::routes())
        .routes(routes!(auth::ticket))
        .routes(routes!(auth::login))
        .routes(routes!(auth::open_session, auth::close_session))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts();
    let document = openapi::complete(document);
    (routes.route(openapi::PATH, openapi::serve(&document)), document)
}

/// What clients see.
pub fn public(state: HttpState, context: Context, bodies: BodyLimits) -> Router {
    let (api, _) = api();
    let cors = security::cors(Arc::clone(&state.policy));
    let throttle = Arc::clone(&state.throttle);
    let routes = api
        .fallback(assets::serve)
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(bodies, body::read))
        .layer(from_fn_with_state(throttle, throttle::hold))
        .layer(cors);
    surrounded(routes, context)
}

/// What is served on the metrics listener.
pub fn private(state: HttpState, context: Context, bodies: BodyLimits) -> Router {
    let routes = admin::routes()
        .route("/metrics", get(internal::numbers))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(bodies, body::read));
    surrounded(routes, context)
}

fn surrounded(routes: Router, context: Context) -> Router {
    Router::new().fallback_service(routes).layer(from_fn_with_state(context, context::surround))
}

async fn wrong_method() -> Error {
    Error::new(Code::NotFound).status(http::StatusCode::METHOD_NOT_ALLOWED).detail("not with this method")
}

async fn not_found() -> Error {
    Error::new(Code::NotFound)
}

/// The OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    api().1
}
