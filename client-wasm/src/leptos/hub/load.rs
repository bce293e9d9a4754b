//! What is read over HTTP: the list of rooms, pages of history, members, the notification list.

use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_protocol::entity::Room;
use tidings_protocol::http::{MemberPage, MessagePage, RoomPage, UserPage};
use tidings_protocol::limits::{MAX_PAGE, MAX_ROOMS_PER_SESSION};
use wasm_bindgen_futures::spawn_local;

use super::{Hub, Refresh, RoomView};
use crate::http::{HttpError, escape};
use crate::leptos::item::ChatItem;
use crate::leptos::meanwhile::Asked;
use crate::leptos::paging::{Page, came, failed, reason};
use crate::leptos::place::Place;

/// Messages on a page.
const PAGE: u32 = 50;
/// Messages that are shown above the first unread one.
const CONTEXT: u64 = 10;
/// Lists of rooms that are passed over for a newer one.
const PASSED_OVER: u32 = 3;
/// Notifications on a page.
const NOTIFICATIONS: u32 = 50;

impl Hub {
    /// Reads the list of rooms anew and enters those that are new. One reading at a time; what is asked for meanwhile is
    /// read once more after it.
    pub(in crate::leptos) fn refresh(self: &Rc<Self>) {
        match self.refreshing.get() {
            Refresh::Idle => {}
            Refresh::Running => return self.refreshing.set(Refresh::Again),
            Refresh::Again | Refresh::Stale => return,
        }
        let hub = Rc::clone(self);
        spawn_local(async move {
            let mut passed_over = 0;
            loop {
                hub.refreshing.set(Refresh::Running);
                let asked = hub.rooms.write_untracked().ask();
                match hub.read_rooms().await {
                    // Where that does not end, an older list is better than none.
                    Ok(_) if hub.refreshing.get() == Refresh::Stale && passed_over < PASSED_OVER => {
                        hub.rooms.write_untracked().missed(asked);
                        passed_over += 1;
                        continue;
                    }
                    Ok(rooms) => {
                        hub.show_rooms(asked, rooms);
                        passed_over = 0;
                        let read = hub.read_people().await;
                        hub.rooms_error.set(read.err().as_ref().map(reason));
                    }
                    Err(error) => {
                        hub.rooms.write_untracked().missed(asked);
                        hub.rooms_error.set(Some(reason(&error)));
                    }
                }
                if hub.refreshing.replace(Refresh::Idle) == Refresh::Running {
                    break;
                }
            }
        });
    }

    /// The rooms that the user is in have changed: a list that is on its way may not show it.
    pub(in crate::leptos) fn rooms_changed(&self) {
        if self.refreshing.get() != Refresh::Idle {
            self.refreshing.set(Refresh::Stale);
        }
    }

