//! What outlives a page load, by server and user: the outbox in IndexedDB, the notification cursor in `localStorage`.
//!
//! Where the browser has neither (a worker, Node) or forbids them, both live in memory only.

mod outbox;

use alloc::string::String;

use wasm_bindgen::prelude::*;

pub(crate) use self::outbox::{Outbox, OutboxEvent};
use crate::text::joined;

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    /// What is kept under a key.
    fn kept(key: &str) -> Option<String>;
    /// Keeps a value, or drops it. Where there is no room, the next page load begins without.
    fn keep(key: &str, value: Option<&str>);
}

/// One user's notification cursor on one server.
#[derive(Clone)]
pub(crate) struct CursorStore(String);

impl CursorStore {
    /// `None` where the user's name is none.
    pub(crate) fn open(server: &str, user: &str) -> Option<Self> {
        Some(Self(joined(&["tidings ", &owner(server, user)?, " cursor"])))
    }

    /// The cursor that was kept.
    pub(crate) fn get(&self) -> Option<String> {
        kept(&self.0)
    }

    /// Keeps the cursor, or drops it.
    pub(crate) fn set(&self, cursor: Option<&str>) {
        keep(&self.0, cursor);
    }
}

/// `SERVER USER`; neither holds a space, so that no two users have one name.
pub(crate) fn owner(server: &str, user: &str) -> Option<String> {
    let is_name = !user.is_empty() && !user.bytes().any(|byte| byte <= b' ');
    is_name.then(|| joined(&[server, " ", user]))
}
