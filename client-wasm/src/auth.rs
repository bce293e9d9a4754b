//! The token: fetched when needed, kept while it counts, and read for the user's id.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use wasm_bindgen::JsValue;

use crate::config::Credentials;
use crate::{host, json};

/// A token this close to its end is not used for a new request, in seconds.
const MARGIN_S: f64 = 5.0;

/// The credentials with the token that they gave last.
pub(crate) struct Auth {
    credentials: Credentials,
    last: RefCell<Option<String>>,
}

impl Auth {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let last = match &credentials {
            Credentials::Token(token) => Some(token.clone()),
            Credentials::Cookie | Credentials::Provider(_) => None,
        };
        Self { credentials, last: RefCell::new(last) }
    }

    /// Whether a refused token can be replaced.
    pub(crate) const fn is_refreshable(&self) -> bool {
        matches!(self.credentials, Credentials::Provider(_))
    }

    /// A token to be used now; `None` where the cookie does. `fresh`: the last one was refused.
    pub(crate) async fn token(&self, fresh: bool) -> Result<Option<String>, String> {
        let Credentials::Provider(provider) = &self.credentials else {
            return Ok(self.last.borrow().clone());
        };
        if !fresh {
            let last = self.last.borrow().clone();
            let expires = last.as_deref().and_then(|token| claim(token, "exp")?.as_f64());
            if expires.is_some_and(|expires| expires > host::epoch_seconds() + MARGIN_S) {
                return Ok(last);
            }
        }
        let token = provider(fresh).await?;
        self.last.replace(Some(token.clone()));
        Ok(Some(token))
    }

    /// The user that the last token names.
    pub(crate) fn user_id(&self) -> Option<String> {
        self.last.borrow().as_deref().and_then(|token| claim(token, "sub")?.as_string())
    }
}

/// A claim of a JWT; `None` for a token of another kind. A client has no key and believes claims for what they are
/// used for here: the name of its own storage, and when to ask for a new token.
fn claim(token: &str, name: &str) -> Option<JsValue> {
    let payload = decode_base64url(token.split('.').nth(1)?)?;
    json::field(&String::from_utf8(payload).ok()?, name)
}

fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_read_with_and_without_padding() {
        let text = |encoded| decode_base64url(encoded).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(text("eyJzdWIiOiJhbm4ifQ").as_deref(), Some(r#"{"sub":"ann"}"#));
        assert_eq!(text("eyJzdWIiOiJhbm4ifQ==").as_deref(), Some(r#"{"sub":"ann"}"#));
        assert_eq!(text("w7w_").as_deref(), Some("ü?"));
        assert_eq!(text("a+b"), None);
    }
}
