//! Requests to the HTTP interface, with the token in the header.

mod exchange;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::cell::Cell;

use futures_channel::oneshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_protocol::Problem;
use wasm_bindgen::prelude::*;

use crate::auth::Auth;
pub(crate) use exchange::{Answer, Ask, Exchange, Span};

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
        self.text("GET", path, None).await
    }

    /// `POST`, with a JSON body where there is one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn post(&self, path: &str, body: Option<String>) -> Result<String, HttpError> {
        self.text("POST", path, body).await
    }

    /// `PUT`, with a JSON body where there is one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn put(&self, path: &str, body: Option<String>) -> Result<String, HttpError> {
        self.text("PUT", path, body).await
    }

    /// `PATCH`, with a JSON body where there is one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn patch(&self, path: &str, body: Option<String>) -> Result<String, HttpError> {
        self.text("PATCH", path, body).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn delete(&self, path: &str) -> Result<String, HttpError> {
        self.text("DELETE", path, None).await
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

    async fn text(&self, method: &str, path: &str, body: Option<String>) -> Result<String, HttpError> {
        let (tell, answered) = oneshot::channel();
        let tell = Cell::new(Some(tell));
        let ask = Ask { method: method.to_owned(), path: path.to_owned(), body, span: Span::Short };
        self.exchange(ask, move |answer| {
            // Nobody may wait for it any more.
            let _ = tell.take().map(|tell| tell.send(answer));
        });
        match answered.await {
            Ok(Answer::Whole(200..300, text)) => Ok(text),
            Ok(Answer::Whole(status, text)) => Err(match serde_json::from_str(&text) {
                Ok(problem) => HttpError::Problem(Box::new(problem)),
                Err(_) => HttpError::Status(status),
            }),
            Ok(Answer::Failed(error)) => Err(error),
            Ok(Answer::Opened | Answer::Part(_) | Answer::Ended) | Err(oneshot::Canceled) => {
                Err(HttpError::Network("no answer".to_owned()))
            }
        }
    }

    /// One request, of which `tell` is told how it goes. Where the token is refused and another can be had, it is tried
    /// once more.
    pub(crate) fn exchange(&self, ask: Ask, tell: impl Fn(Answer) + 'static) -> Rc<Exchange> {
        Exchange::begin(self.clone(), ask, Box::new(tell))
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
    encode_uri_component(text)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = encodeURIComponent)]
    fn encode_uri_component(text: &str) -> String;
}

fn encode<B: Serialize>(body: &B) -> Result<String, HttpError> {
    serde_json::to_string(body).map_err(|e| HttpError::Body(e.to_string()))
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, HttpError> {
    serde_json::from_str(text).map_err(|e| HttpError::Body(e.to_string()))
}
