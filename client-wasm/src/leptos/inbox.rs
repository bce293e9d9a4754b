//! The user's notifications: newest first, each once, with the server's count of what is unread.

use std::sync::Arc;

use tidings_protocol::Timestamp;
use tidings_protocol::entity::{Notification, NotificationState};
use tidings_protocol::http::NotificationPage;

use super::meanwhile::{Asked, Came, Meanwhile};

/// Most notifications held; older ones are fetched again when wanted.
const MOST: usize = 1_000;

/// The user's notifications.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    list: Vec<Arc<Notification>>,
    unread: u64,
    has_more: bool,
    loaded: bool,
    /// The newest one of the last page.
    counted: Option<Key>,
    /// What came while pages were on their way, in the server's order: a page may have been read before it.
    meanwhile: Meanwhile<Change>,
}

/// Ids are UUIDv7, so of two in one millisecond the greater is the later.
type Key = (Timestamp, String);

fn key(notification: &Notification) -> Key {
    (notification.created_at, notification.id.clone())
}

#[derive(Clone, Debug)]
enum Change {
    Arrived(Arc<Notification>),
    State(NotificationState),
}

impl Inbox {
    /// Newest first.
    #[must_use]
    pub fn list(&self) -> &[Arc<Notification>] {
        &self.list
    }

    /// How many of all are unread, those not held included.
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.unread
    }

    /// Whether older ones can be fetched.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether a page has come.
    #[must_use]
    pub const fn loaded(&self) -> bool {
        self.loaded
    }

    /// The oldest one held, after which a next page begins.
    #[must_use]
    pub fn oldest(&self) -> Option<&str> {
        self.list.last().map(|n| n.id.as_str())
    }

    /// A page is asked for. What comes until it is there is applied to it.
    pub fn ask(&mut self) -> Asked {
        self.meanwhile.ask()
    }

    /// The newest page came; it stands for all that is newer than its last. True where another one must tell, since read
    /// states changed meanwhile: whether it was read before that or behind it, it does not say.
    pub fn load(&mut self, asked: Asked, page: NotificationPage) -> bool {
        let Came { changes, whole } = self.meanwhile.came(asked);
        self.list.clear();
        self.loaded = true;
        self.unread = page.unread_count;
        self.has_more = page.has_more;
        self.counted = page.notifications.first().map(key);
        page.notifications.into_iter().for_each(|n| self.put(Arc::new(n)));
        let mut is_unsure = !whole;
        for change in changes {
            match change {
                Change::Arrived(n) => _ = self.add(n),
                Change::State(state) => {
                    is_unsure = true;
                    for id in state.ids.iter().flatten() {
                        if state.deleted.unwrap_or(false) {
                            self.remove(id);
                        } else if state.read.unwrap_or(false) {
                            self.mark_read(id);
                        }
                    }
                }
            }
        }
        is_unsure
    }

    /// An older page came.
    pub fn append(&mut self, asked: Asked, page: NotificationPage) {
        let Came { changes, .. } = self.meanwhile.came(asked);
        page.notifications.into_iter().for_each(|n| self.put(Arc::new(n)));
        self.has_more = page.has_more && self.list.len() < MOST;
        for change in changes {
            if let Change::State(state) = change {
                self.mark(&state);
            }
        }
    }

    /// A page did not come.
    pub fn missed(&mut self, asked: Asked) {
        self.meanwhile.came(asked);
    }

    /// One arrived. True where it is new to the list.
    pub fn arrived(&mut self, notification: Notification) -> bool {
        let notification = Arc::new(notification);
        self.meanwhile.note(|| Change::Arrived(notification.clone()));
        self.add(notification)
    }

    /// Read or deleted, here or on another device.
    pub fn apply(&mut self, state: NotificationState) {
        self.mark(&state);
        self.unread = state.unread_count;
        self.meanwhile.note(|| Change::State(state));
    }

    /// Puts back what was shown before, as the server refused what was done since.
    pub fn undo(&mut self, before: Self) {
        let Self { list, unread, has_more, .. } = before;
        (self.list, self.unread, self.has_more) = (list, unread, has_more);
    }

    /// Marks one as read before the server has said so. True where it was not.
    pub fn mark_read(&mut self, id: &str) -> bool {
        let Some(n) = self.list.iter_mut().find(|n| n.id == id && !n.read) else { return false };
        Arc::make_mut(n).read = true;
        self.unread = self.unread.saturating_sub(1);
        true
    }

    /// Marks all as read before the server has said so.
    pub fn mark_all_read(&mut self) {
        for n in self.list.iter_mut().filter(|n| !n.read) {
            Arc::make_mut(n).read = true;
        }
        self.unread = 0;
    }

    /// Drops one before the server has said so.
    pub fn remove(&mut self, id: &str) {
        if let Some(at) = self.list.iter().position(|n| n.id == id) {
            let gone = self.list.remove(at);
            self.unread = self.unread.saturating_sub(u64::from(!gone.read));
        }
    }

    /// Drops all before the server has said so.
    pub fn clear(&mut self) {
        self.list.clear();
        self.unread = 0;
        self.has_more = false;
    }

    fn add(&mut self, notification: Arc<Notification>) -> bool {
        if self.list.iter().any(|n| n.id == notification.id) {
            return false;
        }
        // The list has no hole: what is older than its last comes with an older page.
        let is_below = self.list.last().is_some_and(|last| key(&notification) < key(last));
        if self.loaded && self.has_more && is_below {
            return false;
        }
        // What is not newer than the last page's newest is in its count: it was missed, and comes by and by.
        let is_counted = self.counted.as_ref().is_some_and(|newest| key(&notification) <= *newest);
        self.unread += u64::from(!notification.read && !is_counted);
        self.put(notification);
        true
    }

    fn mark(&mut self, state: &NotificationState) {
        let all = state.all.unwrap_or(false);
        let named = |n: &Notification| all || state.ids.as_ref().is_some_and(|ids| ids.contains(&n.id));
        if state.deleted.unwrap_or(false) {
            self.list.retain(|n| !named(n));
        } else if let Some(read) = state.read {
            for n in self.list.iter_mut().filter(|n| named(n) && n.read != read) {
                Arc::make_mut(n).read = read;
            }
        }
    }

    fn put(&mut self, notification: Arc<Notification>) {
        if self.list.iter().any(|n| n.id == notification.id) {
            return;
        }
        let at = self.list.partition_point(|n| key(n) > key(&notification));
        self.list.insert(at, notification);
        self.list.truncate(MOST);
    }
}

#[cfg(test)]
mod tests;
