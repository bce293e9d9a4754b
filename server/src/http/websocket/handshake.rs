//! The opening handshake of a WebSocket (RFC 6455 §4.2): what is asked, checked, and the answer.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use tidings_protocol::Code;
use tidings_protocol::limits::SUBPROTOCOL;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::error::Error;

/// The only version there is (RFC 6455 §4.1).
const VERSION: &str = "13";

/// A request that may become a WebSocket.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
    wants_subprotocol: bool,
    upgrade: OnUpgrade,
}

impl<S: Send + Sync> FromRequestParts<S> for Handshake {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return Err(refusal("a WebSocket is opened by GET"));
        }
        if !lists(headers, header::CONNECTION, "upgrade") {
            return Err(refusal("the header `Connection` does not say `upgrade`"));
        }
        if !lists(headers, header::UPGRADE, "websocket") {
            return Err(refusal("the header `Upgrade` does not say `websocket`"));
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
            return Err(refusal("the header `Sec-WebSocket-Version` does not say `13`"));
        }
        let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
            return Err(refusal("the header `Sec-WebSocket-Key` is missing"));
        };
        let Ok(accept) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) else {
            return Err(refusal("the header `Sec-WebSocket-Key` cannot be read"));
        };
        // A subprotocol is chosen as it was offered: its case counts (RFC 6455 §4.1).
        let wants_subprotocol =
            items(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|item| item == SUBPROTOCOL);
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return Err(refusal("the connection cannot be upgraded"));
        };
        Ok(Self { accept, wants_subprotocol, upgrade })
    }
}

impl Handshake {
    /// The answer that makes it one, and what the connection becomes once that has been sent.
    #[must_use]
    pub(super) fn accept(self) -> (Response, OnUpgrade) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if self.wants_subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        (response, self.upgrade)
    }
}

/// RFC 9110 §15.5.22: the server would do it by another protocol.
fn refusal(detail: &'static str) -> Error {
    Error::new(Code::InvalidFrame).detail(detail).status(StatusCode::UPGRADE_REQUIRED)
}

/// Whether a header's comma-separated list holds `word`, ignoring case.
fn lists(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(word))
}

/// What stands in a header's comma-separated list.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}
