//! Opens a WebSocket: fetches the token, asks for the upgrade, and reads a refusal.

use tidings_client_core::Closed;
use tidings_protocol::CloseCode;
use tidings_protocol::limits::MAX_CONTENT_BYTES;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, RETRY_AFTER};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::socket::Socket;
use crate::config::Config;

/// The largest server frame: 200 people listed, or a message escaped, and more than that twice over.
const MAX_MESSAGE: usize = 64 * MAX_CONTENT_BYTES;

/// Opens a socket. What went wrong comes back as a close, so that the session decides.
pub(super) fn connect(
    config: &Config,
    query: &str,
    fresh_token: bool,
) -> impl Future<Output = Result<Box<Socket>, Closed>> + Send + use<> {
    let url = url(&config.url, query);
    let token = config.token.clone();
    let settings = WebSocketConfig::default()
        .read_buffer_size(config.read_buffer)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    async move {
        let token = token.get(fresh_token).await.map_err(|reason| refused(None, reason))?;
        let mut request = url.into_client_request().map_err(|e| refused(None, e.to_string()))?;
        let bearer = HeaderValue::from_str(&["Bearer ", &token].concat());
        let mut bearer = bearer.map_err(|_| {
            refused(Some(CloseCode::Unauthenticated), "the token is no header value".to_owned())
        })?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        match connect_async_with_config(request, Some(settings), true).await {
            Ok((stream, _)) => Ok(Box::new(Socket::new(stream))),
            Err(Error::Http(response)) => Err(refusal(&response)),
            Err(error) => Err(refused(None, error.to_string())),
        }
    }
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

/// A refused upgrade as the close code that means the same.
fn refusal<B>(response: &Response<B>) -> Closed {
    let code = match response.status() {
        StatusCode::UNAUTHORIZED => Some(CloseCode::Unauthenticated),
        StatusCode::FORBIDDEN => Some(CloseCode::Forbidden),
        StatusCode::TOO_MANY_REQUESTS => Some(CloseCode::RateLimited),
        StatusCode::SERVICE_UNAVAILABLE => Some(CloseCode::Overloaded),
        _ => None,
    };
    let seconds = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let retry_after_ms = seconds.map(|s| s.saturating_mul(1_000));
    Closed { retry_after_ms, ..refused(code, response.status().to_string()) }
}

fn refused(code: Option<CloseCode>, reason: String) -> Closed {
    Closed { code: code.map(CloseCode::as_u16), reason, retry_after_ms: None }
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

    #[test]
    fn a_refused_upgrade_means_what_its_close_code_means() {
        for (status, code) in
            [(401, Some(4001)), (403, Some(4003)), (429, Some(4029)), (503, Some(1013)), (500, None)]
        {
            let response = Response::builder().status(status).header("retry-after", "3").body(()).unwrap();
            let closed = refusal(&response);
            assert_eq!((closed.code, closed.retry_after_ms), (code, Some(3_000)), "{status}");
        }
    }
}
