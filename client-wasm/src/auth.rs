//! The token: fetched when needed, kept while it counts, and read for the user's id.

use alloc::boxed::Box;
use alloc::string::String;
use core::cell::{OnceCell, RefCell};

use wasm_bindgen::prelude::*;

use crate::config::Credentials;
use crate::host;

/// A token this close to its end is not used for a new request, in seconds.
const MARGIN_S: f64 = 5.0;

/// The credentials with the token that they gave last.
pub(crate) struct Auth {
    credentials: Credentials,
    last: RefCell<Option<String>>,
    /// Called with every token that the app gave.
    on_token: OnceCell<Box<dyn Fn()>>,
}

impl Auth {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let last = match &credentials {
            Credentials::Token(token) => Some(token.clone()),
            Credentials::Cookie | Credentials::Provider(_) => None,
        };
        Self { credentials, last: RefCell::new(last), on_token: OnceCell::new() }
    }

    /// Calls back whenever the app has given a token. There is one such callback: the first.
    pub(crate) fn on_token(&self, tell: impl Fn() + 'static) {
        let _ = self.on_token.set(Box::new(tell));
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
            let expires = last.as_deref().and_then(|token| claim(token, "exp").as_f64());
            if expires.is_some_and(|expires| expires > host::epoch_seconds() + MARGIN_S) {
                return Ok(last);
            }
        }
        let token = provider(fresh).await?;
        self.last.replace(Some(token.clone()));
        if let Some(tell) = self.on_token.get() {
            tell();
        }
        Ok(Some(token))
    }

    /// The user that the last token names.
    pub(crate) fn user_id(&self) -> Option<String> {
        self.last.borrow().as_deref().and_then(|token| claim(token, "sub").as_string())
    }
}

#[wasm_bindgen(module = "/src/auth/claim.js")]
extern "C" {
    /// A claim of a JWT; `undefined` for a token of another kind. A client has no key and believes claims for what they
    /// are used for here: the name of its own storage, and when to ask for a new token.
    fn claim(token: &str, name: &str) -> JsValue;
}
