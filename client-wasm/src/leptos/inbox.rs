//! The user's notifications: newest first, each once, with the server's count of what is unread.

use std::sync::Arc;

use tidings_protocol::entity::{Notification, NotificationState};
use tidings_protocol::http::NotificationPage;

/// Most notifications held; older ones are fetched again when wanted.
const MOST: usize = 1_000;

/// The user's notifications.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    list: Vec<Arc<Notification>>,
    unread: u64,
    has_more: bool,
    loaded: bool,
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

    /// The newest page came; it stands for all that is newer than its last.
    pub fn load(&mut self, page: NotificationPage) {
        self.list.clear();
        self.loaded = true;
        self.append(page);
    }

    /// An older page came.
    pub fn append(&mut self, page: NotificationPage) {
        self.unread = page.unread_count;
        self.has_more = page.has_more && self.list.len() < MOST;
        page.notifications.into_iter().for_each(|n| self.put(n));
    }

    /// One arrived. True where it is new.
    pub fn arrived(&mut self, notification: Notification) -> bool {
        if self.list.iter().any(|n| n.id == notification.id) {
            return false;
        }
        self.unread += u64::from(!notification.read);
        self.put(notification);
        true
    }

    /// The count as the server says it.
    pub const fn set_unread(&mut self, unread: u64) {
        self.unread = unread;
    }

    /// Read or deleted, here or on another device.
    pub fn apply(&mut self, state: &NotificationState) {
        let all = state.all.unwrap_or(false);
        let named = |n: &Notification| all || state.ids.as_ref().is_some_and(|ids| ids.contains(&n.id));
        if state.deleted.unwrap_or(false) {
            self.list.retain(|n| !named(n));
        } else if let Some(read) = state.read {
            for n in self.list.iter_mut().filter(|n| named(n) && n.read != read) {
                Arc::make_mut(n).read = read;
            }
        }
        self.unread = state.unread_count;
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

    fn put(&mut self, notification: Notification) {
        if self.list.iter().any(|n| n.id == notification.id) {
            return;
        }
        // Ids are UUIDv7, so of two in one millisecond the greater is the later.
        let key = |n: &Notification| (n.created_at, n.id.clone());
        let at = self.list.partition_point(|n| key(n) > key(&notification));
        self.list.insert(at, Arc::new(notification));
        self.list.truncate(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_protocol::{Timestamp, UserId};

    fn notification(n: i64, read: bool) -> Notification {
        Notification {
            id: format!("n{n}"),
            user_id: UserId::new("me").unwrap(),
            title: "t".into(),
            message: String::new(),
            kind: "k".into(),
            data: serde_json::Map::new(),
            read,
            created_at: Timestamp::from_millis(n),
        }
    }

    fn loaded() -> Inbox {
        let mut inbox = Inbox::default();
        inbox.load(NotificationPage {
            notifications: vec![notification(3, false), notification(2, true), notification(1, false)],
            unread_count: 5,
            has_more: true,
        });
        inbox
    }

    fn ids(inbox: &Inbox) -> Vec<&str> {
        inbox.list().iter().map(|n| n.id.as_str()).collect()
    }

    #[test]
    fn one_that_comes_by_stream_and_page_counts_once() {
        let mut inbox = loaded();
        assert!(inbox.arrived(notification(4, false)));
        assert!(!inbox.arrived(notification(4, false)));
        assert_eq!((ids(&inbox), inbox.unread()), (vec!["n4", "n3", "n2", "n1"], 6));
    }

    #[test]
    fn what_another_device_did_is_applied_with_its_count() {
        let mut inbox = loaded();
        let state = |ids: Option<Vec<String>>, all, read, deleted, unread_count| NotificationState {
            ids,
            all,
            read,
            deleted,
            unread_count,
        };
        inbox.apply(&state(Some(vec!["n1".into()]), None, Some(true), None, 4));
        assert!(inbox.list()[2].read);
        inbox.apply(&state(None, Some(true), Some(true), None, 0));
        assert!(inbox.list().iter().all(|n| n.read));
        inbox.apply(&state(Some(vec!["n2".into()]), None, None, Some(true), 0));
        assert_eq!(ids(&inbox), ["n3", "n1"]);
        inbox.apply(&state(None, Some(true), None, Some(true), 0));
        assert!(inbox.list().is_empty());
    }

    #[test]
    fn marking_twice_takes_one_off_the_count() {
        let mut inbox = loaded();
        assert!(inbox.mark_read("n3"));
        assert!(!inbox.mark_read("n3"));
        assert!(!inbox.mark_read("n2"), "read already");
        assert_eq!(inbox.unread(), 4);
        inbox.remove("n1");
        assert_eq!(inbox.unread(), 3);
    }
}
