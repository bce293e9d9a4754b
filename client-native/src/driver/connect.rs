//! Opens a WebSocket: fetches the token and asks for the upgrade.

use tidings_client_core::Closed;
use tidings_protocol::CloseCode;
use tidings_protocol::limits::MAX_CONTENT_BYTES;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::refusal::{broken_off, refusal, refused};
use super::socket::Socket;
use crate::config::{Config, Tokens};

/// The largest server frame: 200 people listed, or a message escaped, and more than that twice over.
pub(super) const MAX_MESSAGE: usize = 64 * MAX_CONTENT_BYTES;

/// Opens a socket. What went wrong comes back as a close, so that the session decides.
pub(super) fn connect(
    config: &Config,
    query: &str,
    tokens: Tokens,
    fresh_token: bool,
) -> impl Future<Output = Result<Box<Socket>, Closed>> + Send + use<> {
    let url = url(&config.url, query);
    let settings = WebSocketConfig::default()
        .read_buffer_size(config.read_buffer)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    async move {
        let token = tokens.fetch(fresh_token).await.map_err(|reason| refused(None, reason))?;
        let mut request = url.into_client_request().map_err(|e| refused(None, e.to_string()))?;
        let bearer = HeaderValue::from_str(&["Bearer ", &token].concat());
        let mut bearer = bearer.map_err(|_| {
            refused(Some(CloseCode::Unauthenticated), "the token is no header value".to_owned())
        })?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let connector = connector(&request).map_err(|e| refused(None, e.to_string()))?;
        match connect_async_tls_with_config(request, Some(settings), true, connector).await {
            Ok((stream, _)) => Ok(Box::new(Socket::new(stream))),
            Err(Error::Http(response)) => Err(refusal(&response)),
            Err(Error::Protocol(error)) => {
                Err(Closed { is_reachable: true, ..refused(None, error.to_string()) })
            }
            Err(error) => Err(broken_off(&error)),
        }
    }
}

#[cfg(feature = "tls")]
fn connector(request: &Request<()>) -> std::io::Result<Option<Connector>> {
    if request.uri().scheme_str() != Some("wss") {
        return Ok(None);
    }
    crate::tls::config().map(|config| Some(Connector::Rustls(config)))
}

#[cfg(not(feature = "tls"))]
#[allow(clippy::unnecessary_wraps, reason = "it fails with TLS")]
fn connector(_: &Request<()>) -> std::io::Result<Option<Connector>> {
    Ok(None)
}

/// The address of the WebSocket beneath a base address of any of the four schemes.
fn url(base: &str, query: &str) -> String {
    let base = base.trim_end_matches('/');
    let base = match base.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        Some(_) | None => base.to_owned(),
    };
    format!("{base}/ws/chat?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_made_from_a_base_of_any_scheme() {
        assert_eq!(url("http://h:1/", "a=b"), "ws://h:1/ws/chat?a=b");
        assert_eq!(url("https://h/chat", "a=b"), "wss://h/chat/ws/chat?a=b");
        assert_eq!(url("ws://h", "a=b"), "ws://h/ws/chat?a=b");
    }
}
