//! What outlives a page load, by server and user: the outbox in IndexedDB, the notification cursor in `localStorage`.
//!
//! Where the browser has neither (a worker, Node) or forbids them, both live in memory only.

mod outbox;

use alloc::string::String;

use web_sys::Storage;

pub(crate) use self::outbox::{Outbox, OutboxEvent};
use crate::page::window;

/// One user's notification cursor on one server.
#[derive(Clone)]
pub(crate) struct CursorStore {
    storage: Storage,
    key: String,
}

impl CursorStore {
    pub(crate) fn open(server: &str, user: &str) -> Option<Self> {
        // Reading the property throws where the browser forbids storage.
        let storage = window()?.local_storage().ok()??;
        Some(Self { storage, key: ["tidings ", &owner(server, user)?, " cursor"].concat() })
    }

    /// The cursor that was kept.
    pub(crate) fn get(&self) -> Option<String> {
        self.storage.get_item(&self.key).ok().flatten()
    }

    /// Keeps the cursor, or drops it.
    pub(crate) fn set(&self, cursor: Option<&str>) {
        // It fails where there is no room; then the next page load begins without one.
        let _ = match cursor {
            Some(cursor) => self.storage.set_item(&self.key, cursor),
            None => self.storage.remove_item(&self.key),
        };
    }
}

/// `SERVER USER`; neither holds a space, so that no two users have one name.
fn owner(server: &str, user: &str) -> Option<String> {
    let is_name = !user.is_empty() && !user.bytes().any(|byte| byte <= b' ');
    is_name.then(|| [server, " ", user].concat())
}
