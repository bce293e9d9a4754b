//! The options object of the face.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;

use js_sys::{Array, Function, Promise};
use tidings_client_core::{Transport, Transports};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::config::{Config, Credentials, TokenProvider};

#[wasm_bindgen]
extern "C" {
    /// What the face hands over; it has checked the types.
    pub type Options;

    #[wasm_bindgen(method, getter)]
    fn url(this: &Options) -> String;
    #[wasm_bindgen(method, getter)]
    fn token(this: &Options) -> Option<String>;
    /// `(fresh: boolean) => Promise<string>`.
    #[wasm_bindgen(method, getter, js_name = getToken)]
    fn get_token(this: &Options) -> Option<Function>;
    #[wasm_bindgen(method, getter, js_name = userId)]
    fn user_id(this: &Options) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn notifications(this: &Options) -> bool;
    #[wasm_bindgen(method, getter, js_name = notificationHeader)]
    fn notification_header(this: &Options) -> bool;
    #[wasm_bindgen(method, getter)]
    fn persistence(this: &Options) -> bool;
    /// The names of the transports that may be used; `undefined`: all of them.
    #[wasm_bindgen(method, getter)]
    fn transports(this: &Options) -> Option<Array>;
    #[wasm_bindgen(method, getter, js_name = maxAttempts)]
    fn max_attempts(this: &Options) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = maxQueued)]
    fn max_queued(this: &Options) -> Option<u32>;
}

impl Options {
    pub(super) fn to_config(&self) -> Config {
        let credentials = match (self.get_token(), self.token()) {
            (Some(get), _) => Credentials::Provider(provider(get)),
            (None, Some(token)) => Credentials::Token(token),
            (None, None) => Credentials::Cookie,
        };
        let mut config = Config::new(self.url(), credentials);
        let mut transports = Transports::NONE;
        config.user_id = self.user_id();
        config.notifications = self.notifications();
        config.notification_header = self.notification_header();
        config.persistence = self.persistence();
        for name in self.transports().iter().flat_map(Array::iter) {
            let name = name.as_string();
            if let Some(known) = Transport::ALL.into_iter().find(|t| name.as_deref() == Some(t.as_str())) {
                transports = transports.with(known);
            }
        }
        config.transports = transports;
        config.max_attempts = self.max_attempts();
        if let Some(max) = self.max_queued() {
            config.max_queued = max as usize;
        }
        config
    }
}

fn provider(get: Function) -> TokenProvider {
    Rc::new(move |fresh| {
        let asked = get.call1(&JsValue::NULL, &JsValue::from_bool(fresh));
        Box::pin(async move {
            let token = match asked {
                Ok(promise) => JsFuture::from(Promise::resolve(&promise)).await,
                Err(thrown) => Err(thrown),
            };
            match token {
                Ok(token) => token.as_string().ok_or_else(|| "getToken gave no string".to_owned()),
                Err(thrown) => Err(js_sys::Object::from(thrown).to_string().into()),
            }
        })
    })
}
