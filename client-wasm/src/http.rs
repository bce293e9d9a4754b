//! Requests to the HTTP interface, with the token in the header.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};

use alloc::vec::Vec;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_protocol::Problem;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, RequestCredentials, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    // Of the global object, so that a worker has it too.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

use crate::auth::Auth;

/// A request that takes longer than this has failed, in milliseconds.
pub(crate) const TIMEOUT_MS: u32 = 30_000;

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
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<(u16, String), HttpError> {
        let signal = AbortSignal::timeout_with_u32(TIMEOUT_MS);
        let response = self.open(method, path, body.as_deref(), Some(&signal)).await?;
        Ok((response.status(), text_of(&response).await?))
    }

    /// One request whose body is read by the caller. Where the token is refused and another can be had, it is tried once
    /// more.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        signal: Option<&AbortSignal>,
    ) -> Result<Response, HttpError> {
        let mut fresh = false;
        loop {
            let token = self.auth.token(fresh).await.map_err(HttpError::Token)?;
            let response = self.send(method, path, body, token, signal).await?;
            if response.status() != 401 || !self.auth.is_refreshable() || fresh {
                return Ok(response);
            }
            fresh = true;
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        token: Option<String>,
        signal: Option<&AbortSignal>,
    ) -> Result<Response, HttpError> {
        let init = RequestInit::new();
        init.set_method(method);
        init.set_signal(signal);
        let headers = Object::new();
        match token {
            Some(token) => header(&headers, "authorization", &["Bearer ", &token].concat()),
            None => init.set_credentials(RequestCredentials::SameOrigin),
        }
        if let Some(body) = body {
            header(&headers, "content-type", "application/json");
            init.set_body(&body.into());
        }
        init.set_headers(&headers);
        let response = settled(fetch(&[&self.base, path].concat(), &init)).await?;
        Ok(response.unchecked_into())
    }
}

fn header(headers: &Object, name: &str, value: &str) {
    // It fails for frozen objects only.
    let _ = Reflect::set(headers, &name.into(), &value.into());
}

/// An answer's whole body.
pub(crate) async fn text_of(response: &Response) -> Result<String, HttpError> {
    Ok(settled(response.text()).await?.as_string().unwrap_or_default())
}

/// An answer's body, part by part as it comes.
pub(crate) async fn read(response: &Response, tell: impl Fn(Vec<u8>)) -> Result<(), HttpError> {
    let Some(body) = response.body() else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let part = settled(Ok(reader.read())).await?;
        let value = Reflect::get(&part, &"value".into()).unwrap_or_default();
        if value.is_undefined() {
            return Ok(());
        }
        tell(value.unchecked_into::<Uint8Array>().to_vec());
    }
}

/// What a promise of the browser comes to.
async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, HttpError> {
    let outcome = match promise {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    outcome.map_err(|thrown| HttpError::Network(Object::from(thrown).to_string().into()))
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

fn encode<B: Serialize>(body: &B) -> Result<String, HttpError> {
    serde_json::to_string(body).map_err(|e| HttpError::Body(e.to_string()))
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, HttpError> {
    serde_json::from_str(text).map_err(|e| HttpError::Body(e.to_string()))
}
