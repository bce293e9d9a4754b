//! Streams, polls and posts over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tidings_client_core::Closed;
use tidings_protocol::CloseCode;
use tokio::time::timeout;

use super::connect::MAX_MESSAGE;
use super::refusal::{refusal, refused};
use crate::config::Tokens;

/// A poll or post that takes longer has failed: longer than a poll waits.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// Requests to one server as one user. Cheap to clone.
#[derive(Clone)]
pub(super) struct Requests {
    base: String,
    tokens: Tokens,
    client: Client<Connector, Full<Bytes>>,
}

impl Requests {
    pub(super) fn new(url: &str, tokens: Tokens) -> Result<Self, Closed> {
        let base = url.trim_end_matches('/');
        let base = match base.split_once("://") {
            Some(("ws", rest)) => format!("http://{rest}"),
            Some(("wss", rest)) => format!("https://{rest}"),
            Some(_) | None => base.to_owned(),
        };
        let connector = connector().map_err(|e| refused(None, e.to_string()))?;
        Ok(Self { base, tokens, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// Opens an event stream, whose parts come as the body's frames.
    pub(super) async fn stream(
        self,
        path: &str,
        body: String,
        fresh_token: bool,
    ) -> Result<Incoming, Closed> {
        Ok(self.post(path, body, fresh_token, "text/event-stream").await?.into_body())
    }

    /// One request and the text of its answer.
    pub(super) async fn ask(self, path: &str, body: String, fresh_token: bool) -> Result<String, Closed> {
        let asked = async {
            let response = self.post(path, body, fresh_token, "application/json").await?;
            let whole = Limited::new(response.into_body(), MAX_MESSAGE * 4).collect().await;
            let whole = whole.map_err(|e| refused(None, e.to_string()))?;
            String::from_utf8(whole.to_bytes().into()).map_err(|e| refused(None, e.to_string()))
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(refused(None, "no answer".to_owned())))
    }

    async fn post(
        &self,
        path: &str,
        body: String,
        fresh_token: bool,
        accept: &'static str,
    ) -> Result<Response<Incoming>, Closed> {
        let token = if fresh_token { self.tokens.fetch(true).await } else { self.tokens.last().await };
        let bearer = ["Bearer ", &token.map_err(|reason| refused(None, reason))?].concat();
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| {
            refused(Some(CloseCode::Unauthenticated), "the token is no header value".to_owned())
        })?;
        bearer.set_sensitive(true);
        let request = Request::builder()
            .method(Method::POST)
            .uri([&self.base, path].concat())
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, accept)
            .body(Full::new(Bytes::from(body)));
        let request = request.map_err(|e| refused(None, e.to_string()))?;
        let response = self.client.request(request).await.map_err(|e| {
            // Who took the connection and then broke it off may let another transport through.
            Closed { is_reachable: !e.is_connect(), ..refused(None, e.to_string()) }
        })?;
        if response.status() == StatusCode::OK { Ok(response) } else { Err(refusal(&response)) }
    }
}

#[cfg(feature = "tls")]
fn connector() -> std::io::Result<Connector> {
    let config = crate::tls::config()?;
    let builder = hyper_rustls::HttpsConnectorBuilder::new();
    Ok(builder.with_tls_config((*config).clone()).https_or_http().enable_http1().build())
}

#[cfg(not(feature = "tls"))]
#[allow(clippy::unnecessary_wraps, reason = "it fails with TLS")]
fn connector() -> std::io::Result<Connector> {
    Ok(HttpConnector::new())
}
