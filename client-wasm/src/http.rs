//! Requests to the HTTP interface, with the token in the header.

use std::rc::Rc;

use gloo_net::http::{Method, Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_protocol::Problem;
use web_sys::{AbortSignal, RequestCredentials};

use crate::auth::Auth;

/// A request that takes longer than this has failed, in milliseconds.
const TIMEOUT_MS: u32 = 30_000;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The app could not give a token.
    #[error("no token: {0}")]
    Token(String),
    /// No answer came: no network, no server, no leave from the browser, or it took too long.
    #[error("no answer: {0}")]
    Network(String),
    /// The server refused.
    #[error("{}", .0.detail.as_deref().unwrap_or(&.0.title))]
    Problem(Box<Problem>),
    /// The server answered with an error status and no problem that could be read.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The body is not what was expected.
    #[error("unexpected body: {0}")]
    Body(String),
}

/// Requests to the HTTP interface of one server as one user. Cheap to clone; see [`Client::http`](crate::Client::http).
///
/// Paths begin with a slash: `/api/v1/rooms?scope=mine`.
#[derive(Clone)]
pub struct Http {
    base: Rc<str>,
    auth: Rc<Auth>,
}

impl Http {
    pub(crate) fn new(base: &str, auth: Rc<Auth>) -> Self {
        Self { base: Rc::from(base), auth }
    }

    /// The server's address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn auth(&self) -> &Rc<Auth> {
        &self.auth
    }

    /// `GET`, for the body's text.
    ///
    /// # Errors
    /// [`HttpError`] says what went wrong.
    pub async fn get(&self, path: &str) -> Result<String, HttpError> {
        self.text(Method::GET, path, None).await
    }

    /// `POST`, with a JSON body where there is one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn post(&self, path: &str, body: Option<String>) -> Result<String, HttpError> {
        self.text(Method::POST, path, body).await
    }

    /// `PUT`, with a JSON body where there is one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn put(&self, path: &str, body: Option<String>) -> Result<String, HttpError> {
        self.text(Method::PUT, path, body).await
    }

    /// `PATCH`, with a JSON body where there is one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn patch(&self, path: &str, body: Option<String>) -> Result<String, HttpError> {
        self.text(Method::PATCH, path, body).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn delete(&self, path: &str) -> Result<String, HttpError> {
        self.text(Method::DELETE, path, None).await
    }

    /// `GET`, for a type of the protocol.
    ///
    /// # Errors
    /// As [`Http::get`], and [`HttpError::Body`] for a body of another type.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, HttpError> {
        decode(&self.get(path).await?)
    }

    /// `POST` of a type of the protocol, for another.
    ///
    /// # Errors
    /// As [`Http::get_json`].
    pub async fn post_json<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, HttpError> {
        decode(&self.post(path, Some(encode(body)?)).await?)
    }

    /// `PATCH` of a type of the protocol, for another.
    ///
    /// # Errors
    /// As [`Http::get_json`].
    pub async fn patch_json<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, HttpError> {
        decode(&self.patch(path, Some(encode(body)?)).await?)
    }

    async fn text(&self, method: Method, path: &str, body: Option<String>) -> Result<String, HttpError> {
        let (status, text) = self.exchange(method, path, body).await?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        match serde_json::from_str(&text) {
            Ok(problem) => Err(HttpError::Problem(Box::new(problem))),
            Err(_) => Err(HttpError::Status(status)),
        }
    }

    /// One request, whatever its answer says. Where the token is refused and another can be had, it is tried once more.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<(u16, String), HttpError> {
        let mut fresh = false;
        loop {
            let token = self.auth.token(fresh).await.map_err(HttpError::Token)?;
            let response = self.send(method.clone(), path, body.as_deref(), token).await.map_err(network)?;
            if response.status() == 401 && self.auth.is_refreshable() && !fresh {
                fresh = true;
                continue;
            }
            let text = response.text().await.map_err(network)?;
            return Ok((response.status(), text));
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
        token: Option<String>,
    ) -> Result<Response, gloo_net::Error> {
        let mut request = RequestBuilder::new(&[&self.base, path].concat())
            .method(method)
            .abort_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
        request = match token {
            Some(token) => request.header("authorization", &["Bearer ", &token].concat()),
            None => request.credentials(RequestCredentials::SameOrigin),
        };
        let request: Request = match body {
            Some(body) => request.header("content-type", "application/json").body(body)?,
            None => request.build()?,
        };
        request.send().await
    }
}

/// Text as one segment of a path or one value of a query.
///
/// ```no_run
/// # use tidings_client::http::escape;
/// let path = format!("/api/v1/rooms/{}/messages", escape("café/general"));
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

fn network(error: gloo_net::Error) -> HttpError {
    HttpError::Network(match error {
        gloo_net::Error::JsError(error) => error.message,
        // With the error's own words all of its formatting would be carried along.
        _ => "not a request or answer that can be used".to_owned(),
    })
}

fn encode<B: Serialize>(body: &B) -> Result<String, HttpError> {
    serde_json::to_string(body).map_err(|e| HttpError::Body(e.to_string()))
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, HttpError> {
    serde_json::from_str(text).map_err(|e| HttpError::Body(e.to_string()))
}
