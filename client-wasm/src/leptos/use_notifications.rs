//! The user's notifications.

use std::rc::Rc;

use ::leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::hub::{Hub, Notice};
use super::inbox::Inbox;
use super::paging::PageError;
use super::use_tidings::use_tidings;
use crate::http::HttpError;
use crate::notifications::NotificationClient;

/// What [`use_notifications`] gives. What it does shows at once, and is undone where the server refuses.
#[derive(Clone, Copy)]
pub struct UseNotifications {
    /// The notifications and the count of unread ones.
    pub inbox: ReadSignal<Inbox>,
    /// What of the list did not come the last time; it is held as it was.
    pub error: ReadSignal<Option<PageError>>,
    /// Whether older ones are on their way.
    pub loading_older: ReadSignal<bool>,
    tidings: super::Tidings,
}

/// The user's notifications.
#[must_use]
pub fn use_notifications() -> UseNotifications {
    let tidings = use_tidings();
    let hub = tidings.hub();
    UseNotifications {
        inbox: hub.inbox.read_only().into(),
        error: hub.inbox_error.read_only().into(),
        loading_older: hub.inbox_busy.read_only().into(),
        tidings,
    }
}

impl UseNotifications {
    /// Asks again for what did not come.
    pub fn load_again(&self) {
        self.tidings.hub().load_inbox_again();
    }

    /// Reads the next older ones.
    pub fn load_more(&self) {
        self.tidings.hub().load_more_inbox();
    }

    /// Marks one as read.
    pub fn mark_read(&self, id: &str) {
        let id = id.to_owned();
        let shown = id.clone();
        self.optimistic(
            move |inbox| inbox.mark_read(&shown),
            move |client| async move { client.mark_read(&id).await },
        );
    }

    /// Marks all as read.
    pub fn mark_all_read(&self) {
        let change = |inbox: &mut Inbox| {
            inbox.mark_all_read();
            true
        };
        self.optimistic(change, |client| async move { client.mark_all_read().await });
    }

    /// Deletes one.
    pub fn delete(&self, id: &str) {
        let id = id.to_owned();
        let shown = id.clone();
        let change = move |inbox: &mut Inbox| {
            inbox.remove(&shown);
            true
        };
        self.optimistic(change, move |client| async move { client.delete(&id).await });
    }

    /// Deletes all.
    pub fn clear(&self) {
        let change = |inbox: &mut Inbox| {
            inbox.clear();
            true
        };
        self.optimistic(change, |client| async move { client.clear().await });
    }

    fn optimistic<F>(
        &self,
        change: impl FnOnce(&mut Inbox) -> bool,
        ask: impl FnOnce(NotificationClient) -> F + 'static,
    ) where
        F: Future<Output = Result<(), HttpError>> + 'static,
    {
        let hub: Rc<Hub> = self.tidings.hub();
        let before = hub.inbox.get_untracked();
        if !hub.inbox.try_update(change).unwrap_or(false) {
            return;
        }
        spawn_local(async move {
            if let Err(error) = ask(hub.notifications.clone()).await {
                hub.inbox.update(|inbox| inbox.undo(before));
                hub.tell(Notice::Error(error.to_string()));
                // What another device did meanwhile is not in what was put back.
                hub.load_inbox();
            }
        });
    }
}
