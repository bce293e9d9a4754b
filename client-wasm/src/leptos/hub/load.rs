//! What is read over HTTP: the list of rooms, pages of history, members, the notification list.

mod messages;
mod notices;
mod rooms;

use std::rc::Rc;

use ::leptos::prelude::*;

use super::Hub;
use crate::http::HttpError;
use crate::leptos::paging::{Page, PageError, came, retry_in};

impl Hub {
    fn came(&self, error: &ArcRwSignal<Option<PageError>>, page: Page) {
        self.failures.set(0);
        came(error, page);
    }

    /// Asks again by itself, where that may help.
    fn ask_later(self: &Rc<Self>, error: &HttpError, ask: impl FnOnce(&Rc<Self>) + 'static) {
        let tries = self.failures.get();
        let Some(wait) = retry_in(error, tries) else { return };
        self.failures.set(tries + 1);
        let hub = Rc::downgrade(self);
        set_timeout(
            move || {
                if let Some(hub) = hub.upgrade() {
                    ask(&hub);
                }
            },
            wait,
        );
    }
}
