//! Pages of a room's history.

use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_protocol::http::MessagePage;
use wasm_bindgen_futures::spawn_local;

use super::super::{Hub, Notice, Retry, RoomView, Timeline};
use crate::http::{HttpError, escape};
use crate::leptos::item::ChatItem;
use crate::leptos::meanwhile::Asked;
use crate::leptos::paging::{Page, came, failed, reason};
use crate::leptos::place::Place;

/// Messages on a page.
const PAGE: u32 = 50;
/// Messages that are shown above the first unread one.
const CONTEXT: u64 = 10;

impl Hub {
    /// Puts the window on the end of the log.
    pub(in crate::leptos) fn load_latest(self: &Rc<Self>, view: &Rc<RoomView>) {
        self.load_window(view, Page::Latest, String::new(), |page| (page.has_more, false));
    }

    /// Puts the window where a position is.
    pub(in crate::leptos) fn load_around(self: &Rc<Self>, view: &Rc<RoomView>, seq: u64) {
        let after = seq.saturating_sub(CONTEXT);
        let query = format!("&after={after}");
        self.load_window(view, Page::Around(seq), query, move |page| (after > 0, page.has_more));
    }

    fn load_window(
        self: &Rc<Self>,
        view: &Rc<RoomView>,
        wanted: Page,
        query: String,
        more: impl Fn(&MessagePage) -> (bool, bool) + 'static,
    ) {
        if view.busy.with_untracked(|busy| busy.window) {
            if view.around.get() && wanted == Page::Latest {
                view.again.set(true);
            }
            return;
        }
        view.around.set(wanted != Page::Latest);
        view.busy.update(|busy| busy.window = true);
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            let page = hub.page(&view, PAGE, &query).await;
            match page {
                Ok((asked, page)) => {
                    let (older, newer) = more(&page);
                    hub.page_came(&view, wanted);
                    view.timeline.update(|timeline| timeline.replace(asked, &page, older, newer));
                }
                Err(error) => hub.page_failed(&view, wanted, &error),
            }
            view.busy.update(|busy| busy.window = false);
            if view.again.take() {
                hub.load_latest(&view);
            }
        });
    }

    /// Adds a page above.
    pub(in crate::leptos) fn load_older(self: &Rc<Self>, view: &Rc<RoomView>) {
        let first = view.timeline.with_untracked(|t| t.first_seq().filter(|_| t.has_older()));
        let Some(first) = first.filter(|_| !view.busy.with_untracked(|busy| busy.older || busy.window))
        else {
            return;
        };
        view.busy.update(|busy| busy.older = true);
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            match hub.page(&view, PAGE, &format!("&before={first}")).await {
                Ok((asked, page)) => {
                    hub.page_came(&view, Page::Older);
                    view.timeline.update(|t| {
                        // The window may have been put elsewhere meanwhile.
                        if t.first_seq() == Some(first) {
                            t.prepend(asked, &page, page.has_more);
                        } else {
                            t.missed(asked);
                        }
                    });
                }
                Err(error) => hub.page_failed(&view, Page::Older, &error),
            }
            view.busy.update(|busy| busy.older = false);
        });
    }

    /// Adds a page below.
    pub(in crate::leptos) fn load_newer(self: &Rc<Self>, view: &Rc<RoomView>) {
        let last = view.timeline.with_untracked(|t| t.last_seq().filter(|_| t.has_newer()));
        let Some(last) = last.filter(|_| !view.busy.with_untracked(|busy| busy.newer || busy.window)) else {
            return;
        };
        view.busy.update(|busy| busy.newer = true);
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            match hub.page(&view, PAGE, &format!("&after={last}")).await {
                Ok((asked, page)) => {
                    hub.page_came(&view, Page::Newer);
                    view.timeline.update(|t| {
                        if t.last_seq() == Some(last) {
                            t.append(asked, &page, page.has_more);
                        } else {
                            t.missed(asked);
                        }
                    });
                }
                Err(error) => hub.page_failed(&view, Page::Newer, &error),
            }
            view.busy.update(|busy| busy.newer = false);
        });
    }

    /// A conversation's messages come by the inbox, which is followed from the first connection on. What was read of it
    /// before that may end earlier.
    pub(in crate::leptos) fn join_inbox(self: &Rc<Self>) {
        let views: Vec<Rc<RoomView>> = self.views.borrow().clone();
        for view in views.iter().filter(|view| matches!(view.place, Place::Direct(_))) {
            if view.busy.with_untracked(|busy| busy.window) {
                view.again.set(true);
            } else if let Some(last) = view.timeline.with_untracked(Timeline::last_seq) {
                self.read_on(view, last);
            } else if view.timeline.with_untracked(Timeline::loaded) {
                self.load_latest(view);
            }
        }
    }

    /// Reads what follows a position, whatever comes live meanwhile.
    fn read_on(self: &Rc<Self>, view: &Rc<RoomView>, mut last: u64) {
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            loop {
                let (asked, page) = match hub.page(&view, PAGE, &format!("&after={last}")).await {
                    Ok(page) => page,
                    // The newest page does as well.
                    Err(error) => return hub.page_failed(&view, Page::Latest, &error),
                };
                view.timeline.update(|t| t.fill(asked, &page, last));
                match page.messages.last() {
                    Some(message) if page.has_more => last = message.seq,
                    Some(_) | None => return,
                }
            }
        });
    }

    /// Reads one message of the window anew, and again until it is there.
    pub(in crate::leptos) fn read_again(self: &Rc<Self>, view: &Rc<RoomView>, item: &ChatItem) {
        if let Some(seq) = item.seq {
            self.read_at(view, seq, Rc::default());
        }
    }

    fn read_at(self: &Rc<Self>, view: &Rc<RoomView>, seq: u64, retry: Rc<Retry>) {
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            match hub.page(&view, 1, &format!("&after={}", seq.saturating_sub(1))).await {
                Ok((asked, page)) => view.timeline.update(|t| t.refresh(asked, page)),
                Err(error) => {
                    let again = Rc::clone(&retry);
                    if !hub.ask_later(&retry, &error, Box::new(move |hub| hub.read_at(&view, seq, again))) {
                        hub.tell(Notice::Error(reason(&error)));
                    }
                }
            }
        });
    }

    /// Asks again for the page that did not come.
    pub(in crate::leptos) fn load_again(self: &Rc<Self>, view: &Rc<RoomView>) {
        match view.error.with_untracked(|error| error.as_ref().map(|error| error.page)) {
            Some(Page::Latest) => self.load_latest(view),
            Some(Page::Around(seq)) => self.load_around(view, seq),
            Some(Page::Older) => self.load_older(view),
            Some(Page::Newer) => self.load_newer(view),
            None => {}
        }
    }

    /// Asks again for what did not come while there was no connection, where its coming moves no reader.
    pub(in crate::leptos) fn load_all_again(self: &Rc<Self>) {
        let views: Vec<Rc<RoomView>> = self.views.borrow().clone();
        for view in views {
            let is_loaded = view.timeline.with_untracked(Timeline::loaded);
            let is_beside = view.error.with_untracked(|error| {
                error.as_ref().is_some_and(|error| matches!(error.page, Page::Older | Page::Newer))
            });
            if is_beside || !is_loaded {
                self.load_again(&view);
            }
        }
    }

    fn page_came(&self, view: &RoomView, page: Page) {
        view.retry.came();
        came(&view.error, page);
    }

    fn page_failed(self: &Rc<Self>, view: &Rc<RoomView>, page: Page, error: &HttpError) {
        failed(&view.error, page, error);
        let again = Rc::clone(view);
        self.ask_later(&view.retry, error, Box::new(move |hub| hub.load_again(&again)));
    }

    /// A page of a room's messages; what comes until it is there is noted.
    async fn page(
        &self,
        view: &RoomView,
        limit: u32,
        query: &str,
    ) -> Result<(Asked, MessagePage), HttpError> {
        let of = match &view.place {
            Place::Room(room) => format!("rooms/{}", escape(room.as_str())),
            Place::Direct(user) => format!("direct/{}", escape(user.as_str())),
        };
        let mut timeline = view.timeline.write_untracked();
        let asked = timeline.ask();
        drop(timeline);
        let page = self.client.http().get_json(&format!("/api/v1/{of}/messages?limit={limit}{query}")).await;
        match (&view.place, page) {
            (_, Ok(page)) => Ok((asked, page)),
            // Nothing was said in this conversation yet.
            (Place::Direct(_), Err(HttpError::Problem(problem))) if problem.status == 404 => {
                Ok((asked, MessagePage { messages: Vec::new(), has_more: false, head_seq: None }))
            }
            (_, Err(error)) => {
                view.timeline.write_untracked().missed(asked);
                Err(error)
            }
        }
    }
}
