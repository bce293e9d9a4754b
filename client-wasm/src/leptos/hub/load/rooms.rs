//! The list of rooms, and the people.

use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_protocol::entity::Room;
use tidings_protocol::http::{MemberPage, RoomPage, UserPage};
use tidings_protocol::limits::{MAX_PAGE, MAX_ROOMS_PER_SESSION};
use wasm_bindgen_futures::spawn_local;

use super::super::{Hub, Notice, Refresh, RoomView};
use crate::http::{HttpError, escape};
use crate::leptos::meanwhile::Asked;
use crate::leptos::paging::reason;
use crate::leptos::place::Place;

/// Lists of rooms that are passed over for a newer one.
const PASSED_OVER: u32 = 3;

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
                        hub.failures.set(0);
                        hub.rooms_error.set(None);
                        if let Err(error) = hub.read_people().await {
                            hub.ask_later(&error, Self::refresh);
                        }
                    }
                    Err(error) => {
                        hub.rooms.write_untracked().missed(asked);
                        hub.rooms_error.set(Some(reason(&error)));
                        hub.ask_later(&error, |hub| {
                            if hub.rooms_error.with_untracked(Option::is_some) {
                                hub.refresh();
                            }
                        });
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
                Err(error) => hub.tell(Notice::Error(error.to_string())),
            }
        });
    }
}
