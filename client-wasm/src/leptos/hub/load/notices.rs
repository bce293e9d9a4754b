//! The list of notifications.

use std::rc::Rc;

use ::leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::super::Hub;
use crate::http::HttpError;
use crate::leptos::paging::{Page, came, failed};

/// Notifications on a page.
const NOTIFICATIONS: u32 = 50;

impl Hub {
    /// Reads the newest notifications.
    pub(in crate::leptos) fn load_inbox(self: &Rc<Self>) {
        let hub = Rc::clone(self);
        spawn_local(async move {
            loop {
                let asked = hub.inbox.write_untracked().ask();
                match hub.notifications.list(false, None, NOTIFICATIONS).await {
                    Ok(page) => {
                        hub.inbox_came(Page::Latest);
                        if !hub.inbox.try_update(|inbox| inbox.load(asked, page)).unwrap_or(false) {
                            return;
                        }
                    }
                    Err(error) => {
                        hub.inbox_failed(Page::Latest, &error);
                        hub.inbox.write_untracked().missed(asked);
                        return;
                    }
                }
            }
        });
    }

    /// Reads the next older notifications.
    pub(in crate::leptos) fn load_more_inbox(self: &Rc<Self>) {
        let Some(before) = self.inbox.with_untracked(|inbox| inbox.oldest().map(str::to_owned)) else {
            return;
        };
        if self.inbox_busy.get_untracked() {
            return;
        }
        self.inbox_busy.set(true);
        let hub = Rc::clone(self);
        spawn_local(async move {
            let asked = hub.inbox.write_untracked().ask();
            match hub.notifications.list(false, Some(&before), NOTIFICATIONS).await {
                Ok(page) => {
                    hub.inbox_came(Page::Older);
                    hub.inbox.update(|inbox| {
                        // The list may have been read anew meanwhile.
                        if inbox.oldest() == Some(&before) {
                            inbox.append(asked, page);
                        } else {
                            inbox.missed(asked);
                        }
                    });
                }
                Err(error) => {
                    hub.inbox_failed(Page::Older, &error);
                    hub.inbox.write_untracked().missed(asked);
                }
            }
            hub.inbox_busy.set(false);
        });
    }

    fn inbox_came(&self, page: Page) {
        self.inbox_retry.came();
        came(&self.inbox_error, page);
    }

    fn inbox_failed(self: &Rc<Self>, page: Page, error: &HttpError) {
        failed(&self.inbox_error, page, error);
        self.ask_later(&self.inbox_retry, error, Box::new(Self::load_inbox_again));
    }

    /// Asks again for the page that did not come.
    pub(in crate::leptos) fn load_inbox_again(self: &Rc<Self>) {
        match self.inbox_error.with_untracked(|error| error.as_ref().map(|error| error.page)) {
            Some(Page::Older) => self.load_more_inbox(),
            Some(Page::Latest | Page::Around(_) | Page::Newer) => self.load_inbox(),
            None => {}
        }
    }
}
