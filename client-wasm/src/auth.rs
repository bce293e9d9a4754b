//! The token: fetched when needed, kept while it counts, and read for the user's id.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, OnceCell, RefCell};

use wasm_bindgen::prelude::*;

use crate::config::Credentials;

/// A token this close to its end is not used for a new request, in seconds.
const MARGIN_S: u32 = 5;

/// The credentials with the token that they gave last.
pub(crate) struct Auth {
    credentials: Credentials,
    last: RefCell<Option<String>>,
    /// No connection has had it.
    is_unused: Cell<bool>,
    /// Called with every token that the app gave.
    on_token: OnceCell<Box<dyn Fn()>>,
}

/// What goes on with a token: `None` where the cookie does.
pub(crate) type WithToken = Box<dyn FnOnce(Result<Option<String>, String>)>;

impl Auth {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let last = match &credentials {
            Credentials::Token(token) => Some(token.clone()),
            Credentials::Cookie | Credentials::Provider(_) => None,
        };
        Self { credentials, last: RefCell::new(last), is_unused: Cell::new(false), on_token: OnceCell::new() }
    }

    /// Calls back whenever the app has given a token. There is one such callback: the first.
    pub(crate) fn on_token(&self, tell: impl Fn() + 'static) {
        let _ = self.on_token.set(Box::new(tell));
    }

    /// Whether a refused token can be replaced.
    pub(crate) const fn is_refreshable(&self) -> bool {
        matches!(self.credentials, Credentials::Provider(_))
    }

    /// Goes on with a token to be used now: at once where there is one. `fresh`: the last one was refused.
    pub(crate) fn token(self: &Rc<Self>, fresh: bool, then: WithToken) {
        self.ask(fresh, false, then);
    }

    /// The same; where it `connects`, for a new connection, the app is asked in any case.
    pub(crate) fn ask(self: &Rc<Self>, fresh: bool, connects: bool, then: WithToken) {
        let last = self.last.borrow().clone();
        let Credentials::Provider(provider) = &self.credentials else { return then(Ok(last)) };
        let may_be_last = !connects || self.is_unused.take();
        if !fresh && may_be_last && last.as_deref().is_some_and(|token| counts_for(token, MARGIN_S)) {
            return then(Ok(last));
        }
        let auth = Rc::clone(self);
        provider.ask(
            fresh,
            Box::new(move |answer| {
                then(answer.map(|token| {
                    auth.is_unused.set(!connects);
                    auth.last.replace(Some(token.clone()));
                    if let Some(tell) = auth.on_token.get() {
                        tell();
                    }
                    Some(token)
                }));
            }),
        );
    }

    /// The user that the last token names.
    pub(crate) fn user_id(&self) -> Option<String> {
        self.last.borrow().as_deref().and_then(user_of)
    }
}

// A client has no key and believes claims for what they are used for here: the name of its own storage, and when to ask
// for a new token.
#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    /// The user that a JWT names; `None` for a token of another kind.
    #[wasm_bindgen(js_name = userOf)]
    fn user_of(token: &str) -> Option<String>;
    /// Whether a JWT says that it counts for so many seconds more.
    #[wasm_bindgen(js_name = countsFor)]
    fn counts_for(token: &str, seconds: u32) -> bool;
}
