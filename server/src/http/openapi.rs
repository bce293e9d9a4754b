//! The OpenAPI document of the public interface: what stands above the single operations, and where it is served.

use std::sync::Arc;

use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, SecurityRequirement};

/// Above the operations.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Tidings", description = "Rooms, direct messages and notifications over HTTP. Errors are RFC 9457 problems whose `code` is the contract's."),
    tags(
        (name = "auth", description = "Tokens, tickets and the cookie"),
        (name = "rooms", description = "Rooms, members, history"),
        (name = "notifications", description = "Notifications, broadcasts and their stream"),
        (name = "realtime", description = "The fallback for where WebSockets are blocked"),
        (name = "health", description = "Liveness and readiness"),
    ),
    components(schemas(tidings_protocol::Problem))
)]
struct Above;

/// The document without operations: the router adds them.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = Above::openapi();
    let schemes = [
        (
            "bearer",
            SecurityScheme::Http(
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build(),
            ),
        ),
        ("token", SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("token")))),
        ("ticket", SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("ticket")))),
        ("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-tidings")))),
    ];
    let any_of: Vec<SecurityRequirement> =
        schemes.iter().map(|(name, _)| SecurityRequirement::new::<_, _, &str>(*name, [])).collect();
    document.security = Some(any_of);
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
    document
}

/// `GET /api/v1/openapi.json`: made once.
pub fn serve<S: Clone + Send + Sync + 'static>(document: &OpenApi) -> MethodRouter<S> {
    let text: Arc<Bytes> = Arc::new(serde_json::to_vec(document).unwrap_or_default().into());
    get(move || {
        let text = Bytes::clone(&text);
        async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() }
    })
}