    async fn read_rooms(&self) -> Result<Vec<Room>, HttpError> {
        let http = self.client.http();
        let mut rooms = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/api/v1/rooms?scope=mine&limit={MAX_PAGE}{after}");
            let page: RoomPage = http.get_json(&path).await?;
            let last = page.rooms.last().map(|room| escape(room.room_id.as_str()));
            rooms.extend(page.rooms);
            match last {
                Some(last) if page.has_more && rooms.len() < MAX_ROOMS_PER_SESSION * 5 => {
                    after = format!("&after={last}");
                }
                _ => break,
            }
        }
        Ok(rooms)
    }

    async fn read_people(&self) -> Result<(), HttpError> {
        let asked = self.people.write_untracked().ask();
        let path = format!("/api/v1/users?limit={MAX_PAGE}");
        let page: UserPage = self.client.http().get_json(&path).await?;
        self.people.update(|people| page.users.iter().for_each(|person| people.person_since(person, asked)));
        Ok(())
    }

    fn show_rooms(&self, asked: Asked, mut rooms: Vec<Room>) {
        rooms.sort_by_key(|room| std::cmp::Reverse(room.last_message.as_ref().map(|last| last.timestamp)));
        let entered: Vec<_> = rooms
            .iter()
            .filter(|room| room.peer_id.is_none())
            .take(MAX_ROOMS_PER_SESSION)
            .map(|room| (room.room_id.clone(), room.head_seq))
            .collect();
        self.rooms.update(|list| list.load(asked, rooms, |place| self.has_unsent(place)));
        self.count_all_failed();
        for (room, head) in entered {
            self.enter(&room, Some(head));
        }
    }

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
            if wanted == Page::Latest {
                view.busy.update(|busy| busy.again = true);
            }
            return;
        }
        view.busy.update(|busy| busy.window = true);
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            let page = hub.page(&view, PAGE, &query).await;
            match page {
                Ok((asked, page)) => {
                    let (older, newer) = more(&page);
                    came(&view.error, wanted);
                    view.timeline.update(|timeline| timeline.replace(asked, &page, older, newer));
                }
                Err(error) => failed(&view.error, wanted, &error),
            }
            let again = view.busy.try_update(|busy| {
                busy.window = false;
                std::mem::take(&mut busy.again)
            });
            if again.unwrap_or(false) {
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
                    came(&view.error, Page::Older);
                    view.timeline.update(|t| {
                        // The window may have been put elsewhere meanwhile.
                        if t.first_seq() == Some(first) {
                            t.prepend(asked, &page, page.has_more);
                        } else {
                            t.missed(asked);
                        }
                    });
                }
                Err(error) => failed(&view.error, Page::Older, &error),
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
                    came(&view.error, Page::Newer);
                    view.timeline.update(|t| {
                        if t.last_seq() == Some(last) {
                            t.append(asked, &page, page.has_more);
                        } else {
                            t.missed(asked);
                        }
                    });
                }
                Err(error) => failed(&view.error, Page::Newer, &error),
            }
            view.busy.update(|busy| busy.newer = false);
        });
    }

    /// Reads one message of the window anew.
    pub(super) fn read_again(self: &Rc<Self>, view: &Rc<RoomView>, item: &ChatItem) {
        let Some(seq) = item.seq else { return };
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            match hub.page(&view, 1, &format!("&after={}", seq.saturating_sub(1))).await {
                Ok((asked, page)) => view.timeline.update(|t| t.refresh(asked, &page)),
                Err(error) => hub.tell(super::Notice::Error(reason(&error))),
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
    pub(super) fn load_all_again(self: &Rc<Self>) {
        let views: Vec<Rc<RoomView>> = self.views.borrow().clone();
        for view in views {
            let is_loaded = view.timeline.with_untracked(super::Timeline::loaded);
            let is_beside = view.error.with_untracked(|error| {
                error.as_ref().is_some_and(|error| matches!(error.page, Page::Older | Page::Newer))
            });
            if is_beside || !is_loaded {
                self.load_again(&view);
            }
        }
    }

    /// Reads who the members are.
    pub(in crate::leptos) fn load_members(self: &Rc<Self>, view: &Rc<RoomView>) {
        let Place::Room(room) = &view.place else { return };
        let path = format!("/api/v1/rooms/{}/members?limit={MAX_PAGE}", escape(room.as_str()));
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            match hub.client.http().get_json::<MemberPage>(&path).await {
                Ok(page) => {
                    hub.people.update(|people| {
                        page.members.iter().for_each(|member| people.named(&member.user_id, &member.name));
                    });
                    view.crowd.update(|crowd| crowd.members = page.members);
                }
                Err(error) => hub.tell(super::Notice::Error(error.to_string())),
            }
        });
    }

    /// Reads the newest notifications.
    pub(in crate::leptos) fn load_inbox(self: &Rc<Self>) {
        let hub = Rc::clone(self);
        spawn_local(async move {
            loop {
                let asked = hub.inbox.write_untracked().ask();
                match hub.notifications.list(false, None, NOTIFICATIONS).await {
                    Ok(page) => {
                        came(&hub.inbox_error, Page::Latest);
                        if !hub.inbox.try_update(|inbox| inbox.load(asked, page)).unwrap_or(false) {
                            return;
                        }
                    }
                    Err(error) => {
                        failed(&hub.inbox_error, Page::Latest, &error);
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
                    came(&hub.inbox_error, Page::Older);
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
                    failed(&hub.inbox_error, Page::Older, &error);
                    hub.inbox.write_untracked().missed(asked);
                }
            }
            hub.inbox_busy.set(false);
        });
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
