//! JSON bodies, refused with a problem that names the field, and JSON answers. How large a body may be and how
//! long it may take is decided in [`super::body`].

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_protocol::Code;
use tidings_protocol::mend::without_halves;

use crate::error::Error;

/// As an argument: the request's body, checked. As an answer: the value as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::new(Code::InvalidFrame)
                .status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                .field("Content-Type")
                .detail("must be application/json"));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Error::new(Code::InvalidFrame).detail(rejection.body_text()))?;
        parse(&body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                let private = HeaderValue::from_static("no-store");
                ([(header::CONTENT_TYPE, json), (header::CACHE_CONTROL, private)], body).into_response()
            }
            Err(error) => Error::internal(&error).into_response(),
        }
    }
}

/// `application/json`, or another type that ends in `+json`; parameters do not matter.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads a body, and nothing behind it. What is wrong with a field is told with the field's path.
///
/// # Errors
/// `INVALID_FRAME`.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Error::new(Code::InvalidFrame).detail("must be a JSON object, not a list"));
    }
    read(body).or_else(|error| {
        let mended = std::str::from_utf8(body).ok().and_then(without_halves);
        mended.and_then(|text| read(text.as_bytes()).ok()).ok_or(error)
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, &error.into_inner())
    })?;
    deserializer.end().map_err(|error| refused(".", &error))?;
    Ok(value)
}

fn refused(path: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    // serde reports a missing field at its parent's path, and its name only in the sentence.
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let field = match (path, missing) {
        (".", Some(name)) => Some(name.to_owned()),
        (parent, Some(name)) => Some(format!("{parent}.{name}")),
        (".", None) => None,
        (path, None) => Some(path.to_owned()),
    };
    let detail = if missing.is_some() { "is required".to_owned() } else { text };
    let error = Error::new(Code::InvalidFrame).detail(detail);
    match field {
        Some(field) => error.field(field),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use tidings_protocol::http::CreateRoom;

    use super::*;

    fn problem(body: &str) -> String {
        let error = parse::<CreateRoom>(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidFrame);
        error.to_problem(None).detail.unwrap()
    }

    #[test]
    fn a_bad_body_names_the_field() {
        assert_eq!(problem(r#"{"roomId":"a"}"#), "kind: is required");
        let detail = problem(r#"{"roomId":"a b","kind":"public"}"#);
        assert!(detail.starts_with("roomId: must not contain whitespace"), "{detail}");
        let detail = problem(r#"{"roomId":"a","kind":"public","members":["x",""]}"#);
        assert!(detail.starts_with("members[1]: must not be empty"), "{detail}");
        let detail = problem(r#" ["a",null,"public",null]"#);
        assert!(detail.contains("not a list"), "{detail}");
        let detail = problem(r#"{"roomId":"a","kind":"public"} {}"#);
        assert!(detail.starts_with("trailing characters"), "{detail}");
    }

    #[test]
    fn half_an_emoji_is_no_reason_to_refuse_the_body() {
        let room: CreateRoom = parse(br#"{"roomId":"a","kind":"public","name":"cut \ud83c"}"#).unwrap();
        assert_eq!(room.name.as_deref(), Some("cut \u{fffd}"));
    }

    #[test]
    fn only_json_is_json() {
        let is = |value: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]))
        };
        assert!(is("application/json"));
        assert!(is("Application/JSON; charset=utf-8"));
        assert!(is("application/merge-patch+json"));
        assert!(!is("text/plain"));
        assert!(!is("application/jsonp"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
