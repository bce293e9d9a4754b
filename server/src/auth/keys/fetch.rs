//! A JWKS from the web: over TLS, or from this machine; bounded in size and time, and nothing is followed.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::jwks::{KeyError, KeySet, parse};

/// The whole answer must be here by then.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer.
const MAX_BYTES: usize = 256 * 1024;

/// Whether keys may come from there: over TLS, or from this machine, where nobody stands between.
#[must_use]
pub fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => loopback,
        Some(_) | None => false,
    }
}

/// Fetches the keys.
///
/// # Errors
/// The address does not answer with a set of keys that does.
pub async fn fetch(url: &str) -> Result<KeySet, KeyError> {
    match tokio::time::timeout(TIMEOUT, get(url)).await {
        Ok(text) => parse(&text.map_err(KeyError::Unreachable)?),
        Err(_) => Err(KeyError::Unreachable("no answer in time".to_owned())),
    }
}

async fn get(url: &str) -> Result<String, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()
        .map_err(|error| format!("this machine has no certificates to check with: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let request = Request::get(url).header(header::ACCEPT, "application/json").body(Empty::new());
    let answer = client.request(request.map_err(chain)?).await.map_err(chain)?;
    if answer.status() != StatusCode::OK {
        return Err(format!("the answer was {}", answer.status()));
    }
    let body =
        Limited::new(answer.into_body(), MAX_BYTES).collect().await.map_err(|error| error.to_string())?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| "the answer is no text".to_owned())
}

/// An error with its causes: "client error (Connect)" alone tells nobody what to do.
fn chain(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for safe in
            ["https://id.example.com/keys", "http://127.0.0.1:4000/k", "http://[::1]/k", "http://localhost/k"]
        {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_ in [
            "http://id.example.com/keys",
            "http://10.0.0.1/k",
            "ftp://127.0.0.1/k",
            "keys.json",
            "https:///k",
            "http://localhost.evil.tld/k",
        ] {
            assert!(!is_safe(unsafe_), "{unsafe_}");
        }
    }
}
