//! What outlives a page load: the outbox and the notification cursor, in `localStorage`, by server and user.
//!
//! Without `localStorage` (a worker, Node, a browser that forbids it) or without room in it, both live in memory only.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use tidings_client_core::Stored;
use tidings_protocol::ClientId;
use web_sys::Storage;

use crate::page::window;

/// One user's part of `localStorage`, on one server.
#[derive(Clone)]
pub(crate) struct Store {
    storage: Storage,
    /// `tidings SERVER USER`; neither holds a space, so that no user's keys begin with another's.
    owner: String,
}

impl Store {
    pub(crate) fn open(server: &str, user: &str) -> Option<Self> {
        if user.is_empty() || user.contains(char::is_whitespace) {
            return None;
        }
        // Reading the property throws where the browser forbids storage.
        let storage = window()?.local_storage().ok()??;
        Some(Self { storage, owner: ["tidings ", server, " ", user, " "].concat() })
    }

    /// All outbox entries, in no order.
    pub(crate) fn outbox(&self) -> Vec<Stored> {
        let prefix = self.entry_key("");
        let keys = self.keys(&prefix);
        keys.iter().filter_map(|key| read_entry(&key[prefix.len()..], &self.get(key)?)).collect()
    }

    /// Keeps an outbox entry; whether there was room for it.
    pub(crate) fn put(&self, entry: &Stored) -> bool {
        self.set(&self.entry_key(entry.id.as_str()), &write_entry(entry))
    }

    /// Drops an outbox entry.
    pub(crate) fn remove(&self, id: &ClientId) {
        self.unset(&self.entry_key(id.as_str()));
    }

    /// The notification cursor.
    pub(crate) fn cursor(&self) -> Option<String> {
        self.get(&self.cursor_key())
    }

    /// Keeps the notification cursor, or drops it.
    pub(crate) fn set_cursor(&self, cursor: Option<&str>) {
        match cursor {
            Some(cursor) => {
                self.set(&self.cursor_key(), cursor);
            }
            None => self.unset(&self.cursor_key()),
        }
    }

    /// Drops all that this user has here.
    pub(crate) fn forget(&self) {
        for key in self.keys(&self.owner) {
            self.unset(&key);
        }
    }

    fn entry_key(&self, id: &str) -> String {
        [&self.owner, "outbox ", id].concat()
    }

    fn cursor_key(&self) -> String {
        [&self.owner, "cursor"].concat()
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let count = self.storage.length().unwrap_or(0);
        let keys = (0..count).filter_map(|at| self.storage.key(at).ok().flatten());
        keys.filter(|key| key.starts_with(prefix)).collect()
    }

    fn get(&self, key: &str) -> Option<String> {
        self.storage.get_item(key).ok().flatten()
    }

    fn set(&self, key: &str, value: &str) -> bool {
        self.storage.set_item(key, value).is_ok()
    }

    fn unset(&self, key: &str) {
        // It fails only where storage is forbidden, and then there is nothing to remove.
        let _ = self.storage.remove_item(key);
    }
}

/// Order, refusal and frame, a line each: a frame is JSON on one line.
fn write_entry(entry: &Stored) -> String {
    [&entry.order.to_string(), "\n", entry.failed.as_deref().unwrap_or_default(), "\n", &entry.frame].concat()
}

fn read_entry(id: &str, text: &str) -> Option<Stored> {
    let mut lines = text.splitn(3, '\n');
    let order = lines.next()?.parse().ok()?;
    let failed = lines.next().filter(|code| !code.is_empty()).map(str::to_owned);
    Some(Stored { id: ClientId::new(id).ok()?, order, frame: lines.next()?.to_owned(), failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        for failed in [None, Some("NOT_A_MEMBER".to_owned())] {
            let frame = r#"{"type":"CHAT_MESSAGE","content":"a\nb"}"#.to_owned();
            let entry = Stored { id: ClientId::new("1").unwrap(), order: 7, frame, failed };
            assert_eq!(read_entry("1", &write_entry(&entry)), Some(entry));
        }
    }

    #[test]
    fn what_something_else_left_there_is_no_entry() {
        for text in ["", "7", "x\n\n{}", "7\n"] {
            assert_eq!(read_entry("1", text), None, "{text:?}");
        }
    }
}
