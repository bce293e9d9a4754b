//! The list of rooms, and the people.

use std::rc::Rc;
use std::time::Duration;

use ::leptos::prelude::*;
use tidings_protocol::data::UserInRoom;
use tidings_protocol::entity::{Room, RoomKind};
use tidings_protocol::http::{MemberPage, RoomPage, UserPage};
use tidings_protocol::limits::{MAX_PAGE, MAX_ROOMS_PER_SESSION};
use wasm_bindgen_futures::spawn_local;

use super::super::{Crowd, Hub, Notice, Refresh, RoomView, Rooms};
use crate::http::{HttpError, escape};
use crate::leptos::meanwhile::Asked;
use crate::leptos::paging::reason;
use crate::leptos::people::People;
use crate::leptos::place::Place;

/// Lists of rooms that are passed over for a newer one.
const PASSED_OVER: u32 = 3;
/// Then the list is read again after this time.
const PAUSE: Duration = Duration::from_secs(2);

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
            for round in 1.. {
                hub.refreshing.set(Refresh::Running);
                let asked = hub.rooms.write_untracked().ask();
                match hub.read_rooms().await {
                    // Where that does not end, an older list is better than none.
                    Ok(_) if hub.refreshing.get() == Refresh::Stale && round <= PASSED_OVER => {
                        hub.rooms.write_untracked().missed(asked);
                        continue;
                    }
                    Ok(rooms) => {
                        hub.rooms_retry.came();
                        hub.rooms_error.set(None);
                        hub.show_rooms(asked, rooms);
                        hub.load_people();
                    }
                    Err(error) => {
                        hub.rooms.write_untracked().missed(asked);
                        hub.rooms_error.set(Some(reason(&error)));
                        hub.ask_later(&hub.rooms_retry, &error, Box::new(Self::refresh));
                    }
                }
                if hub.refreshing.replace(Refresh::Idle) == Refresh::Running {
                    return;
                }
                if round > PASSED_OVER {
                    // Whatever goes on changing is read now and then.
                    let hub = Rc::clone(&hub);
                    return set_timeout(move || hub.refresh(), PAUSE);
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

    fn load_people(self: &Rc<Self>) {
        let hub = Rc::clone(self);
        spawn_local(async move {
            let asked = hub.people.write_untracked().ask();
            let path = format!("/api/v1/users?limit={MAX_PAGE}");
            match hub.client.http().get_json::<UserPage>(&path).await {
                Ok(page) => {
                    hub.people_retry.came();
                    let told = |people: &mut People| {
                        page.users.iter().for_each(|person| people.person_since(person, asked));
                    };
                    hub.people.update(told);
                }
                // Names come with messages too: that they are not here yet is nothing to trouble the reader with.
                Err(error) => _ = hub.ask_later(&hub.people_retry, &error, Box::new(Self::load_people)),
            }
        });
    }

    fn show_rooms(&self, asked: Asked, mut rooms: Vec<Room>) {
        rooms.sort_by_key(|room| std::cmp::Reverse(room.last_message.as_ref().map(|last| last.timestamp)));
        let entered: Vec<_> = rooms
            .iter()
            .filter(|room| room.peer_id.is_none())
            .take(MAX_ROOMS_PER_SESSION)
            .map(|room| (room.room_id.clone(), room.head_seq))
            .collect();
        let load = |list: &mut Rooms| list.load(asked, rooms, |place| self.has_unsent(place));
        if !self.rooms.try_update(load).unwrap_or(true) {
            self.rooms_changed();
        }
        self.count_all_failed();
        for (room, head) in entered {
            self.enter(&room, Some(head));
        }
    }

    /// Whoever comes is a member, and may not have been one before.
    pub(in super::super) fn user_joined(self: &Rc<Self>, user: &UserInRoom) {
        let place = self.place_in(&user.room_id);
        let is_new = |crowd: &Crowd| crowd.is_followed() && !crowd.is_member(&user.user_id);
        if self.crowd(&place).with_untracked(is_new) {
            self.members_changed(&place);
        }
    }

    /// A membership of a public room ends with its user's last session there; one of a private room may go on.
    pub(in super::super) fn user_left(self: &Rc<Self>, user: &UserInRoom) {
        let place = self.place_in(&user.room_id);
        let row = self.rooms.with_untracked(|rooms| rooms.get(&place));
        let is_over = row.is_some_and(|row| row.kind == RoomKind::Public);
        let known = |crowd: &mut Crowd| is_over && crowd.ended(&user.user_id);
        if !self.crowd(&place).try_update(known).unwrap_or(false) {
            self.members_changed(&place);
        }
    }

    /// Reads the members of a room anew, where it is kept.
    pub(in crate::leptos) fn members_changed(self: &Rc<Self>, place: &Place) {
        if let Some(view) = self.kept(place) {
            self.load_members(&view);
        }
    }

    /// Reads who the members are; one reading at a time.
    pub(in crate::leptos) fn load_members(self: &Rc<Self>, view: &Rc<RoomView>) {
        let Place::Room(room) = &view.place else { return };
        if !view.crowd.write_untracked().ask() {
            return;
        }
        let path = format!("/api/v1/rooms/{}/members?limit={MAX_PAGE}", escape(room.as_str()));
        let (hub, view) = (Rc::clone(self), Rc::clone(view));
        spawn_local(async move {
            let members = match hub.client.http().get_json::<MemberPage>(&path).await {
                Ok(page) => {
                    view.members_retry.came();
                    Some(page.members)
                }
                Err(error) => {
                    let again = Rc::clone(&view);
                    if !hub.ask_later(
                        &view.members_retry,
                        &error,
                        Box::new(move |hub| hub.load_members(&again)),
                    ) {
                        hub.tell(Notice::Error(reason(&error)));
                    }
                    None
                }
            };
            hub.people.update(|people| {
                members.iter().flatten().for_each(|member| people.named(&member.user_id, &member.name));
            });
            if view.crowd.try_update(|crowd| crowd.read(members)).unwrap_or(false) {
                hub.load_members(&view);
            }
        });
    }
}
