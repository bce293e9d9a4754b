//! The OpenAPI document of the public interface: what stands above the single operations, what all of them share,
//! and where it is served.
//!
//! An operation is described where its handler stands; [`transports`] describes those that answer with a stream
//! of frames, and [`schemas`] what they carry.

use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header;
use tidings_protocol::{ClientSession, Cursor, MessageId, Problem, RoomId, UserId};
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement,
};

pub mod schemas;
pub mod transports;

/// Where the document is served.
pub const PATH: &str = "/api/v1/openapi.json";

/// Above the operations.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Tidings",
        version = "1",
        description = "Rooms, direct messages and notifications. Errors are RFC 9457 problems whose `code` programs \
                       may match on. What is answered with a 2xx is durable."
    ),
    tags(
        (name = "rooms", description = "Rooms, their members, and who is in them now"),
        (name = "messages", description = "History, logs and search"),
        (name = "users", description = "People the server has seen"),
        (name = "notifications", description = "Notifications, broadcasts and their stream"),
        (name = "realtime", description = "The WebSocket, and the fallback for where it is blocked"),
        (name = "auth", description = "Tickets, the cookie, and the development sign-in"),
        (name = "health", description = "Liveness and readiness"),
    ),
    paths(
        openapi,
        transports::chat,
        transports::notification_stream,
        transports::frames,
        transports::stream,
        transports::poll,
    ),
    components(schemas(Problem, ClientSession, Cursor, MessageId, RoomId, UserId))
)]
struct Above;

/// The document with the operations that no route brings along: the router adds the others.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = Above::openapi();
    let schemes = [
        ("bearer", bearer()),
        (
            "token",
            SecurityScheme::ApiKey(ApiKey::Query(key(
                "token",
                "The bearer token, for what cannot set headers",
            ))),
        ),
        (
            "ticket",
            SecurityScheme::ApiKey(ApiKey::Query(key("ticket", "A single-use stand-in for the token"))),
        ),
        (
            "cookie",
            SecurityScheme::ApiKey(ApiKey::Cookie(key(
                "__Host-tidings",
                "For the server's own page only; named `tidings` on a development server",
            ))),
        ),
    ];
    let any_of = schemes.iter().map(|(name, _)| SecurityRequirement::new::<_, _, &str>(*name, []));
    document.security = Some(any_of.collect());
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
    document
}

/// What all operations share: the errors that any of them may answer with, and what an error looks like.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            add_common_errors(operation);
            for (status, response) in &mut operation.responses.responses {
                if let (false, RefOr::T(response)) = (status.starts_with(['1', '2', '3']), response) {
                    describe_problem(response);
                }
            }
        }
    }
    document
}

/// `GET /api/v1/openapi.json`: made once.
pub fn serve<S: Clone + Send + Sync + 'static>(document: &OpenApi) -> MethodRouter<S> {
    let text = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    get(move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() }
    })
}

/// See this document
#[utoipa::path(get, path = PATH, operation_id = "openapi", tag = "health", security(()), responses(
    (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value),
))]
#[allow(dead_code, reason = "only its description counts; `serve` answers")]
fn openapi() {}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    SecurityScheme::Http(scheme.build())
}

fn key(name: &str, description: &str) -> ApiKeyValue {
    ApiKeyValue::with_description(name, description)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn add_common_errors(operation: &mut Operation) {
    let asks_who = operation.security.is_none();
    let takes_body = operation.request_body.is_some();
    let takes_something = takes_body || operation.parameters.as_ref().is_some_and(|list| !list.is_empty());
    let common = [
        ("400", takes_something, "A parameter or the body cannot be read; `detail` names the field"),
        ("401", asks_who, "No token that counts"),
        ("413", takes_body, "The body, or a field of it, is too large"),
        ("415", takes_body, "The body is no JSON"),
        ("default", true, "Any other error; 503 and 429 say with `retryAfterMs` when to come back"),
    ];
    for (status, applies, description) in common {
        if applies {
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(description)));
        }
    }
}

/// What has a body of its own, such as that of `/readyz`, keeps it.
fn describe_problem(response: &mut Response) {
    if response.content.is_empty() {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let described = ResponseBuilder::from(response.clone()).content("application/problem+json", problem);
        *response = described.build();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::router;

    #[test]
    fn the_routers_paths_are_the_documents_paths() {
        let (router, document) = router::api();
        // A router tells its paths in no other way. Were this to change, the set would be empty and the test fail.
        let router = format!("{router:?}");
        let own = |path: &&str| path.starts_with('/') && *path != "/" && !path.contains("axum_fallback");
        let routed: BTreeSet<&str> = router.split('"').filter(own).collect();
        let documented: BTreeSet<&str> = document.paths.paths.keys().map(String::as_str).collect();
        assert_eq!(routed, documented);
    }
}
