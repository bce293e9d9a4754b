//! Headers that every answer has, and what pages of listed origins may do by CORS.

use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, request};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::error::REQUEST_ID;
use crate::origin::{Policy, Scheme};

/// How long a browser may keep a preflight's answer.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(3600);

/// One value that holds for every answer.
type Fixed = (HeaderName, HeaderValue);

/// The headers that every answer gets.
#[derive(Clone, Debug)]
pub struct Security {
    fixed: Arc<[Fixed]>,
}

impl Security {
    /// Under `--dev`, which has no TLS, the page may also open `ws:`.
    #[must_use]
    pub fn new(dev: bool) -> Self {
        let policy = if dev {
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws: wss:; img-src 'self' \
             data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        } else {
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' wss:; img-src 'self' \
             data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        };
        let fixed = [
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (
                HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ];
        Self { fixed: fixed.map(|(name, value)| (name, HeaderValue::from_static(value))).into() }
    }

    /// Adds the headers. `Strict-Transport-Security` only where the client came by https, as its rule has it
    /// (RFC 6797 §7.2).
    pub fn apply(&self, headers: &mut HeaderMap, scheme: Scheme) {
        for (name, value) in &*self.fixed {
            headers.insert(name.clone(), value.clone());
        }
        if scheme == Scheme::Https {
            let year = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
        }
    }
}

/// CORS for the listed origins. Cookies never cross origins, so no credentials are allowed.
pub fn cors(policy: Arc<Policy>) -> CorsLayer {
    let listed = move |origin: &HeaderValue, _: &request::Parts| policy.lists(origin);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(listed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([header::RETRY_AFTER, REQUEST_ID])
        .max_age(PREFLIGHT_MAX_AGE)
}
